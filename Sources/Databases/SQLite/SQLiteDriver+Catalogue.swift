import CSQLite

extension SQLiteDriver {
    /// Reads the catalogue in one transaction. SQLite tells of one table at a time only, so this is many small pragmas; through the
    /// gate and the pager, as statements, they would take several times as long.
    func catalogue(_ request: CatalogueRequest) throws(DatabaseError) -> Catalogue {
        guard isUsable else { throw DatabaseError(.connectionLost, phase: .execute, "The connection is closed.") }
        sqliteCanceller.begin(timeoutMs: request.timeoutMs)
        defer { sqliteCanceller.end() }
        do throws(DatabaseError) {
            let handle = try currentReader()
            try own("BEGIN", handle)
            defer { try? own("ROLLBACK", handle) }
            var reader = SQLiteCatalogue(handle, sqliteCanceller.watch, request)
            try reader.read()
            try handle.checkUnchanged()
            return reader.finish()
        } catch {
            throw stopped(error)
        }
    }
}

/// Reads the catalogue of one file.
private struct SQLiteCatalogue {
    private struct Table {
        var name: String
        var sql: String
        var type: String
        var isWithoutRowID = false
        var isStrict = false
        var isIndexed = false
    }

    private let handle: SQLiteHandle
    private let watch: SQLiteStatementWatch
    private let request: CatalogueRequest
    private var builder: CatalogueBuilder
    /// The text that made each index.
    private var indexTexts: [CatalogueName: String] = [:]
    /// Name and text of the triggers of each table.
    private var triggers: [CatalogueName: [(name: String, sql: String)]] = [:]

    init(_ handle: SQLiteHandle, _ watch: SQLiteStatementWatch, _ request: CatalogueRequest) {
        self.handle = handle
        self.watch = watch
        self.request = request
        builder = CatalogueBuilder(request)
    }

    consuming func finish() -> Catalogue { builder.finish() }

    mutating func read() throws(DatabaseError) {
        builder.add(CatalogueSchema(name: "main", comment: nil, pathPosition: 0))
        let estimates = try rowEstimates()
        for table in try tables() {
            let isSystem = table.type == "shadow" || Self.folded(table.name).hasPrefix("sqlite_")
            guard request.includesSystem || !isSystem else { continue }
            let kind: CatalogueRelation.Kind =
                switch table.type {
                case "view": .view
                case "virtual": .virtualTable
                default: .table
                }
            var relation = CatalogueRelation(schema: "main", name: table.name, kind: kind)
            relation.isSystem = isSystem
            relation.isOnPath = true
            relation.rowEstimate = estimates[Self.key(table.name)]
            relation.storage = storage(table)
            builder.add(relation, Self.key(table.name))
            if request.isDetailed, !builder.isFull { try readDetails(table) }
        }
    }

    /// SQLite's names are the same in any case of ASCII letters.
    private static func folded(_ name: String) -> String {
        String(decoding: name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    private static func key(_ name: String) -> CatalogueName { CatalogueName(folded(name)) }

    private func storage(_ table: Table) -> String? {
        if table.type == "virtual" { return SQLiteDDL(table.sql).module }
        let words = [table.isStrict ? "STRICT" : nil, table.isWithoutRowID ? "WITHOUT ROWID" : nil].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    // MARK: All tables

    private mutating func tables() throws(DatabaseError) -> [Table] {
        var tables: [Table] = []
        var places: [CatalogueName: Int] = [:]
        var indexed: Set<CatalogueName> = []
        var texts: [CatalogueName: String] = [:]
        var triggers: [CatalogueName: [(name: String, sql: String)]] = [:]
        try rows("SELECT type, name, tbl_name, sql FROM sqlite_schema") { row in
            guard let name = row.text(1) else { return }
            switch row.text(0) {
            case "table", "view":
                places[Self.key(name)] = tables.count
                tables.append(Table(name: name, sql: row.text(3) ?? "", type: row.text(0) ?? ""))
            case "index":
                indexed.insert(Self.key(row.text(2) ?? ""))
                if let sql = row.text(3) { texts[Self.key(name)] = sql }
            case "trigger": triggers[Self.key(row.text(2) ?? ""), default: []].append((name, row.text(3) ?? ""))
            default: break
            }
        }
        if request.isDetailed { (indexTexts, self.triggers) = (texts, triggers) }
        // Which ones are virtual, or a virtual table's own, only SQLite knows.
        try rows("PRAGMA main.table_list") { row in
            guard row.text(0) == "main", let name = row.text(1), let type = row.text(2) else { return }
            guard let place = places[Self.key(name)] else {
                // The schema table, which is not in itself.
                tables.append(Table(name: name, sql: "", type: type))
                return
            }
            tables[place].type = type
            tables[place].isWithoutRowID = row.integer(4) != 0
            tables[place].isStrict = row.integer(5) != 0
        }
        for place in tables.indices { tables[place].isIndexed = indexed.contains(Self.key(tables[place].name)) }
        return tables
    }

    /// What ANALYZE counted, if it ever ran.
    private func rowEstimates() throws(DatabaseError) -> [CatalogueName: Int] {
        var estimates: [CatalogueName: Int] = [:]
        try rows("SELECT tbl, stat FROM sqlite_stat1", mayFail: true) { row in
            guard let table = row.text(0), let count = row.text(1)?.split(separator: " ").first.flatMap({ Int($0) }) else {
                return
            }
            estimates[Self.key(table)] = max(estimates[Self.key(table)] ?? 0, count)
        }
        return estimates
    }

    // MARK: One table

    private mutating func readDetails(_ table: Table) throws(DatabaseError) {
        let argument = "(" + DatabaseType.sqlite.quoted(table.name) + ")"
        try readColumns(table, argument)
        readTriggers(table)
        if table.type == "view", let query = SQLiteDDL(table.sql).viewQuery { builder.define(Self.key(table.name), query) }
        guard table.type == "table" || table.type == "shadow" else { return }
        if table.isIndexed { try readIndexes(table, argument) }
        let sql = table.sql.utf8
        if Self.mentions("references", sql) { try readForeignKeys(table, argument) }
        if Self.mentions("check", sql) {
            for check in SQLiteDDL(table.sql).checks { builder.add(check, to: Self.key(table.name)) }
        }
    }

    /// Whether a word may be in the text: a quick look before a slow one.
    private static func mentions(_ word: StaticString, _ text: String.UTF8View) -> Bool {
        let word = word.withUTF8Buffer { Array($0) }
        var matched = 0
        for byte in text {
            let byte = byte | 0x20
            matched = byte == word[matched] ? matched + 1 : (byte == word[0] ? 1 : 0)
            if matched == word.count { return true }
        }
        return false
    }

    private mutating func readColumns(_ table: Table, _ argument: String) throws(DatabaseError) {
        let key = Self.key(table.name)
        var columns: [CatalogueColumn] = []
        var primary: [(place: Int, name: String)] = []
        // A view of a table that is gone, or a virtual table without its module, has no columns that could be told.
        try rows("PRAGMA main.table_xinfo" + argument, mayFail: true) { row in
            var column = CatalogueColumn(
                name: row.text(1) ?? "", type: row.text(2) ?? "", isNullable: row.integer(3) == 0, number: row.integer(0))
            column.defaultExpression = row.text(4)
            if row.integer(5) > 0 { primary.append((row.integer(5), column.name)) }
            switch row.integer(6) {
            case 1: column.isHidden = true
            case 2: column.generation = .virtual
            case 3: column.generation = .stored
            default: break
            }
            columns.append(column)
        }
        if primary.count == 1, !table.isWithoutRowID,
            let place = columns.firstIndex(where: { $0.name.hasSameBytes(as: primary[0].name) }),
            Self.folded(columns[place].type) == "integer"
        {
            // It is the row's own number, which is never null.
            columns[place].isNullable = false
            if Self.mentions("autoincrement", table.sql.utf8), isAutoIncrement(table.name, columns[place].name) {
                columns[place].generation = .autoIncrement
            }
        }
        for column in columns { builder.add(column, to: key) }
        guard !primary.isEmpty else { return }
        let names = primary.sorted { $0.place < $1.place }.map(\.name)
        builder.change(key) { $0.primaryKey = CatalogueKey(name: nil, columns: names) }
    }

    private mutating func readTriggers(_ table: Table) {
        for (name, sql) in triggers[Self.key(table.name)] ?? [] {
            let (timing, event) = SQLiteDDL(sql).triggerHead
            builder.add(
                CatalogueTrigger(
                    name: name, timing: timing, events: event.map { [$0] } ?? [], isPerRow: true, definition: sql),
                to: Self.key(table.name))
        }
    }

    private func isAutoIncrement(_ table: String, _ column: String) -> Bool {
        var isAutoIncrement: Int32 = 0
        sqlite3_table_column_metadata(handle.raw, "main", table, column, nil, nil, nil, nil, &isAutoIncrement)
        return isAutoIncrement != 0
    }

    private mutating func readIndexes(_ table: Table, _ argument: String) throws(DatabaseError) {
        let key = Self.key(table.name)
        var found: [(index: CatalogueIndex, origin: String, isPartial: Bool)] = []
        try rows("PRAGMA main.index_list" + argument) { row in
            let origin = row.text(3) ?? ""
            let index = CatalogueIndex(
                name: row.text(1) ?? "", columns: [], isUnique: row.integer(2) != 0, isPrimary: origin == "pk")
            found.append((index, origin, row.integer(4) != 0))
        }
        for (index, origin, isPartial) in found {
            var index = index
            let ddl = indexTexts[Self.key(index.name)].map { SQLiteDDL($0) }
            let terms = ddl?.indexTerms ?? []
            var columns: [String] = []
            try rows("PRAGMA main.index_xinfo(" + DatabaseType.sqlite.quoted(index.name) + ")") { row in
                guard row.integer(5) != 0 else { return }
                let place = row.integer(0)
                columns.append(row.text(2) ?? (terms.indices.contains(place) ? terms[place] : "rowid"))
            }
            index.columns = columns
            if isPartial { index.predicate = ddl?.indexPredicate }
            builder.add(index, to: key)
            if origin == "u" { builder.change(key) { $0.uniqueKeys.append(CatalogueKey(name: nil, columns: columns)) } }
        }
    }

    private mutating func readForeignKeys(_ table: Table, _ argument: String) throws(DatabaseError) {
        var links: [Int: CatalogueBuilder.Link] = [:]
        try rows("PRAGMA main.foreign_key_list" + argument) { row in
            let number = row.integer(0)
            var link =
                links[number]
                ?? CatalogueBuilder.Link(
                    name: nil, from: Self.key(table.name), columns: [], to: Self.key(row.text(2) ?? ""), toColumns: [],
                    onUpdate: .init(sql: row.text(5)), onDelete: .init(sql: row.text(6)),
                    // SQLite tells the last one first.
                    number: -number)
            link.columns.append(row.text(3) ?? "")
            // Absent: the primary key of the other table.
            if let column = row.text(4) { link.toColumns.append(column) }
            links[number] = link
        }
        for link in links.values { builder.add(link) }
    }

    // MARK: Statements

    /// A row that a statement of ours stands on.
    private struct Row {
        let statement: OpaquePointer

        func text(_ column: Int32) -> String? {
            guard let text = sqlite3_column_text(statement, column) else { return nil }
            let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(statement, column)))
            return String(decoding: bytes, as: UTF8.self)
        }

        func integer(_ column: Int32) -> Int { Int(sqlite3_column_int64(statement, column)) }
    }

    /// Runs one of our own small statements. They are too short for SQLite to ask whether it is to stop, so it is asked here.
    private func rows(_ sql: String, mayFail: Bool = false, _ body: (Row) -> Void) throws(DatabaseError) {
        if watch.isCancelled || watch.isLate { throw DatabaseError(.cancelled, phase: .execute, "The statement was cancelled.") }
        handle.authorizer.begin()
        var statement: OpaquePointer?
        var status = sqlite3_prepare_v3(handle.raw, sql, -1, 0, &statement, nil)
        defer { sqlite3_finalize(statement) }
        if status == SQLITE_OK, let statement {
            repeat {
                status = sqlite3_step(statement)
                if status == SQLITE_ROW { body(Row(statement: statement)) }
            } while status == SQLITE_ROW
        }
        guard status != SQLITE_DONE else { return }
        let isFault = ![SQLITE_ERROR, SQLITE_AUTH, SQLITE_SCHEMA, SQLITE_MISMATCH].contains(status & 0xFF)
        if isFault || !mayFail { throw SQLiteErrors.of(handle.raw, status, phase: .execute) }
    }
}
