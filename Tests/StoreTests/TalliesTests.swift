import Databases
import Testing

@testable import Store

/// Figures from tallies against the same counted from the rows, over random histories, whatever happens to them.
@Suite struct TalliesTests {
    private static let statements = [
        "SELECT * FROM t WHERE id = #", "select a from t where b in (#, #)", "DELETE FROM t WHERE id = #", "SELEC #",
        "INSERT INTO t VALUES (#, '#')",
    ]

    /// What a history should be, by its rows.
    private struct Naive {
        var rows: [(start: QueryStart, end: QueryEnd)] = []

        func figures(_ isIn: (QueryStart) -> Bool) -> (counts: QueryCounts, durations: [Double]) {
            var counts = QueryCounts()
            var durations: [Double] = []
            for (start, end) in rows where isIn(start) {
                switch end.status {
                case .success: counts.success += 1
                case .error: counts.error += 1
                case .cancelled: counts.cancelled += 1
                case .running: counts.running += 1
                }
                counts.rows += end.rowCount ?? 0
                if end.status == .success, let durationMs = end.durationMs { durations.append(durationMs) }
            }
            return (counts, durations.sorted())
        }
    }

    private func expect(
        _ figures: QueryFigures, _ expected: (counts: QueryCounts, durations: [Double]), _ what: String
    ) {
        #expect(figures.counts == expected.counts, "\(what)")
        #expect(figures.maxMs == expected.durations.last, "\(what)")
        #expect(abs(figures.totalMs - expected.durations.reduce(0, +)) < 0.001 * Double(expected.durations.count + 1), "\(what)")
        for (found, percent) in [(figures.latency.p50Ms, 50), (figures.latency.p95Ms, 95)] {
            guard !expected.durations.isEmpty else {
                #expect(found == nil, "\(what)")
                continue
            }
            let exact = expected.durations[(expected.durations.count * percent + 99) / 100 - 1]
            #expect(abs((found ?? -1) - exact) <= 0.016 * exact + 1e-12, "\(what): \(found ?? -1), not \(exact)")
        }
    }

    /// Everything that statistics say of a user, against the rows.
    private func compare(_ store: Store, _ naive: Naive, _ projects: [Project], _ what: String) async throws {
        let user = projects[0].userID
        let today = Day.of(Sample.nowMs)
        // Some days of two weeks, and whole weeks with days around them.
        for (back, project) in [(5, nil), (20, nil)] + projects.map({ (20, $0.id) }) as [(Int64, String?)] {
            let statistics = try await store.statistics(
                userID: user, projectID: project, fromMs: (today - back) * Day.ms, toMs: today * Day.ms, statements: 100)
            let isIn = { (start: QueryStart) in
                start.userID == user && (today - back...today).contains(Day.of(start.createdAtMs))
                    && (project == nil || start.projectID == project)
            }
            expect(statistics.total, naive.figures(isIn), "\(what), total")
            #expect(statistics.days.count == Int(back) + 1)
            for day in statistics.days {
                expect(
                    day.figures, naive.figures { isIn($0) && Day.of($0.createdAtMs) * Day.ms == day.startMs }, "\(what), a day")
            }
            for figures in statistics.projects {
                expect(figures.figures, naive.figures { isIn($0) && $0.projectID == figures.projectID }, "\(what), a project")
            }
            #expect(Set(statistics.projects.map(\.projectID)) == Set(naive.rows.map(\.start).filter(isIn).map(\.projectID)))
            for shape in statistics.mostFrequent {
                let isOne = { (start: QueryStart) in
                    isIn(start) && start.projectID == shape.projectID
                        && StatementShape(of: start.sql, .postgresql).fingerprint == shape.shape
                }
                expect(shape.figures, naive.figures(isOne), "\(what), \(shape.sql)")
                let last = naive.rows.map(\.start).filter(isOne).max { ($0.createdAtMs, $0.id) < ($1.createdAtMs, $1.id) }
                #expect(shape.lastQueryID == last?.id && shape.lastUsedAtMs == last?.createdAtMs && shape.lastMode == last?.mode)
                #expect(shape.sql == last.map { StatementShape(of: $0.sql, .postgresql).text })
            }
            #expect(statistics.mostFrequent.map(\.figures.counts.total).reduce(0, +) == statistics.total.counts.total)
            #expect(statistics.mostFrequent.map(\.figures.counts.total).isSorted)
            #expect(statistics.slowest.map { $0.figures.meanMs ?? 0 }.isSorted)
            #expect(statistics.costliest.map(\.figures.totalMs).isSorted)
            #expect(statistics.mostFailing.map(\.figures.counts.error).isSorted)
            #expect(statistics.mostFailing.allSatisfy { $0.figures.counts.error > 0 })
        }
        #expect(try await store.integrityProblems() == [])
    }

    /// Queries of some days, a few of which still run.
    private func write(_ count: Int, to store: Store, _ projects: [Project]) async throws -> Naive {
        var naive = Naive()
        var random = SystemRandomNumberGenerator()
        for number in 0..<count {
            let project = projects.randomElement(using: &random) ?? projects[0]
            var sql = Self.statements.randomElement(using: &random) ?? ""
            sql = sql.map { $0 == "#" ? String(Int.random(in: 0...9_999, using: &random)) : String($0) }.joined()
            let start = Sample.start(
                project, sql: sql, mode: number % 3 == 0 ? .write : .read,
                atMs: Sample.nowMs - Int64.random(in: 0..<8 * Day.ms, using: &random))
            let status = [QueryStatus.success, .success, .error, .cancelled].randomElement(using: &random) ?? .success
            let end = QueryEnd(
                status: status, rowCount: Bool.random() ? Int64.random(in: 0...100, using: &random) : nil,
                durationMs: number % 19 == 0 ? nil : Double(Int.random(in: 1...1_000_000, using: &random)) / 1_000)
            if start.mode == .write {
                try await store.insertRunning(start)
                if number % 30 == 0 {
                    naive.rows.append((start, QueryEnd(status: .running)))
                    continue
                }
                try await store.finishQuery(id: start.id, end)
            } else {
                await store.recordFinished(start, end)
            }
            naive.rows.append((start, end))
        }
        return naive
    }

    @Test(arguments: StoreKind.allCases) func figuresAreThoseOfTheRowsWhateverHappens(kind: StoreKind) async throws {
        let directory = TemporaryDirectory()
        let location = try kind.location(directory)
        var store = try await Store.open(location, nowMs: Sample.nowMs)
        let first = try await store.makeProject()
        var second = first
        (second.id, second.name) = (Sample.id(), "other")
        try await store.createProject(second)
        let foreign = try await store.makeProject(email: "grace@example.org")
        let projects = [first, second]
        var naive = try await write(700, to: store, [first, first, second, foreign])
        try await compare(store, naive, projects, "written")
        // A part is forgotten by id, with the longest of all, somebody else's and one that runs among them.
        let longest = naive.rows.filter { $0.start.userID == first.userID && $0.end.status == .success }
            .max { $0.end.durationMs ?? 0 < $1.end.durationMs ?? 0 }
        let ids = naive.rows.shuffled().prefix(150).map(\.start.id) + [longest?.start.id ?? "", Sample.id()]
        let gone = try await store.forgetHistory(userID: first.userID, .queries(ids + ids))
        let before = naive.rows.count
        naive.rows.removeAll { ids.contains($0.start.id) && $0.start.userID == first.userID && $0.end.status != .running }
        #expect(gone == before - naive.rows.count)
        #expect(try await store.forgetHistory(userID: first.userID, .queries(ids)) == 0)
        try await compare(store, naive, projects, "forgotten by id")
        // A time is forgotten of one project, while the index has some of the rows.
        try await store.indexHistory()
        let beforeMs = Sample.nowMs - 5 * Day.ms
        _ = try await store.forgetHistory(userID: first.userID, .all(projectID: second.id, beforeMs: beforeMs))
        #expect(try await store.forgetHistory(userID: first.userID, .all(projectID: foreign.id, beforeMs: nil)) == 0)
        naive.rows.removeAll { $0.start.projectID == second.id && $0.start.createdAtMs < beforeMs && $0.end.status != .running }
        try await compare(store, naive, projects, "forgotten by time")
        // The daemon ends, and what ran is interrupted.
        await store.close()
        store = try await Store.open(location, nowMs: Sample.nowMs)
        for index in naive.rows.indices where naive.rows[index].end.status == .running {
            naive.rows[index].end = QueryEnd(status: .error, errorCode: "interrupted")
        }
        try await compare(store, naive, projects, "interrupted")
        // Retention takes the oldest of each user.
        try await store.pruneHistory(rowsPerUser: 100, days: 2, nowMs: Sample.nowMs)
        naive.rows.sort { ($0.start.createdAtMs, $0.start.id) > ($1.start.createdAtMs, $1.start.id) }
        naive.rows = [first.userID, foreign.userID].flatMap { user in
            naive.rows.filter { $0.start.userID == user && $0.start.createdAtMs >= Sample.nowMs - 2 * Day.ms }.prefix(100)
        }
        try await compare(store, naive, projects, "pruned")
        #expect(try await store.countRows("queries") == Int64(naive.rows.count))
        // With the last row goes all that was known of statements.
        _ = try await store.forgetHistory(userID: first.userID, .all(projectID: nil, beforeMs: .max))
        naive.rows.removeAll { $0.start.userID == first.userID }
        try await compare(store, naive, projects, "all forgotten")
        try await store.deleteUser(id: foreign.userID)
        for table in ["queries", "query_days", "shape_spans", "query_shapes"] {
            #expect(try await store.countRows(table) == 0, "\(table)")
        }
        await store.close()
    }

    @Test func retentionOfNoughtKeepsAll() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            for day in 0..<5 {
                await store.recordFinished(
                    Sample.start(project, atMs: Sample.nowMs - Int64(day) * 400 * Day.ms), Sample.success())
            }
            #expect(try await store.pruneHistory(rowsPerUser: 0, days: 0, nowMs: Sample.nowMs) == 0)
            #expect(try await store.pruneHistory(rowsPerUser: 5, days: 5_000, nowMs: Sample.nowMs) == 0)
            #expect(try await store.pruneHistory(rowsPerUser: 0, days: 401, nowMs: Sample.nowMs) == 3)
            #expect(try await store.pruneHistory(rowsPerUser: 1, days: 0, nowMs: Sample.nowMs) == 1)
            #expect(try await store.history(userID: project.userID).items.map(\.start.createdAtMs) == [Sample.nowMs])
        }
    }

    @Test func pruningStopsAfterItsSteps() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            for number in 0..<(3 * Store.forgetBatch) {
                await store.recordFinished(Sample.start(project, atMs: Sample.nowMs + Int64(number)), Sample.success())
            }
            #expect(try await store.pruneHistory(rowsPerUser: 1, days: 0, nowMs: Sample.nowMs, steps: 2) == 2 * Store.forgetBatch)
            let left = try await store.pruneHistory(rowsPerUser: 1, days: 0, nowMs: Sample.nowMs)
            #expect(left == Store.forgetBatch - 1)
        }
    }
}

extension Collection where Element: Comparable {
    /// Whether nothing is above what is before it.
    fileprivate var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0 >= $1 } }
}
