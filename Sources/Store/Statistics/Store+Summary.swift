internal import Databases

/// What a project has seen, all time.
public struct ProjectSummary: Sendable, Equatable {
    public var project: Project
    public var counts: QueryCounts
    public var latency: Latency
    /// Newest first, without previews.
    public var recentQueries: [QueryRecord]
    public var threadCount: Int64
    /// Messages, those of tools not counted.
    public var messageCount: Int64
}

extension Store {
    /// The figures of a project, of one moment; nil when it is not this owner's.
    public func summary(projectID: String, userID: String, recent: Int = 10) async throws(StoreError) -> ProjectSummary? {
        await flush()
        return try await scanner.read { session throws(StoreError) in
            try session.snapshot { session throws(StoreError) in
                guard let project = try Store.project(session, id: projectID, userID: userID) else { return nil }
                let id = Parameter.text(projectID)
                var total = Tally()
                for var row in try session.rows("SELECT \(Tally.columns) FROM query_days WHERE project_id = $1", [id]) {
                    total.add(try Tally(&row))
                }
                let recentQueries = try Store.history(
                    session, userID, HistoryFilter(projectID: projectID), .start(.queries), limit: min(max(recent, 0), 100))
                var (threadCount, messageCount): (Int64, Int64) = (0, 0)
                if var row = try session.first(
                    "SELECT count(*) FROM threads WHERE user_id = $1 AND project_id = $2", [.text(userID), id])
                {
                    threadCount = try row.integer()
                }
                if var row = try session.first(
                    "SELECT CAST(coalesce(sum(messages), 0) AS BIGINT) FROM message_days WHERE project_id = $1", [id])
                {
                    messageCount = try row.integer()
                }
                return ProjectSummary(
                    project: project, counts: total.counts, latency: total.p50AndP95,
                    recentQueries: recentQueries, threadCount: threadCount, messageCount: messageCount)
            }
        }
    }
}
