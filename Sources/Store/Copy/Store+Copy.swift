internal import Databases

/// How many rows there are of something: a table, or a part of one.
public struct RowCount: Sendable, Equatable {
    public var name: String
    public var rows: Int
}

extension Store {
    /// Rows read and written at once.
    private static let copyBatch = 500

    /// Copies a whole store into a new one, whatever holds them. The first may be in use by a daemon: what is copied is how it
    /// stood at one moment. The index of texts is not copied; the daemon that serves the copy fills it anew.
    ///
    /// - Parameters:
    ///   - report: hears each table and how many of its rows are done, now and then and at its end.
    /// - Returns: each table, and how many rows it has.
    /// - Throws: `conflict` if the second holds something already; `newerSchema` or `olderSchema` where the first is of another daemon; as
    ///   ``open(_:installation:nowMs:report:)``. What was begun in the second is then to be thrown away.
    public static func copy(
        from: StoreLocation, to: StoreLocation, nowMs: Int64, report: (RowCount) -> Void = { _ in }
    ) async throws(StoreError) -> [RowCount] {
        guard from != to else { throw StoreError(.conflict, "A store cannot be copied onto itself.") }
        let source = try engine(from, locks: false)
        let reader = try source.connectReader()
        defer { reader.close() }
        try Migrations.checkNewest(reader)
        let target = try engine(to, locks: true)
        defer { target.release() }
        let writer = try target.connect()
        defer { writer.close() }
        try Migrations.bring(writer, nowMs: nowMs)
        guard try !Daemons.anyLives(writer) else {
            throw StoreError(.locked, "The store to copy to is in use by a daemon; stop it first.")
        }
        for table in StoreTable.all {
            guard try writer.first("SELECT 1 FROM \(table.name) LIMIT 1") == nil else {
                throw StoreError(.conflict, "The store to copy to has something in it already; name a new one.")
            }
        }
        return try reader.snapshot { reader throws(StoreError) in
            var copied: [RowCount] = []
            for table in StoreTable.all {
                let rows = try copy(table, from: reader, to: writer, report)
                copied.append(RowCount(name: table.name, rows: rows))
                report(copied[copied.count - 1])
            }
            return copied
        }
    }

    private static func copy(
        _ table: StoreTable, from reader: StoreSession, to writer: StoreSession, _ report: (RowCount) -> Void
    ) throws(StoreError) -> Int {
        let columns = try writer.engine.columns(of: table.name, writer)
        // A query's place is in the index, which the copy does not have yet.
        let read = columns.map { table.name == "queries" && $0 == "place" ? "NULL" : $0 }
        let key = table.key.joined(separator: ", ")
        let insert = """
            INSERT INTO \(table.name) (\(columns.joined(separator: ", ")))
            VALUES (\((1...columns.count).map { "$\($0)" }.joined(separator: ", ")))
            """
        let places = table.key.compactMap { columns.firstIndex(of: $0) }
        var last: [Parameter] = []
        var count = 0
        while true {
            let after = last.isEmpty ? "" : "WHERE (\(key)) > (\((1...last.count).map { "$\($0)" }.joined(separator: ", ")))"
            let rows = try reader.rows(
                "SELECT \(read.joined(separator: ", ")) FROM \(table.name) \(after) ORDER BY \(key) LIMIT $\(last.count + 1)",
                last + [.integer(Int64(copyBatch))])
            guard !rows.isEmpty else { return count }
            try writer.transaction { writer throws(StoreError) in
                _ = try writer.rows(insert, forEach: rows.map(\.values))
            }
            if let row = rows.last { last = places.map { row.values[$0] } }
            count += rows.count
            if count % 50_000 == 0 { report(RowCount(name: table.name, rows: count)) }
        }
    }

    /// What is wrong with a store, which may be in use by a daemon; empty when nothing is.
    ///
    /// - Throws: `olderSchema`, `newerSchema`; as ``open(_:installation:nowMs:report:)``.
    public static func check(_ location: StoreLocation) throws(StoreError) -> [String] {
        try look(location, problems)
    }

    /// One view of a store, which may be in use by a daemon.
    ///
    /// - Throws: as ``check(_:)``.
    static func look<Value>(
        _ location: StoreLocation, _ body: (StoreSession) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        let reader = try engine(location, locks: false).connectReader()
        defer { reader.close() }
        try Migrations.checkNewest(reader)
        return try reader.snapshot(body)
    }
}
