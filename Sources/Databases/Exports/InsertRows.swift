import Protocol

/// `INSERT` statements in the dialect of the engine that the rows are from.
struct InsertRows: RowFormat {
    /// A statement ends with the row before the one that would pass this: far below what servers take at once.
    static let statementBytesMax = 64 << 10

    private let columns: [Column]
    private let engine: DatabaseType
    /// `INSERT INTO … VALUES` and a line feed.
    private let head: JSONText
    /// Where the open statement's first row begins in `out`; nil while none is open.
    private var statementStart: Int?

    init(_ columns: [Column], _ engine: DatabaseType, _ options: ResultFormatOptions) {
        self.columns = columns
        self.engine = engine
        // PostgreSQL tells `a` from `A` where they are quoted; the others do not.
        let names = UniqueNames.of(
            columns.enumerated().map { $1.name.isEmpty ? "column_\($0 + 1)" : $1.name }, ignoringCase: engine != .postgresql)
        var writer = JSONWriter()
        writer.plain("INSERT INTO ")
        if let schema = options.schema {
            writer.identifier(schema, engine)
            writer.plain(".")
        }
        writer.identifier(options.table, engine)
        for (index, name) in names.enumerated() {
            writer.plain(index == 0 ? " (" : ", ")
            writer.identifier(name, engine)
        }
        writer.plain(") VALUES\n")
        head = writer.take()
    }

    func begin(_ out: inout JSONWriter) {}

    mutating func row(
        _ reader: inout JSONReader, isFirst: Bool, _ out: inout JSONWriter, scratch: inout JSONWriter, _ cut: inout CutCells
    ) throws(CutCell) {
        if isFirst { session(&out) }
        guard let start = statementStart else {
            statementStart = out.count
            head.encode(to: &out)
            return try tuple(&reader, &out, &scratch)
        }
        let end = out.count
        out.raw(",\n")
        try tuple(&reader, &out, &scratch)
        guard out.count - start > Self.statementBytesMax else { return }
        // One row too many: it begins the next statement.
        scratch.truncate(to: 0)
        out.withUnsafeBytes { scratch.raw(UnsafeRawBufferPointer(rebasing: $0[(end + 2)...])) }
        out.truncate(to: end)
        pause(&out)
        statementStart = out.count
        head.encode(to: &out)
        scratch.withUnsafeBytes { out.raw($0) }
    }

    /// What the session that runs this must be like, whatever its client and its locale are; SQLite's need not be anything.
    private func session(_ out: inout JSONWriter) {
        switch engine {
        case .postgresql: out.raw("SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n")
        case .mysql: out.raw("SET NAMES utf8mb4;\n")
        case .sqlite: break
        }
    }

    private func tuple(
        _ reader: inout JSONReader, _ out: inout JSONWriter, _ scratch: inout JSONWriter
    ) throws(CutCell) {
        try? reader.enterArray()
        var column = 0
        while reader.nextElement() {
            out.byte(column == 0 ? UInt8(ascii: "(") : UInt8(ascii: ","))
            let encoding = columns[column].encoding
            let cell = Cell(&reader, encoding)
            if case .cut = cell { throw CutCell(column: column) }
            switch engine {
            case .postgresql: out.postgreSQLLiteral(cell, encoding, &scratch)
            case .mysql: out.mySQLLiteral(cell, encoding, &scratch)
            case .sqlite: out.sqliteLiteral(cell, &scratch)
            }
            column += 1
        }
        out.raw(")")
    }

    mutating func pause(_ out: inout JSONWriter) {
        if statementStart != nil { out.raw(";\n") }
        statementStart = nil
    }

    mutating func end(_ out: inout JSONWriter, isTruncated: Bool) {
        pause(&out)
        if isTruncated { out.raw("-- The result has more rows than these: it stopped at a limit.\n") }
    }
}
