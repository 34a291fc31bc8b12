internal import Databases

extension Store {
    /// Adds a query that is about to run; durable when this returns, so that a crash cannot hide a write statement.
    /// Throws `notFound` when the project is not there or not this user's, `conflict` when the id was used.
    public func insertRunning(_ start: QueryStart) async throws(StoreError) {
        try await write { session throws(StoreError) in try Store.insert(session, start, QueryEnd(status: .running)) }
    }

    /// Writes how a running query ended; durable when this returns.
    ///
    /// - Returns: whether it was running. Ending it a second time changes nothing.
    @discardableResult
    public func finishQuery(id: String, _ end: QueryEnd) async throws(StoreError) -> Bool {
        try await write { session throws(StoreError) in try Store.finish(session, id: id, end) }
    }

    /// Adds a query that has ended, without waiting for the disk; written within a tenth of a second, with others, and
    /// visible to every read of history that starts after this returns. Waits only while 10,000 rows are queued. For
    /// statements that could not write: a crash may lose the last of them.
    public func recordFinished(_ start: QueryStart, _ end: QueryEnd) async {
        await writer.enqueue(LazyWrite { session throws(StoreError) in try Store.insert(session, start, end) })
    }

    /// Ends what a crash left running, as `error` with the code `interrupted`.
    static func markInterrupted(_ session: StoreSession) throws(StoreError) -> Int {
        let ids = try session.rows("SELECT id FROM queries WHERE status = 'running'")
        guard !ids.isEmpty else { return 0 }
        let end = QueryEnd(
            status: .error, errorCode: "interrupted",
            errorMessage: "The daemon ended while this ran; whether a write took effect is not known.")
        try session.execute(session.engine.beginWrite)
        do throws(StoreError) {
            for var row in ids { _ = try finish(session, id: row.text(), end) }
            try session.execute("COMMIT")
        } catch {
            try? session.execute("ROLLBACK")
            throw error
        }
        return ids.count
    }

    private static func insert(_ session: StoreSession, _ start: QueryStart, _ end: QueryEnd) throws(StoreError) {
        // `lower` of both engines is right for ASCII; beyond, we keep our own.
        // A plain statement is folded by the engine when it is searched; with a label or beyond ASCII, here.
        let isPlain = start.label == nil && start.sql.utf8.allSatisfy { $0 < 0x80 }
        let folded = isPlain ? nil : ((start.label.map { $0 + "\n" } ?? "") + start.sql).lowercased()
        try session.change(
            """
            INSERT INTO queries (\(QueryRecord.columns), result, folded)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            """,
            [
                .text(start.id), .text(start.projectID), .text(start.userID), .text(start.sql), .optional(start.label),
                .text(start.mode.rawValue), .text(start.source.rawValue), .integer(start.createdAtMs),
                .text(end.status.rawValue), .optional(end.errorCode), .optional(end.errorMessage),
                .optional(end.rowCount), .optional(end.affectedRows), .optional(end.durationMs),
                .optional(end.sealedPreview), .optional(folded),
            ])
        try count(session, start.projectID, start.userID, start.createdAtMs, [end.status: 1], end.rowCount ?? 0)
    }

    private static func finish(_ session: StoreSession, id: String, _ end: QueryEnd) throws(StoreError) -> Bool {
        let row = try session.first(
            """
            UPDATE queries SET status = $2, error_code = $3, error = $4, row_count = $5, affected_rows = $6,
                duration_ms = $7, result = $8
            WHERE id = $1 AND status = 'running' RETURNING project_id, user_id, created_at
            """,
            [
                .text(id), .text(end.status.rawValue), .optional(end.errorCode), .optional(end.errorMessage),
                .optional(end.rowCount), .optional(end.affectedRows), .optional(end.durationMs),
                .optional(end.sealedPreview),
            ])
        guard var row else { return false }
        let (projectID, userID, createdAtMs) = try (row.text(), row.text(), row.integer())
        var difference: [QueryStatus: Int64] = [.running: -1]
        difference[end.status, default: 0] += 1
        try count(session, projectID, userID, createdAtMs, difference, end.rowCount ?? 0)
        return true
    }

    /// Keeps `query_days` in step with `queries`, in the transaction that changes them.
    private static func count(
        _ session: StoreSession, _ projectID: String, _ userID: String, _ createdAtMs: Int64,
        _ difference: [QueryStatus: Int64], _ rowCount: Int64
    ) throws(StoreError) {
        try session.change(
            """
            INSERT INTO query_days (project_id, day, user_id, success, error, cancelled, running, row_count)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (project_id, day) DO UPDATE SET success = query_days.success + excluded.success,
                error = query_days.error + excluded.error, cancelled = query_days.cancelled + excluded.cancelled,
                running = query_days.running + excluded.running, row_count = query_days.row_count + excluded.row_count
            """,
            [
                .text(projectID), .integer(Day.of(createdAtMs)), .text(userID), .integer(difference[.success] ?? 0),
                .integer(difference[.error] ?? 0), .integer(difference[.cancelled] ?? 0),
                .integer(difference[.running] ?? 0), .integer(rowCount),
            ])
    }
}
