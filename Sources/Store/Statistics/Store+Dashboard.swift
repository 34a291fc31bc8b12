public import Databases

/// A user's figures over some days that end today.
public struct Dashboard: Sendable, Equatable {
    /// The first moment counted: midnight UTC.
    public var sinceMs: Int64
    public var projectCount: Int64
    public var threadCount: Int64
    /// Messages within the time, those of tools not counted.
    public var messageCount: Int64
    /// Queries within the time.
    public var counts: QueryCounts
    /// Of the queries within the time.
    public var latency: Latency
    /// Each day, the quiet ones too, oldest first.
    public var days: [DayActivity]
    /// Each project, the idle ones too, the busiest first, then by name; at most 1000.
    public var projects: [ProjectActivity]
    /// The newest within the time, newest first, without previews.
    public var recentQueries: [QueryRecord]
    /// The same of messages; those of tools are not among them.
    public var recentMessages: [ChatMessageRecord]
}

/// A project's queries within a dashboard's time.
public struct ProjectActivity: Sendable, Equatable {
    public var projectID: String
    public var name: String
    public var databaseType: DatabaseType
    public var counts: QueryCounts
    /// Messages within the time.
    public var messageCount: Int64
    /// Right to a minute, whenever it was; nil when it was never used.
    public var lastUsedAtMs: Int64?
}

extension Store {
    /// The figures of one moment.
    ///
    /// - Parameters:
    ///   - days: how many UTC days, today's among them: 1 to 366; others are brought into that range.
    ///   - nowMs: a time of today.
    public func dashboard(userID: String, days: Int, nowMs: Int64, recent: Int = 10) async throws(StoreError) -> Dashboard {
        await flush()
        let recent = min(max(recent, 0), 100)
        let lastDay = Day.of(nowMs)
        let range = DayRange(userID: userID, first: lastDay - Int64(min(max(days, 1), 366)) + 1, last: lastDay)
        return try await scanner.read { session throws(StoreError) in
            try session.snapshot { session throws(StoreError) in
                let (activity, latency) = try Store.activity(session, range)
                return try Dashboard(
                    sinceMs: range.sinceMs,
                    projectCount: Store.count(session, "SELECT count(*) FROM projects WHERE user_id = $1", [range.user]),
                    threadCount: Store.count(session, "SELECT count(*) FROM threads WHERE user_id = $1", [range.user]),
                    messageCount: Store.count(
                        session,
                        """
                        SELECT CAST(coalesce(sum(messages), 0) AS BIGINT) FROM message_days
                        WHERE user_id = $1 AND day >= $2 AND day <= $3
                        """, [range.user, .integer(range.first), .integer(range.last)]),
                    counts: activity.reduce(into: QueryCounts()) { $0.add($1.counts) },
                    latency: latency,
                    days: activity, projects: Store.projectActivity(session, range),
                    recentQueries: Store.history(
                        session, userID, HistoryFilter(sinceMs: range.sinceMs, untilMs: range.untilMs), .start(.queries),
                        limit: recent),
                    recentMessages: Store.messages(
                        session, Store.conditions(range), limit: recent))
            }
        }
    }

    private struct DayRange: Sendable {
        var userID: String
        var first: Int64
        var last: Int64
        var user: Parameter { .text(userID) }
        var sinceMs: Int64 { first * Day.ms }
        var untilMs: Int64 { (last + 1) * Day.ms }
    }

    private static func count(_ session: StoreSession, _ sql: String, _ parameters: [Parameter]) throws(StoreError) -> Int64 {
        var row = try session.first(sql, parameters)
        return try row?.integer() ?? 0
    }

    /// Each day, and the durations of all of them.
    private static func activity(
        _ session: StoreSession, _ range: DayRange
    ) throws(StoreError) -> (days: [DayActivity], latency: Latency) {
        var counts: [Int64: QueryCounts] = [:]
        var total = Tally()
        for var row in try session.rows(
            "SELECT day, \(Tally.columns) FROM query_days WHERE user_id = $1 AND day >= $2 AND day <= $3",
            [range.user, .integer(range.first), .integer(range.last)])
        {
            let day = try row.integer()
            let tally = try Tally(&row)
            counts[day, default: QueryCounts()].add(tally.counts)
            total.add(tally)
        }
        let days = (range.first...range.last).map { DayActivity(startMs: $0 * Day.ms, counts: counts[$0] ?? QueryCounts()) }
        return (days, total.p50AndP95)
    }

    private static func projectActivity(_ session: StoreSession, _ range: DayRange) throws(StoreError) -> [ProjectActivity] {
        var projects: [ProjectActivity] = []
        for var row in try session.rows(
            """
            SELECT p.id, p.name, p.database_type, \(QueryCounts.sums),
                (SELECT CAST(coalesce(sum(m.messages), 0) AS BIGINT) FROM message_days m
                    WHERE m.project_id = p.id AND m.day >= $2 AND m.day <= $3),
                p.last_used_at
            FROM projects p LEFT JOIN query_days d ON d.project_id = p.id AND d.day >= $2 AND d.day <= $3
            WHERE p.user_id = $1 GROUP BY p.id, p.name, p.database_type, p.last_used_at
            ORDER BY coalesce(sum(d.success + d.error + d.cancelled + d.running), 0) DESC, p.name, p.id LIMIT 1000
            """,
            [range.user, .integer(range.first), .integer(range.last)])
        {
            projects.append(
                try ProjectActivity(
                    projectID: row.text(), name: row.text(), databaseType: row.word(DatabaseType.self),
                    counts: QueryCounts(&row), messageCount: row.integer(), lastUsedAtMs: row.optionalInteger()))
        }
        return projects
    }

    /// What people and the assistant said within the time.
    private static func conditions(_ range: DayRange) -> Conditions {
        var query = Conditions(userID: range.userID)
        query.add("created_at >= #", .integer(range.sinceMs))
        query.add("created_at < #", .integer(range.untilMs))
        query.add("role <> 'tool'")
        return query
    }
}

extension QueryCounts {
    mutating func add(_ other: QueryCounts) {
        success += other.success
        error += other.error
        cancelled += other.cancelled
        running += other.running
        rows += other.rows
    }
}
