import Databases
import Testing

@testable import Store

@Suite struct StatisticsTests {
    /// Nearest rank by its definition, the slow way.
    func percentile(_ values: [Double], _ percent: Double) -> Double? {
        guard !values.isEmpty else { return nil }
        let rank = (percent * Double(values.count) / 100).rounded(.up)
        return values.sorted()[Int(rank) - 1]
    }

    /// Whether two are as near as the contract says.
    func isNear(_ found: Double?, _ exact: Double?) -> Bool {
        guard let found, let exact else { return found == nil && exact == nil }
        return abs(found - exact) <= 0.016 * exact
    }

    @Test(arguments: [0, 1, 2, 3, 19, 20, 21, 40, 100, 101]) func percentilesAreNearestRank(count: Int) async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            var random = SystemRandomNumberGenerator()
            let durations = (0..<count).map { _ in Double(Int.random(in: 1..<40, using: &random)) / 4 }
            for duration in durations { await store.recordFinished(Sample.start(project), Sample.success(duration)) }
            // Neither counts: one failed, one says no duration.
            await store.recordFinished(Sample.start(project), QueryEnd(status: .error, durationMs: 1e9))
            await store.recordFinished(Sample.start(project), QueryEnd(status: .success))
            let summary = try await store.summary(projectID: project.id, userID: project.userID)
            let dashboard = try await store.dashboard(userID: project.userID, days: 1, nowMs: Sample.nowMs)
            for latency in [summary?.latency, dashboard.latency] {
                #expect(isNear(latency?.p50Ms, percentile(durations, 50)) && isNear(latency?.p95Ms, percentile(durations, 95)))
            }
        }
    }

    /// However long the history is, a statement is not looked for among the others.
    @Test func aStatementsFiguresAreFoundByItsShape() async throws {
        try await withStore(on: [.sqlite]) { store, _ in
            for (sql, index, parameters) in [
                (Store.spansOfShape, "shape_spans USING INDEX shape_spans_of_shape (project_id=? AND shape=?", "tiiiit"),
                (Store.lastOfShape, "queries USING INDEX queries_of_shape (user_id=? AND shape=?", "tiiit"),
            ] {
                let plan = try await store.write { session throws(StoreError) in
                    var plan: [String] = []
                    let values: [Parameter] = parameters.map { $0 == "t" ? .text("") : .integer(0) }
                    for var row in try session.rows("EXPLAIN QUERY PLAN \(sql)", values) {
                        _ = try (row.integer(), row.integer(), row.integer())
                        plan.append(try row.text())
                    }
                    return plan
                }
                #expect(plan.contains { $0.contains(index) }, "\(plan)")
            }
        }
    }

    @Test func aNewAccountHasEmptyFigures() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let summary = try #require(try await store.summary(projectID: project.id, userID: project.userID))
            #expect(summary.project == project)
            #expect(summary.counts == QueryCounts() && summary.counts.successRate == nil)
            #expect(summary.latency == Latency() && summary.recentQueries.isEmpty && summary.messageCount == 0)
            let dashboard = try await store.dashboard(userID: project.userID, days: 7, nowMs: Sample.nowMs)
            #expect(dashboard.days.count == 7 && dashboard.days.allSatisfy { $0.counts == QueryCounts() })
            #expect(dashboard.projects.map(\.counts) == [QueryCounts()])
        }
    }

    @Test func aProjectsSummaryCountsItsOwnRowsOnly() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            var other = project
            (other.id, other.name) = (Sample.id(), "other")
            try await store.createProject(other)
            await store.recordFinished(Sample.start(project), Sample.success(2, rows: 10))
            await store.recordFinished(Sample.start(project), Sample.success(4, rows: 5))
            await store.recordFinished(Sample.start(project), QueryEnd(status: .cancelled))
            await store.recordFinished(Sample.start(project), QueryEnd(status: .error))
            await store.recordFinished(Sample.start(other), Sample.success(8, rows: 1_000))
            try await store.insertRunning(Sample.start(project))
            try await store.addMessages(project, count: 5)
            try await store.addMessages(other, count: 9)
            let summary = try #require(try await store.summary(projectID: project.id, userID: project.userID, recent: 2))
            #expect(summary.counts == QueryCounts(success: 2, error: 1, cancelled: 1, running: 1, rows: 15))
            #expect(summary.counts.total == 5)
            #expect(summary.counts.successRate == 2.0 / 3)
            #expect(isNear(summary.latency.p50Ms, 2) && isNear(summary.latency.p95Ms, 4))
            #expect(summary.recentQueries.count == 2)
            #expect(summary.threadCount == 1)
            #expect(summary.messageCount == 5)
        }
    }

    @Test func daysAreUTCAndTheirEdgesExact() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let today = Day.of(Sample.nowMs) * Day.ms
            // The last moment of the day before the first, both edges of the first, one in the middle, the last of today.
            let times = [today - 2 * Day.ms - 1, today - 2 * Day.ms, today - Day.ms - 1, today, today + Day.ms - 1]
            for time in times { await store.recordFinished(Sample.start(project, atMs: time), Sample.success()) }
            await store.recordFinished(Sample.start(project, atMs: today + Day.ms), Sample.success(99))
            let dashboard = try await store.dashboard(userID: project.userID, days: 3, nowMs: today + 7)
            #expect(dashboard.sinceMs == today - 2 * Day.ms)
            #expect(dashboard.days.map(\.startMs) == [today - 2 * Day.ms, today - Day.ms, today])
            #expect(dashboard.days.map(\.counts.success) == [2, 0, 2])
            #expect(dashboard.counts == QueryCounts(success: 4, rows: 4))
            #expect(isNear(dashboard.latency.p50Ms, 1) && isNear(dashboard.latency.p95Ms, 1))
            #expect(dashboard.recentQueries.map(\.start.createdAtMs) == times.dropFirst().reversed())
            #expect(Day.of(-1) == -1 && Day.of(-Day.ms) == -1 && Day.of(-Day.ms - 1) == -2 && Day.of(0) == 0)
        }
    }

    @Test func aDashboardShowsAllProjectsAndOnlyTheUsersOwn() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let foreign = try await store.makeProject(email: "grace@example.org")
            var idle = project
            (idle.id, idle.name, idle.createdAtMs) = (Sample.id(), "idle", Sample.nowMs + 1)
            try await store.createProject(idle)
            for (target, end) in [
                (project, Sample.success(3, rows: 7)), (project, QueryEnd(status: .error)), (foreign, Sample.success(50)),
            ] {
                await store.recordFinished(Sample.start(target), end)
                try await store.addMessages(target, count: 2)
            }
            let dashboard = try await store.dashboard(userID: project.userID, days: 30, nowMs: Sample.nowMs + 10, recent: 3)
            #expect(dashboard.projectCount == 2)
            #expect(dashboard.threadCount == 2 && dashboard.messageCount == 4)
            #expect(dashboard.projects.map(\.name) == ["shop", "idle"])
            #expect(dashboard.projects.map(\.counts) == [QueryCounts(success: 1, error: 1, rows: 7), QueryCounts()])
            #expect(dashboard.projects.map(\.messageCount) == [4, 0])
            #expect(dashboard.projects.map(\.lastUsedAtMs) == [nil, nil])
            await store.touchProject(id: idle.id, nowMs: Sample.nowMs + 5)
            let used = try await store.dashboard(userID: project.userID, days: 30, nowMs: Sample.nowMs + 10)
            #expect(used.projects.map(\.lastUsedAtMs) == [nil, Sample.nowMs + 5])
            #expect(dashboard.counts == QueryCounts(success: 1, error: 1, rows: 7))
            #expect(dashboard.recentQueries.count == 2)
            #expect(dashboard.recentMessages.count == 3)
            #expect(dashboard.recentMessages.allSatisfy { $0.projectID == project.id })
        }
    }

    @Test func dailyCountsStayThoseOfTheRows() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let start = Sample.start(project, atMs: Sample.nowMs + Int64(number) * 10_000_000)
                        try await store.insertRunning(start)
                        if number % 3 > 0 {
                            let end = QueryEnd(status: number % 3 == 1 ? .success : .error, rowCount: Int64(number))
                            try await store.finishQuery(id: start.id, end)
                            try await store.finishQuery(id: start.id, end)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let counts = try await store.summary(projectID: project.id, userID: project.userID)?.counts
            let rows = (0..<200).filter { $0 % 3 > 0 }.reduce(0, +)
            #expect(counts == QueryCounts(success: 67, error: 66, running: 67, rows: Int64(rows)))
            #expect(try await store.integrityProblems() == [])
            try await store.write { session throws(StoreError) in
                try session.execute("UPDATE query_days SET error = 0; UPDATE shape_spans SET error = 0")
            }
            #expect(try await store.integrityProblems().count == 3)
        }
    }
}
