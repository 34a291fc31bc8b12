/// The catalogue of MariaDB and MySQL: `information_schema`, a statement for each of its tables and for all relations together.
///
/// The server itself shows only what its user may see. The rows of one index or foreign key follow each other.
enum MariaDBCatalogue {
    static func steps(_ request: CatalogueRequest) -> [CatalogueStep] {
        var steps = [
            CatalogueStep(sql: "SELECT VERSION(), DATABASE()", take: takeServer),
            CatalogueStep(
                sql: "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA\(filter("SCHEMA_NAME", request))", take: takeSchema),
            CatalogueStep(sql: relations(request), take: takeRelation),
        ]
        guard request.isDetailed else { return steps }
        steps += [
            CatalogueStep(sql: columns(request), take: takeColumn),
            CatalogueStep(sql: indexes(request), take: takeIndex, end: endIndex),
            CatalogueStep(sql: rules(request), take: takeRule),
            CatalogueStep(sql: foreignKeys(request), take: takeForeignKey, end: endForeignKey),
            CatalogueStep(
                sql:
                    "SELECT TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS\(filter("TABLE_SCHEMA", request))",
                mayFail: true, take: takeView),
            CatalogueStep(sql: triggers(request), take: takeTrigger),
            // MariaDB names the table, MySQL has it elsewhere; servers before these had no checks.
            CatalogueStep(
                sql:
                    "SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS"
                    + filter("CONSTRAINT_SCHEMA", request), mayFail: true, isWanted: { $0.notes.isMariaDB }, take: takeCheck),
            CatalogueStep(
                sql: """
                    SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.CONSTRAINT_NAME, c.CHECK_CLAUSE \
                    FROM information_schema.TABLE_CONSTRAINTS t JOIN information_schema.CHECK_CONSTRAINTS c \
                    ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME \
                    \(filter("t.CONSTRAINT_TYPE = 'CHECK' AND t.TABLE_SCHEMA", request))
                    """, mayFail: true, isWanted: { !$0.notes.isMariaDB }, take: takeCheck),
        ]
        return steps
    }

    // MARK: Statements

    private static let systemSchemas = ["information_schema", "mysql", "performance_schema", "sys"]

    /// Leaves the server's own databases out, unless they are wanted. The condition may come behind others.
    private static func filter(_ column: String, _ request: CatalogueRequest) -> String {
        let names = request.includesSystem ? "''" : systemSchemas.map { "'\($0)'" }.joined(separator: ", ")
        return " WHERE \(column) NOT IN (\(names))"
    }

    private static func relations(_ request: CatalogueRequest) -> String {
        """
        SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH, TABLE_COMMENT \
        FROM information_schema.TABLES\(filter("TABLE_TYPE <> 'SEQUENCE' AND TABLE_SCHEMA", request))
        """
    }

    private static func columns(_ request: CatalogueRequest) -> String {
        """
        SELECT TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLUMN_COMMENT, \
        EXTRA, GENERATION_EXPRESSION FROM information_schema.COLUMNS\(filter("TABLE_SCHEMA", request))
        """
    }

    private static func indexes(_ request: CatalogueRequest) -> String {
        """
        SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME, INDEX_TYPE, SUB_PART \
        FROM information_schema.STATISTICS\(filter("TABLE_SCHEMA", request))
        """
    }

    private static func rules(_ request: CatalogueRequest) -> String {
        """
        SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE \
        FROM information_schema.REFERENTIAL_CONSTRAINTS\(filter("CONSTRAINT_SCHEMA", request))
        """
    }

    private static func foreignKeys(_ request: CatalogueRequest) -> String {
        """
        SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, \
        REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME \
        FROM information_schema.KEY_COLUMN_USAGE\(filter("REFERENCED_TABLE_NAME IS NOT NULL AND TABLE_SCHEMA", request))
        """
    }

    private static func triggers(_ request: CatalogueRequest) -> String {
        """
        SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT \
        FROM information_schema.TRIGGERS\(filter("EVENT_OBJECT_SCHEMA", request)) ORDER BY ACTION_ORDER
        """
    }

    // MARK: Rows

    private static func key(_ cells: [CatalogueCell]) -> CatalogueName {
        CatalogueName(cells[0].text ?? "", cells[1].text ?? "")
    }

    @Sendable private static func takeServer(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        builder.notes.isMariaDB = (cells[0].text ?? "").contains("MariaDB")
        builder.notes.database = cells[1].text
    }

    private static func isDatabase(_ name: String, _ builder: CatalogueBuilder) -> Bool {
        builder.notes.database?.hasSameBytes(as: name) ?? false
    }

    @Sendable private static func takeSchema(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        let name = cells[0].text ?? ""
        builder.add(CatalogueSchema(name: name, comment: nil, pathPosition: isDatabase(name, builder) ? 0 : nil))
    }

    @Sendable private static func takeRelation(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        let isView = (cells[2].text ?? "").hasSuffix("VIEW")
        var relation = CatalogueRelation(
            schema: cells[0].text ?? "", name: cells[1].text ?? "", kind: isView ? .view : .table)
        relation.isSystem = systemSchemas.contains(relation.schema.lowercased())
        relation.isOnPath = isDatabase(relation.schema, builder)
        if !isView {
            relation.storage = cells[3].text
            relation.rowEstimate = cells[4].integer
            relation.sizeBytes = cells[5].integer
            // A view's is its kind, or what is wrong with it.
            relation.comment = cells[6].comment
        }
        builder.add(relation, key(cells))
    }

    @Sendable private static func takeColumn(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        let type = cells[4].text ?? ""
        var column = CatalogueColumn(
            name: cells[3].text ?? "", type: type, isNullable: cells[5].text == "YES", number: cells[2].integer ?? 0)
        // MariaDB writes no default as NULL where null is allowed.
        column.defaultExpression = cells[6].text.flatMap { builder.notes.isMariaDB && $0 == "NULL" ? nil : $0 }
        column.comment = cells[7].comment
        let extra = (cells[8].text ?? "").uppercased()
        if extra.contains("AUTO_INCREMENT") {
            column.generation = .autoIncrement
        } else if extra.contains("VIRTUAL") {
            column.generation = .virtual
        } else if extra.contains("STORED GENERATED") || extra.contains("PERSISTENT") {
            column.generation = .stored
        }
        column.isHidden = extra.contains("INVISIBLE")
        if let expression = cells[9].comment { column.defaultExpression = expression }
        if type.hasPrefix("enum(") || type.hasPrefix("set(") { column.labels = labels(type) }
        builder.add(column, to: key(cells))
    }

    /// The labels of `enum('a','it''s')`.
    static func labels(_ type: String) -> [String] {
        var labels: [String] = []
        var label: String.UnicodeScalarView?
        var isQuote = false
        for scalar in type.unicodeScalars {
            if scalar == "'" {
                if label == nil {
                    label = .init()
                } else if isQuote {
                    label?.append(scalar)
                    isQuote = false
                } else {
                    isQuote = true
                }
            } else if isQuote {
                if let label { labels.append(String(label)) }
                label = nil
                isQuote = false
            } else {
                label?.append(scalar)
            }
        }
        return labels
    }

    @Sendable private static func takeIndex(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        let (relation, name) = (key(cells), cells[2].text ?? "")
        if builder.notes.index?.key != relation || builder.notes.index?.index.name.hasSameBytes(as: name) != true {
            endIndex(&builder)
            let isPrimary = name == "PRIMARY"
            let index = CatalogueIndex(
                name: name, columns: [], isUnique: !cells[3].bool, isPrimary: isPrimary, method: cells[6].text)
            builder.notes.index = (relation, [], index)
        }
        // A column that is missing is an expression, which only some servers tell.
        let column = cells[5].text ?? "(expression)"
        let part = cells[7].integer.map { "\(column)(\($0))" } ?? column
        builder.notes.index?.columns.append((cells[4].integer ?? 0, part))
    }

    @Sendable private static func endIndex(_ builder: inout CatalogueBuilder) {
        guard let (key, columns, pending) = builder.notes.index else { return }
        builder.notes.index = nil
        var index = pending
        index.columns = columns.sorted { $0.number < $1.number }.map(\.name)
        let unique = CatalogueKey(name: index.isPrimary ? nil : index.name, columns: index.columns)
        builder.change(key) { relation in
            if index.isPrimary {
                relation.primaryKey = unique
            } else if index.isUnique {
                relation.uniqueKeys.append(unique)
            }
        }
        builder.add(index, to: key)
    }

    /// Of a constraint: names are unique in a table only.
    private static func constraint(_ cells: [CatalogueCell]) -> CatalogueName {
        CatalogueName(key(cells).text, cells[2].text ?? "")
    }

    @Sendable private static func takeRule(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        builder.notes.rules[constraint(cells)] = (cells[3].text, cells[4].text)
    }

    @Sendable private static func takeForeignKey(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        let (relation, name) = (key(cells), cells[2].text ?? "")
        if builder.notes.link?.from != relation || builder.notes.link?.name?.hasSameBytes(as: name) != true {
            endForeignKey(&builder)
            let rule = builder.notes.rules[constraint(cells)]
            builder.notes.link = CatalogueBuilder.Link(
                name: name, from: relation, columns: [], to: CatalogueName(cells[5].text ?? "", cells[6].text ?? ""),
                toColumns: [], onUpdate: .init(sql: rule?.onUpdate), onDelete: .init(sql: rule?.onDelete))
        }
        builder.notes.link?.columns.append(cells[4].text ?? "")
        builder.notes.link?.toColumns.append(cells[7].text ?? "")
    }

    @Sendable private static func endForeignKey(_ builder: inout CatalogueBuilder) {
        guard let link = builder.notes.link else { return }
        builder.notes.link = nil
        builder.add(link)
    }

    @Sendable private static func takeView(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        // Empty for whoever lacks the privilege SHOW VIEW.
        guard let definition = cells[2].comment else { return }
        builder.define(key(cells), definition)
    }

    @Sendable private static func takeTrigger(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        let events = (cells[4].text ?? "").split(separator: ",").compactMap { CatalogueTrigger.Event(rawValue: $0.lowercased()) }
        builder.add(
            CatalogueTrigger(
                name: cells[2].text ?? "", timing: cells[3].text == "BEFORE" ? .before : .after, events: events, isPerRow: true,
                definition: cells[5].text ?? ""), to: key(cells))
    }

    @Sendable private static func takeCheck(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        builder.add(CatalogueCheck(name: cells[2].text, expression: cells[3].text ?? ""), to: key(cells))
    }
}
