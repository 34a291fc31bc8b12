internal import Databases

/// What is in a store, in numbers: for whoever helps with it, and names nothing and nobody.
public struct StoreSurvey: Sendable, Equatable {
    /// The number of the schema.
    public var schema: Int
    /// Each table and its rows.
    public var tables: [RowCount]
    /// Rows by a word that each has, such as `projects sqlite` or `queries error`.
    public var kinds: [RowCount]
}

extension Store {
    /// Columns with one of a few words.
    private static let words = [
        ("projects", "database_type"), ("queries", "status"), ("queries", "source"), ("messages", "role"),
        ("approvals", "status"),
    ]

    /// Counts what is in a store, which may be in use by a daemon. Takes a while where there is much history.
    ///
    /// - Throws: as ``check(_:)``.
    public static func survey(_ location: StoreLocation) throws(StoreError) -> StoreSurvey {
        try look(location) { reader throws(StoreError) in
            var survey = StoreSurvey(schema: Migrations.newest, tables: [], kinds: [])
            let passing = reader.engine.sharing == nil ? [] : StoreTable.passing
            for name in StoreTable.all.map(\.name) + passing {
                guard var row = try reader.first("SELECT count(*) FROM \(name)") else { continue }
                survey.tables.append(RowCount(name: name, rows: try row.int()))
            }
            for (table, column) in words {
                let rows = try reader.rows("SELECT \(column), count(*) FROM \(table) GROUP BY \(column) ORDER BY \(column)")
                for var row in rows {
                    survey.kinds.append(RowCount(name: "\(table) \(try row.text())", rows: try row.int()))
                }
            }
            return survey
        }
    }

    /// The process that has a store's file, or had it last; nil for a database, which many may have.
    public static func holder(_ location: StoreLocation) -> Int32? { location.path.flatMap(StoreLock.holder(ofStore:)) }
}
