/// PostgreSQL's catalogue: a handful of statements, whatever the number of relations.
///
/// Nothing here opens a relation: a table that somebody has locked keeps nobody waiting. So sizes are the pages that VACUUM and
/// ANALYZE last counted, and not `pg_total_relation_size`. Privileges are asked for as `information_schema` does, which itself is
/// slow and knows neither comments nor materialized views.
enum PostgreSQLCatalogue {
    static func steps(_ request: CatalogueRequest) -> [CatalogueStep] {
        let parameters: [Parameter] = [.integer(Int64(request.relationsMax) + 1), .bool(request.includesSystem)]
        var steps = [
            CatalogueStep(sql: schemas, parameters: parameters, take: takeSchema),
            CatalogueStep(sql: relations, parameters: parameters, take: takeRelation),
        ]
        guard request.isDetailed else { return steps }
        steps += [
            CatalogueStep(sql: labels, take: takeLabels),
            CatalogueStep(sql: columns, parameters: parameters, take: takeColumn),
            CatalogueStep(sql: constraints, parameters: parameters, take: takeConstraint),
            CatalogueStep(sql: indexes, parameters: parameters, take: takeIndex),
            CatalogueStep(sql: triggers, parameters: parameters, take: takeTrigger),
        ]
        return steps
    }

    // MARK: Statements

    /// Names that begin with `pg_` are the system's.
    private static let schemaFilter = """
        ($2 OR NOT (pg_catalog.starts_with(n.nspname::text, 'pg_') OR n.nspname = 'information_schema')) \
        AND n.nspname NOT LIKE 'pg\\_toast%' AND NOT pg_catalog.pg_is_other_temp_schema(n.oid) \
        AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        """

    private static let schemas = """
        SELECT n.nspname, pg_catalog.obj_description(n.oid, 'pg_namespace'), \
        pg_catalog.array_position(pg_catalog.current_schemas(false), n.nspname)::int8 \
        FROM pg_catalog.pg_namespace n WHERE \(schemaFilter) ORDER BY n.nspname LIMIT $1
        """

    /// What the role may see; `whole` where that is every column.
    private static let visible = """
        WITH r AS (SELECT * FROM (SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples, c.relpages, c.reltoastrelid, \
        c.relispartition, pg_catalog.has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') \
        OR pg_catalog.pg_has_role(c.relowner, 'USAGE') AS whole \
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND \(schemaFilter)) a \
        WHERE a.whole OR pg_catalog.has_any_column_privilege(a.oid, 'SELECT, INSERT, UPDATE, REFERENCES') \
        ORDER BY a.nspname, a.relname LIMIT $1)
        """

    private static let relations = """
        \(visible) SELECT r.oid::int8, r.nspname, r.relname, r.relkind::text, pg_catalog.pg_table_is_visible(r.oid), \
        d.description, e.rows, CASE WHEN e.rows IS NOT NULL AND r.relkind IN ('r', 'm') THEN \
        (r.relpages + COALESCE(x.pages, 0) + COALESCE(t.relpages, 0)) * pg_catalog.current_setting('block_size')::int8 END, \
        pn.nspname || '.' || p.relname, CASE WHEN r.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) END \
        FROM r \
        LEFT JOIN pg_catalog.pg_description d \
        ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = r.oid AND d.objsubid = 0 \
        LEFT JOIN (SELECT i.indrelid, pg_catalog.sum(c.relpages)::int8 AS pages FROM pg_catalog.pg_index i \
        JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid GROUP BY i.indrelid) x ON x.indrelid = r.oid \
        LEFT JOIN pg_catalog.pg_class t ON t.oid = r.reltoastrelid \
        LEFT JOIN pg_catalog.pg_inherits h ON r.relispartition AND h.inhrelid = r.oid \
        LEFT JOIN pg_catalog.pg_class p ON p.oid = h.inhparent \
        LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace \
        CROSS JOIN LATERAL (SELECT CASE WHEN r.relkind <> 'v' AND r.reltuples >= 0 AND (r.reltuples > 0 OR r.relpages > 0 \
        OR pg_catalog.current_setting('server_version_num')::int4 >= 140000) THEN r.reltuples::int8 END AS rows) e \
        ORDER BY r.nspname, r.relname
        """

    private static let labels = """
        SELECT e.enumtypid::int8, pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e \
        GROUP BY e.enumtypid
        """

    private static let columns = """
        \(visible) SELECT r.oid::int8, a.attnum::int8, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
        a.attnotnull OR (t.typtype = 'd' AND t.typnotnull), pg_catalog.pg_get_expr(ad.adbin, ad.adrelid), d.description, \
        a.attidentity::text, a.attgenerated::text, COALESCE(CASE WHEN t.typtype = 'e' THEN t.oid END, e.oid)::int8 \
        FROM r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped \
        LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
        LEFT JOIN pg_catalog.pg_type e \
        ON e.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END AND e.typtype = 'e' \
        LEFT JOIN pg_catalog.pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum \
        LEFT JOIN pg_catalog.pg_description d \
        ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = a.attrelid AND d.objsubid = a.attnum \
        WHERE r.whole OR pg_catalog.has_column_privilege(r.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES') \
        ORDER BY r.oid, a.attnum
        """

    /// Foreign keys that partitions have from their table are left out.
    private static let constraints = """
        \(visible) SELECT r.oid::int8, k.conname, k.contype::text, pg_catalog.array_to_string(k.conkey, ' '), \
        k.confrelid::int8, pg_catalog.array_to_string(k.confkey, ' '), k.confupdtype::text, k.confdeltype::text, \
        CASE WHEN k.contype IN ('c', 'x') THEN pg_catalog.pg_get_constraintdef(k.oid, true) END \
        FROM r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid \
        WHERE k.contype IN ('p', 'u', 'c', 'x') OR (k.contype = 'f' AND k.conparentid = 0) ORDER BY r.oid, k.conname
        """

    private static let indexes = """
        \(visible) SELECT r.oid::int8, c.relname, i.indisunique, i.indisprimary, i.indisvalid, m.amname, i.indkey::text, \
        i.indnkeyatts::int8, pg_catalog.pg_get_expr(i.indpred, i.indrelid, true), CASE WHEN i.indexprs IS NOT NULL THEN \
        (SELECT pg_catalog.json_agg(pg_catalog.pg_get_indexdef(i.indexrelid, k, true) ORDER BY k) \
        FROM pg_catalog.generate_series(1, i.indnkeyatts::int4) k) END \
        FROM r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
        JOIN pg_catalog.pg_am m ON m.oid = c.relam ORDER BY r.oid
        """

    /// Those that constraints are made of are left out. The text of one with a condition is not made here: for that the server
    /// opens the table.
    private static let triggers = """
        \(visible) SELECT r.oid::int8, t.tgname, t.tgtype::int8, t.tgenabled::text, \
        CASE WHEN t.tgqual IS NULL THEN pg_catalog.pg_get_triggerdef(t.oid, true) END \
        FROM r JOIN pg_catalog.pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal WHERE r.whole ORDER BY r.oid, t.tgname
        """

    /// A view's query, by schema and name. The server locks what the view reads for it, as `SELECT` would.
    static let viewDefinition = """
        SELECT pg_catalog.pg_get_viewdef(c.oid, true) FROM pg_catalog.pg_class c \
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('v', 'm')
        """

    /// A trigger's text, by schema, relation and name; the server locks the relation.
    static let triggerDefinition = """
        SELECT pg_catalog.pg_get_triggerdef(t.oid, true) FROM pg_catalog.pg_trigger t \
        JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relname = $2 AND t.tgname = $3 AND NOT t.tgisinternal
        """

    // MARK: Rows

    private static func key(_ cell: CatalogueCell) -> CatalogueName { CatalogueName(cell.text ?? "") }

    @Sendable private static func takeSchema(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        builder.add(
            CatalogueSchema(
                name: cells[0].text ?? "", comment: cells[1].comment, pathPosition: cells[2].integer.map { $0 - 1 }))
    }

    @Sendable private static func takeRelation(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        let kind: CatalogueRelation.Kind =
            switch cells[3].text {
            case "p": .partitionedTable
            case "v": .view
            case "m": .materializedView
            case "f": .foreignTable
            default: .table
            }
        var relation = CatalogueRelation(schema: cells[1].text ?? "", name: cells[2].text ?? "", kind: kind)
        relation.isSystem = relation.schema.hasPrefix("pg_") || relation.schema == "information_schema"
        relation.isOnPath = cells[4].bool
        relation.comment = cells[5].comment
        relation.rowEstimate = cells[6].integer
        relation.sizeBytes = cells[7].integer.map { max($0, 0) }
        relation.partitionOf = cells[8].text
        relation.partitionBy = cells[9].text
        builder.add(relation, key(cells[0]))
    }

    @Sendable private static func takeLabels(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        guard let type = cells[0].integer, let labels = cells[1].list else { return }
        builder.notes.labels[type] = labels
    }

    @Sendable private static func takeColumn(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        var column = CatalogueColumn(
            name: cells[2].text ?? "", type: cells[3].text ?? "", isNullable: !cells[4].bool, number: cells[1].integer ?? 0)
        column.defaultExpression = cells[5].text
        column.comment = cells[6].comment
        switch (cells[7].text, cells[8].text) {
        case ("a", _): column.generation = .identityAlways
        case ("d", _): column.generation = .identity
        case (_, "s"): column.generation = .stored
        case (_, "v"): column.generation = .virtual
        default: break
        }
        column.labels = cells[9].integer.flatMap { builder.notes.labels[$0] }
        builder.add(column, to: key(cells[0]))
    }

    @Sendable private static func takeConstraint(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        let (relation, name) = (key(cells[0]), cells[1].text)
        guard let kind = cells[2].text else { return }
        if kind == "c" || kind == "x" {
            builder.add(CatalogueCheck(name: name, expression: condition(cells[8].text ?? "")), to: relation)
            return
        }
        // A key of columns that the role may not see is not shown.
        guard let columns = builder.columns(of: relation, numbered: cells[3].numbers) else { return }
        switch kind {
        case "p": builder.change(relation) { $0.primaryKey = CatalogueKey(name: name, columns: columns) }
        case "u": builder.change(relation) { $0.uniqueKeys.append(CatalogueKey(name: name, columns: columns)) }
        default:
            let target = key(cells[4])
            guard let toColumns = builder.columns(of: target, numbered: cells[5].numbers) else { return }
            builder.add(
                CatalogueBuilder.Link(
                    name: name, from: relation, columns: columns, to: target, toColumns: toColumns,
                    onUpdate: action(cells[6].text), onDelete: action(cells[7].text)))
        }
    }

    @Sendable private static func takeIndex(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        let relation = key(cells[0])
        let (numbers, keyCount) = (cells[6].numbers, cells[7].integer ?? 0)
        let keys: [String]
        if let expressions = cells[9].list {
            keys = expressions
        } else {
            guard let columns = builder.columns(of: relation, numbered: Array(numbers.prefix(keyCount))) else { return }
            keys = columns
        }
        var index = CatalogueIndex(
            name: cells[1].text ?? "", columns: keys, isUnique: cells[2].bool, isPrimary: cells[3].bool, method: cells[5].text)
        index.isValid = cells[4].bool
        index.includes = builder.columns(of: relation, numbered: Array(numbers.dropFirst(keyCount))) ?? []
        index.predicate = cells[8].text
        builder.add(index, to: relation)
    }

    @Sendable private static func takeTrigger(_ builder: inout CatalogueBuilder, _ cells: [CatalogueCell]) {
        // The bits of pg_trigger.h.
        let type = cells[2].integer ?? 0
        let events = [(4, CatalogueTrigger.Event.insert), (16, .update), (8, .delete), (32, .truncate)]
        var trigger = CatalogueTrigger(
            name: cells[1].text ?? "", timing: type & 64 != 0 ? .insteadOf : type & 2 != 0 ? .before : .after,
            events: events.filter { type & $0.0 != 0 }.map(\.1), isPerRow: type & 1 != 0, definition: cells[4].text)
        trigger.isEnabled = cells[3].text != "D"
        builder.add(trigger, to: key(cells[0]))
    }

    /// `CHECK ((price > 0))` as `price > 0`; what has more to say stays as it is.
    private static func condition(_ definition: String) -> String {
        guard definition.hasPrefix("CHECK ("), definition.hasSuffix(")") else { return definition }
        return String(definition.dropFirst(7).dropLast())
    }

    private static func action(_ letter: String?) -> CatalogueForeignKey.Action {
        switch letter {
        case "r": .restrict
        case "c": .cascade
        case "n": .setNull
        case "d": .setDefault
        default: .noAction
        }
    }
}
