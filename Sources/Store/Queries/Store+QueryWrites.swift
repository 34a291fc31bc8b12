public import Databases

extension Store {
    /// Adds a query that is about to run; durable when this returns, so that a crash cannot hide a write statement.
    /// Throws `notFound` when the project is not there or not this user's, `conflict` when the id was used.
    public func insertRunning(_ start: QueryStart, shape: StatementShape) async throws(StoreError) {
        try await write { session throws(StoreError) in
            try Store.insert(session, [FinishedQuery(start: start, shape: .known(shape), end: QueryEnd(status: .running))])
        }
    }

    /// Writes how a running query ended; durable when this returns.
    ///
    /// - Returns: whether it was running. Ending it a second time changes nothing.
    @discardableResult
    public func finishQuery(id: String, _ end: QueryEnd) async throws(StoreError) -> Bool {
        let wasRunning = try await write { session throws(StoreError) in try Store.finish(session, id: id, end) }
        indexIfDue()
        return wasRunning
    }

    /// Writes how a running query ended as soon as the disk takes it: for one that could not be written when it ended.
    public func finishQueryLater(id: String, _ end: QueryEnd) async {
        await writer.enqueue(LazyWrite { session throws(StoreError) in _ = try Store.finish(session, id: id, end) })
    }

    /// Adds a query that has ended, without waiting for the disk; written within a tenth of a second, with others, and
    /// visible to every read of history that starts after this returns. Waits only while 10,000 rows are queued. For
    /// statements that could not write: a crash may lose the last of them.
    public func recordFinished(_ start: QueryStart, shape: StatementShape, _ end: QueryEnd) async {
        await writer.enqueue(LazyWrite(FinishedQuery(start: start, shape: .known(shape), end: end)))
        indexIfDue()
    }

    /// The same without waiting for anything; the shape is found when the row is written. Answers false, and does nothing, while
    /// 10,000 rows are queued.
    public func recordFinishedNow(_ start: QueryStart, in engine: DatabaseType, _ end: QueryEnd) -> Bool {
        guard writer.enqueueNow(LazyWrite(FinishedQuery(start: start, shape: .of(engine), end: end))) else { return false }
        indexIfDue()
        return true
    }

    /// Ends what a crash left running, as `error` with the code `interrupted`. Within a transaction that writes.
    ///
    /// - Parameter isNobodys: a further condition, from `AND` on.
    /// - Returns: how many.
    static func markInterrupted(_ session: StoreSession, _ isNobodys: String) throws(StoreError) -> Int {
        let ids = try session.rows("SELECT id FROM queries WHERE status = 'running' \(isNobodys)")
        for var row in ids { _ = try finish(session, id: row.text(), .interrupted) }
        return ids.count
    }

    /// Adds queries, and counts those that are counted together in one step.
    static func insert(_ session: StoreSession, _ queries: [FinishedQuery]) throws(StoreError) {
        var shapes = ShapesOfBatch()
        var counted: [TallyKey: (shape: StatementShape, ends: [QueryEnd])] = [:]
        for query in queries {
            let (start, shape) = (query.start, shapes.shape(of: query))
            try insert(session, start, shape, query.end)
            let key = TallyKey(
                userID: start.userID, projectID: start.projectID, createdAtMs: start.createdAtMs, shape: shape.key)
            counted[key, default: (shape, [])].ends.append(query.end)
        }
        for (key, (shape, ends)) in counted {
            if try tally(session, key, { tally in for end in ends { tally.add(end) } }) {
                try keepShape(session, shape, projectID: key.projectID, userID: key.userID)
            }
        }
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
        if end.status == .running { try Daemons.own(session, "queries", id: start.id) }
    }

    private static func finish(_ session: StoreSession, id: String, _ end: QueryEnd) throws(StoreError) -> Bool {
        if try finish(session, id: id, from: QueryEnd(status: .running), "status = 'running'", end) { return true }
        // Others may have taken this daemon off for dead while its query went on.
        guard let sharing = session.engine.sharing, end != .interrupted else { return false }
        return try finish(
            session, id: id, from: .interrupted, "error_code = 'interrupted' AND daemon_id = '\(sharing.daemonID)'", end)
    }

    private static func finish(
        _ session: StoreSession, id: String, from start: QueryEnd, _ condition: String, _ end: QueryEnd
    ) throws(StoreError) -> Bool {
        let row = try session.first(
            """
            UPDATE queries SET status = $2, error_code = $3, error = $4, row_count = $5, affected_rows = $6,
                duration_ms = $7, result = $8
            WHERE id = $1 AND \(condition) RETURNING user_id, project_id, created_at, shape
            """,
            [
                .text(id), .text(end.status.rawValue), .optional(end.errorCode), .optional(end.errorMessage),
                .optional(end.rowCount), .optional(end.affectedRows), .optional(end.durationMs),
                .optional(end.sealedPreview),
            ])
        guard var row else { return false }
        let key = try TallyKey(userID: row.text(), projectID: row.text(), createdAtMs: row.integer(), shape: row.integer())
        try tally(session, key) { tally in
            tally.add(start, times: -1)
            tally.add(end)
        }
        return true
    }
}

extension QueryEnd {
    /// The daemon that ran the query is gone.
    static let interrupted = QueryEnd(
        status: .error, errorCode: "interrupted",
        errorMessage: "The daemon ended while this ran; whether a write took effect is not known.")
}

/// A query that becomes a row of history.
struct FinishedQuery: Sendable {
    enum Shape: Sendable {
        case known(StatementShape)
        case of(DatabaseType)
    }

    var start: QueryStart
    var shape: Shape
    var end: QueryEnd
}

/// The shapes of queries that are written together: mostly the same few texts.
private struct ShapesOfBatch {
    private struct Key: Hashable {
        var sql: String
        var engine: DatabaseType

        // By bytes: to `String`, `é` in one scalar and in two are equal.
        static func == (left: Key, right: Key) -> Bool {
            left.engine == right.engine && left.sql.utf8.elementsEqual(right.sql.utf8)
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(engine)
            var sql = sql
            sql.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    private var known: [Key: StatementShape] = [:]

    mutating func shape(of query: FinishedQuery) -> StatementShape {
        switch query.shape {
        case .known(let shape): return shape
        case .of(let engine):
            let key = Key(sql: query.start.sql, engine: engine)
            if let shape = known[key] { return shape }
            let shape = StatementShape(of: query.start.sql, engine)
            known[key] = shape
            return shape
        }
    }
}
