internal import Databases

// `query_days` has a tally for each project and UTC day, `shape_spans` one for each shape of statement as well, by day and by week.
// They change in the transaction that changes `queries`, and count exactly its rows.

/// Whose tallies a query is in.
struct TallyKey: Hashable {
    var userID: String
    var projectID: String
    var day: Int64
    /// The bits of the shape's fingerprint.
    var shape: Int64

    init(userID: String, projectID: String, createdAtMs: Int64, shape: Int64) {
        self.userID = userID
        self.projectID = projectID
        self.shape = shape
        day = Day.of(createdAtMs)
    }
}

/// A row of one of the two tables.
struct TallyTable {
    var name: String
    var isOfShape: Bool
    /// The days it counts.
    var days: Range<Int64>
    /// The columns of its key, and their values.
    var key: [(column: String, value: Parameter)]

    /// All the rows that count a query.
    static func all(_ key: TallyKey) -> [TallyTable] { [days(key)] + spans(key) }

    static func days(_ key: TallyKey) -> TallyTable {
        TallyTable(
            name: "query_days", isOfShape: false, days: key.day..<(key.day + 1),
            key: [("project_id", .text(key.projectID)), ("day", .integer(key.day))])
    }

    static func spans(_ key: TallyKey) -> [TallyTable] {
        let week = Day.startOfWeek(key.day)
        return [key.day..<(key.day + 1), week..<(week + Day.ofWeek)].map { days in
            TallyTable(
                name: "shape_spans", isOfShape: true, days: days,
                key: [
                    ("user_id", .text(key.userID)), ("days", .integer(Int64(days.count))), ("day", .integer(days.lowerBound)),
                    ("project_id", .text(key.projectID)), ("shape", .integer(key.shape)),
                ])
        }
    }

    private var condition: String {
        key.indices.map { "\(key[$0].column) = $\($0 + 1)" }.joined(separator: " AND ")
    }
    private var values: [Parameter] { key.map(\.value) }

    func read(_ session: StoreSession) throws(StoreError) -> Tally {
        guard var row = try session.first("SELECT \(Tally.columns) FROM \(name) WHERE \(condition)", values) else {
            return Tally()
        }
        return try Tally(&row)
    }

    /// Puts `tally` in place of what is there; an empty one takes its row away.
    func write(_ session: StoreSession, _ tally: Tally, userID: String) throws(StoreError) {
        guard tally.counts.total > 0 else {
            try session.change("DELETE FROM \(name) WHERE \(condition)", values)
            return
        }
        var columns = key.map(\.column)
        var parameters = values
        if !columns.contains("user_id") {
            columns.append("user_id")
            parameters.append(.text(userID))
        }
        let keys = key.map(\.column).joined(separator: ", ")
        let marks = (1...(columns.count + 8)).map { "$\($0)" }.joined(separator: ", ")
        try session.change(
            """
            INSERT INTO \(name) (\(columns.joined(separator: ", ")), \(Tally.columns)) VALUES (\(marks))
            ON CONFLICT (\(keys)) DO UPDATE SET success = excluded.success, error = excluded.error,
                cancelled = excluded.cancelled, running = excluded.running, row_count = excluded.row_count,
                total_us = excluded.total_us, max_ms = excluded.max_ms, latency = excluded.latency
            """, parameters + tally.parameters)
    }
}

extension Store {
    /// Brings all tallies of a query up to date.
    ///
    /// - Returns: whether the query is the first of its shape that week.
    @discardableResult
    static func tally(
        _ session: StoreSession, _ key: TallyKey, _ change: (inout Tally) -> Void
    ) throws(StoreError) -> Bool {
        var isFirst = false
        for table in TallyTable.all(key) {
            var tally = try table.read(session)
            isFirst = tally.counts.total == 0
            change(&tally)
            try table.write(session, tally, userID: key.userID)
        }
        return isFirst
    }

    /// Adds the shape to those that the project's statistics know by text.
    static func keepShape(
        _ session: StoreSession, _ shape: StatementShape, projectID: String, userID: String
    ) throws(StoreError) {
        try session.change(
            """
            INSERT INTO query_shapes (project_id, shape, user_id, sql) VALUES ($1, $2, $3, $4)
            ON CONFLICT (project_id, shape) DO NOTHING
            """, [.text(projectID), .integer(shape.key), .text(userID), .text(shape.text)])
    }
}

extension StatementShape {
    /// The fingerprint as the store keeps it: the same bits, signed.
    var key: Int64 { Int64(bitPattern: fingerprint) }
    static func name(key: Int64) -> String { name(UInt64(bitPattern: key)) }
}
