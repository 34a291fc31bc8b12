import Protocol
import Security
import Store

/// The user's own figures.
struct DashboardHandlers: DashboardAPI {
    let services: Services

    func get(_ params: DashboardGetParams, _ context: RequestContext) async throws -> DashboardGetResult {
        let identity = try context.identity()
        let figures = try await services.store.dashboard(
            userID: identity.userID, days: params.days, nowMs: Timestamp.now(), recent: services.limits.recentItems)
        let counts = figures.counts
        let names = Dictionary(figures.projects.map { ($0.projectID, $0.name) }) { first, _ in first }
        return DashboardGetResult(
            days: params.days, since: Timestamp.format(figures.sinceMs),
            totals: DashboardTotals(
                projects: Int(figures.projectCount), queries: Int(counts.total), messages: Int(figures.messageCount)),
            queriesByStatus: QueriesByStatus(
                running: Int(counts.running), success: Int(counts.success), error: Int(counts.error),
                cancelled: Int(counts.cancelled)),
            successRate: counts.successRate, latency: WireLatency(p50Ms: figures.latency.p50Ms, p95Ms: figures.latency.p95Ms),
            projects: figures.projects.map(Self.wire),
            activity: figures.days.map {
                WireDayActivity(
                    date: String(Timestamp.format($0.startMs).prefix(10)), queries: Int($0.counts.total),
                    errors: Int($0.counts.error))
            },
            recentQueries: figures.recentQueries.map { QueryHandlers.wire($0, projectName: names[$0.start.projectID] ?? "") },
            recentMessages: figures.recentMessages.map(Self.wire))
    }

    private static func wire(_ project: StoredProjectActivity) -> WireProjectActivity {
        WireProjectActivity(
            projectId: project.projectID, name: project.name, databaseType: ProjectHandlers.wire(project.databaseType),
            queries: Int(project.counts.total), errors: Int(project.counts.error), messages: Int(project.messageCount),
            lastUsedAt: project.lastUsedAtMs.map(Timestamp.format))
    }

    private static func wire(_ message: ChatMessageRecord) -> RecentMessage {
        RecentMessage(
            id: message.id, threadId: message.threadID, projectId: message.projectID,
            role: message.role == .user ? .user : .assistant,
            excerpt: String(String.UnicodeScalarView(message.content.unicodeScalars.prefix(200))),
            createdAt: Timestamp.format(message.createdAtMs))
    }
}
