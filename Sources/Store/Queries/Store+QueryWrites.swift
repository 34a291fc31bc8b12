public import Databases

extension Store {
    /// Adds a query that is about to run; durable when this returns, so that a crash cannot hide a write statement.
    /// Throws `notFound` when the project is not there or not this user's, `conflict` when the id was used.
    public func insertRunning(_ start: QueryStart, shape: StatementShape) async throws(StoreError) {
        try await write { session throws(StoreError) in
            try Store.insert(session, start, shape, QueryEnd(status: .running))
        }
    }

    /// Writes how a running query ended; durable when this returns.
    ///
    /// - Returns: whether it was running. Ending it a second time changes nothing.
    @discardableResult
    public func finishQuery(id: String, _ end: QueryEnd) async throws(StoreError) -> Bool {
        let wasRunning = try await write { session throws(StoreError) in try Store.finish(session, id: id, end) }
        await indexIfDue()
        return wasRunning
    }

    /// Adds a query that has ended, without waiting for the disk; written within a tenth of a second, with others, and
    /// visible to every read of history that starts after this returns. Waits only while 10,000 rows are queued. For
    /// statements that could not write: a crash may lose the last of them.
    public func recordFinished(_ start: QueryStart, shape: StatementShape, _ end: QueryEnd) async {
        await writer.enqueue(LazyWrite { session throws(StoreError) in try Store.insert(session, start, shape, end) })
        await indexIfDue()
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

    private static func insert(
        _ session: StoreSession, _ start: QueryStart, _ shape: StatementShape, _ end: QueryEnd
    ) throws(StoreError) {
        try session.change(
            """
            INSERT INTO queries (\(QueryRecord.columns), result, folded)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
            """,
            [
                .text(start.id), .text(start.projectID), .text(start.userID), .text(start.sql), .optional(start.label),
                .text(start.mode.rawValue), .text(start.source.rawValue), .integer(start.createdAtMs), .integer(shape.key),
                .text(end.status.rawValue), .optional(end.errorCode), .optional(end.errorMessage),
                .optional(end.rowCount), .optional(end.affectedRows), .optional(end.durationMs),
                .optional(end.sealedPreview), .optional(Folding.kept(sql: start.sql, label: start.label)),
            ])
        let key = TallyKey(
            userID: start.userID, projectID: start.projectID, createdAtMs: start.createdAtMs, shape: shape.key)
        if try tally(session, key, { $0.add(end) }) {
            try keepShape(session, shape, projectID: start.projectID, userID: start.userID)
        }
    }

    private static func finish(_ session: StoreSession, id: String, _ end: QueryEnd) throws(StoreError) -> Bool {
        let row = try session.first(
            """
            UPDATE queries SET status = $2, error_code = $3, error = $4, row_count = $5, affected_rows = $6,
                duration_ms = $7, result = $8
            WHERE id = $1 AND status = 'running' RETURNING user_id, project_id, created_at, shape
            """,
            [
                .text(id), .text(end.status.rawValue), .optional(end.errorCode), .optional(end.errorMessage),
                .optional(end.rowCount), .optional(end.affectedRows), .optional(end.durationMs),
                .optional(end.sealedPreview),
            ])
        guard var row else { return false }
        let key = try TallyKey(userID: row.text(), projectID: row.text(), createdAtMs: row.integer(), shape: row.integer())
        try tally(session, key) { tally in
            tally.add(QueryEnd(status: .running), times: -1)
            tally.add(end)
        }
        return true
    }
}
