import Databases
import Protocol
import Security
import Store

/// query.stats
extension QueryHandlers {
    /// The period where none is named.
    private static let days: Int64 = 30

    func stats(_ params: QueryStatsParams, _ context: RequestContext) async throws -> QueryStatsResult {
        let identity = try context.identity()
        // The last millisecond of the period: `until` itself is not in it.
        let lastMs = try time(params.until, "until").map { $0 - 1 } ?? Timestamp.now()
        let lastDay = Day.of(lastMs)
        let firstDay = try time(params.since, "since").map(Day.of) ?? lastDay - Self.days + 1
        guard firstDay <= lastDay else { throw RPCError.invalid("since", "must be before until.") }
        guard lastDay - firstDay < Int64(limits.statisticsDays) else {
            throw RPCError.invalid(
                "since", "may be at most \(limits.statisticsDays) days before until.", limit: "statisticsDays")
        }
        let statistics = try await services.store.statistics(
            userID: identity.userID, projectID: try identity.listed(params.projectId), fromMs: firstDay * Day.ms, toMs: lastMs,
            statements: params.statements)
        return QueryStatsResult(
            since: Timestamp.format(statistics.sinceMs), until: Timestamp.format(statistics.untilMs),
            totals: Self.wire(statistics.total), projects: statistics.projects.map(Self.wire),
            days: statistics.days.map {
                WireDayFigures(date: String(Timestamp.format($0.startMs).prefix(10)), figures: Self.wire($0.figures))
            },
            mostFrequent: statistics.mostFrequent.map(Self.wire), slowest: statistics.slowest.map(Self.wire),
            costliest: statistics.costliest.map(Self.wire), mostFailing: statistics.mostFailing.map(Self.wire))
    }

    private static func wire(_ figures: StoredQueryFigures) -> WireQueryFigures {
        let counts = figures.counts
        return WireQueryFigures(
            count: Int(counts.total), success: Int(counts.success), error: Int(counts.error), cancelled: Int(counts.cancelled),
            errorRate: counts.successRate.map { _ in Double(counts.error) / Double(counts.success + counts.error) },
            rows: Int(counts.rows), totalMs: figures.totalMs, meanMs: figures.meanMs, p50Ms: figures.latency.p50Ms,
            p95Ms: figures.latency.p95Ms,
            maxMs: figures.maxMs)
    }

    private static func wire(_ project: StoredProjectFigures) -> WireProjectFigures {
        WireProjectFigures(
            projectId: project.projectID, name: project.name, databaseType: ProjectHandlers.wire(project.databaseType),
            figures: wire(project.figures))
    }

    private static func wire(_ shape: ShapeFigures) -> StatementFigures {
        StatementFigures(
            projectId: shape.projectID, projectName: shape.projectName, shape: StatementShape.name(shape.shape), sql: shape.sql,
            figures: wire(shape.figures), lastQueryId: shape.lastQueryID, lastUsedAt: Timestamp.format(shape.lastUsedAtMs),
            lastMode: shape.lastMode == .write ? .write : .read)
    }
}
