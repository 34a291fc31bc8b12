internal import Databases

/// Step 2: gives each row of history its shape and counts all of them anew. The index of texts is left empty: it is filled while
/// the daemon runs, and until then what is not in it is looked at row by row.
enum StatisticsMigration {
    /// Rows read at once.
    private static let batch: Int64 = 2_000

    static func run(_ session: StoreSession) throws(StoreError) {
        try session.execute(Schema.second(bytes: session.engine.bytesType))
        try session.execute(session.engine.textIndex.schema)
        var days: [TallyKey: Tally] = [:]
        var shapes: [TallyKey: Tally] = [:]
        var known: Set<TallyKey> = []
        var last = ""
        while true {
            let rows = try session.rows(
                """
                SELECT q.id, q.user_id, q.project_id, q.query, p.database_type, q.created_at, q.status, q.row_count, q.duration_ms
                FROM queries q JOIN projects p ON p.id = q.project_id WHERE q.id > $1 ORDER BY q.id LIMIT $2
                """, [.text(last), .integer(batch)])
            guard !rows.isEmpty else { break }
            for var row in rows {
                last = try row.text()
                let (userID, projectID, sql) = try (row.text(), row.text(), row.text())
                let shape = StatementShape(of: sql, try row.word(DatabaseType.self))
                var key = TallyKey(userID: userID, projectID: projectID, createdAtMs: try row.integer(), shape: shape.key)
                let end = try QueryEnd(
                    status: row.word(QueryStatus.self), rowCount: row.optionalInteger(), durationMs: row.optionalDouble())
                try session.change("UPDATE queries SET shape = $2 WHERE id = $1", [.text(last), .integer(shape.key)])
                shapes[key, default: Tally()].add(end)
                let (day, ofShape) = (key.day, key.shape)
                key.shape = 0
                days[key, default: Tally()].add(end)
                (key.day, key.shape) = (0, ofShape)
                if known.insert(key).inserted {
                    try Store.keepShape(session, shape, projectID: projectID, userID: userID)
                }
                key.day = day
            }
        }
        try session.execute("DELETE FROM query_days")
        for (key, tally) in days { try TallyTable.days(key).write(session, tally, userID: key.userID) }
        var weeks: [TallyKey: Tally] = [:]
        for (key, tally) in shapes {
            try TallyTable.spans(key)[0].write(session, tally, userID: key.userID)
            var week = key
            week.day = Day.startOfWeek(key.day)
            weeks[week, default: Tally()].add(tally)
        }
        for (key, tally) in weeks { try TallyTable.spans(key)[1].write(session, tally, userID: key.userID) }
        try session.execute(Schema.secondIndexes)
    }
}
