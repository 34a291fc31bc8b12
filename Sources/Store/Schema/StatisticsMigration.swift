internal import Databases

/// Step 2: gives each row of history its shape and counts all of them anew. The index of texts is left empty: it is filled while
/// the daemon runs, and until then what is not in it is looked at row by row.
enum StatisticsMigration {
    /// Rows read at once.
    private static let batch: Int64 = 2_000
    /// Tallies in memory before they are written: some ten megabytes.
    private static let talliesMax = 4_000

    /// Rows between two reports, of some five seconds.
    private static let reportRows = 100_000

    static func run(_ session: StoreSession, _ report: (MigrationProgress) -> Void) throws(StoreError) {
        var progress = MigrationProgress(step: 2, rowsDone: 0, rowsTotal: 0, isDone: false)
        if var count = try session.first("SELECT count(*) FROM queries") { progress.rowsTotal = try count.int() }
        if progress.rowsTotal > 0 { report(progress) }
        try session.define(Schema.second(bytes: session.engine.bytesType))
        if session.engine.textIndex.step == 2 { try session.execute(session.engine.textIndex.schema) }
        try session.execute("DELETE FROM query_days")
        var tallies: [TallyKey: Tally] = [:]
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
                let key = TallyKey(userID: userID, projectID: projectID, createdAtMs: try row.integer(), shape: shape.key)
                let end = try QueryEnd(
                    status: row.word(QueryStatus.self), rowCount: row.optionalInteger(), durationMs: row.optionalDouble())
                try session.change("UPDATE queries SET shape = $2 WHERE id = $1", [.text(last), .integer(shape.key)])
                if tallies[key] == nil {
                    try Store.keepShape(session, shape, projectID: projectID, userID: userID)
                }
                tallies[key, default: Tally()].add(end)
            }
            let before = progress.rowsDone
            progress.rowsDone += rows.count
            if before / reportRows != progress.rowsDone / reportRows { report(progress) }
            // Rows come roughly by time, so that what is written is seldom needed again.
            if tallies.count > talliesMax { try write(session, &tallies) }
        }
        try write(session, &tallies)
        try session.execute(Schema.placeIndexes + ";" + Schema.secondIndexes)
        progress.isDone = true
        if progress.rowsTotal > 0 { report(progress) }
    }

    /// Adds what was counted to what is there.
    private static func write(_ session: StoreSession, _ tallies: inout [TallyKey: Tally]) throws(StoreError) {
        for (key, counted) in tallies {
            for table in TallyTable.all(key) {
                var tally = try table.read(session)
                tally.add(counted)
                try table.write(session, tally, userID: key.userID)
            }
        }
        tallies = [:]
    }
}
