internal import Databases

/// How the store is doing.
public struct StoreHealth: Sendable, Equatable {
    public var sizes: StoreSizes
    /// Transactions made durable since the store was opened.
    public var commits: Int
    /// Writes that wait for their turn now.
    public var waitingWrites: Int
    /// History rows and last uses that could not be kept since the store was opened.
    public var droppedWrites: Int
    /// Why the last such row could not be written, safe to show; nil again once one could.
    public var lastError: String?
}

extension Store {
    /// Whether it is a database of PostgreSQL, not a file.
    public var isInPostgreSQL: Bool { engine is PostgreSQLEngine }

    /// Whether the disk takes what is written. Asks nobody: cheap enough for an event loop.
    public var isWell: Bool { writer.counters.lastError == nil }

    /// Sizes and counters; asks the file system, not the database.
    public func health() -> StoreHealth {
        let counters = writer.counters
        return StoreHealth(
            sizes: engine.sizes(), commits: counters.commits, waitingWrites: counters.waiting,
            droppedWrites: counters.dropped, lastError: counters.lastError?.message)
    }

    /// Lets go of what is in memory and of no more use.
    public func forgetOld(nowMs: Int64) { touches.forget(nowMs: nowMs) }

    /// Looks how large the store is, where that means asking its database.
    public func measure() async throws(StoreError) {
        try await reader.read { session throws(StoreError) in try session.engine.measure(session) }
    }

    /// Checks every page, index and reference, and that the counts kept per day are those of the rows. Takes seconds
    /// where there is much; other reads by key go on.
    ///
    /// - Returns: what is wrong, for the operator; empty when nothing is.
    public func integrityProblems() async throws(StoreError) -> [String] {
        try await scanner.read { session throws(StoreError) in try Store.problems(session) }
    }

    static func problems(_ session: StoreSession) throws(StoreError) -> [String] {
        var problems = try session.engine.integrityProblems(session) + session.engine.textIndex.problems(session)
        var row = try session.first(
            """
            SELECT (SELECT count(*) FROM queries)
                - (SELECT CAST(coalesce(sum(success + error + cancelled + running), 0) AS BIGINT) FROM query_days)
            """)
        if let difference = try row?.integer(), difference != 0 {
            problems.append("the counts per day and the rows of history differ by \(difference)")
        }
        row = try session.first(
            """
            SELECT (SELECT count(*) FROM messages WHERE role <> 'tool')
                - (SELECT CAST(coalesce(sum(messages), 0) AS BIGINT) FROM message_days)
            """)
        if let difference = try row?.integer(), difference != 0 {
            problems.append("the counts per day and the messages differ by \(difference)")
        }
        row = try session.first(
            """
            SELECT count(*) FROM threads t WHERE t.message_count <>
                (SELECT count(*) FROM messages m
                    WHERE m.user_id = t.user_id AND m.thread_id = t.id AND m.role <> 'tool')
            """)
        if let count = try row?.integer(), count != 0 {
            problems.append("\(count) conversations have another number of messages than they say")
        }
        for days in [1, Day.ofWeek] {
            row = try session.first(
                """
                SELECT (SELECT count(*) FROM queries)
                    - (SELECT CAST(coalesce(sum(success + error + cancelled + running), 0) AS BIGINT) FROM shape_spans
                        WHERE days = $1)
                """, [.integer(days)])
            if let difference = try row?.integer(), difference != 0 {
                problems.append("the counts per statement and \(days) days and the rows of history differ by \(difference)")
            }
        }
        return problems
    }
}
