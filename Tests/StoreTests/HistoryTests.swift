import Databases
import Testing

@testable import Store

@Suite struct HistoryTests {
    @Test func aQueryIsRunningUntilItEndsOnce() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            var start = Sample.start(project, sql: "UPDATE t SET a = '\(store.nul)\u{1F408}' -- é", mode: .write, source: .editor)
            start.label = "nightly"
            try await store.insertRunning(start)
            let running = try await store.query(id: start.id, userID: project.userID)
            #expect(
                running
                    == QueryRecord(
                        start: start, shape: StatementShape(of: start.sql, .postgresql).fingerprint,
                        end: QueryEnd(status: .running)))
            let end = QueryEnd(
                status: .error, errorCode: "query_failed", errorMessage: "no such table", rowCount: 0, affectedRows: 3,
                durationMs: 1.25, sealedPreview: [0, 1, 2])
            #expect(try await store.finishQuery(id: start.id, end))
            #expect(try await store.finishQuery(id: start.id, Sample.success()) == false)
            #expect(
                try await store.query(id: start.id, userID: project.userID)
                    == QueryRecord(start: start, shape: running?.shape ?? 0, end: end))
            #expect(try await store.query(id: start.id, userID: Sample.id()) == nil)
            #expect(try await store.history(userID: project.userID).items.map(\.end.sealedPreview) == [nil])
            await expectError(.conflict) { try await store.insertRunning(start) }
        }
    }

    @Test(arguments: StoreKind.allCases) func whatACrashLeftRunningIsInterruptedAtTheNextStart(kind: StoreKind) async throws {
        let directory = TemporaryDirectory()
        let location = try kind.location(directory)
        let store = try await Store.open(location, nowMs: Sample.nowMs)
        let project = try await store.makeProject()
        let (ended, left) = (Sample.start(project), Sample.start(project, mode: .write))
        for start in [ended, left] { try await store.insertRunning(start) }
        try await store.finishQuery(id: ended.id, Sample.success())
        await store.close()
        let again = try await Store.open(location, nowMs: Sample.nowMs)
        #expect(again.interruptedQueries == 1)
        let record = try await again.query(id: left.id, userID: project.userID)
        #expect(record?.end.status == .error)
        #expect(record?.end.errorCode == "interrupted")
        let summary = try await again.summary(projectID: project.id, userID: project.userID)
        #expect(summary?.counts == QueryCounts(success: 1, error: 1, rows: 1))
        await again.close()
    }

    @Test func filtersAreAndedAndTextStandsForItself() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            var other = project
            (other.id, other.name) = (Sample.id(), "other")
            try await store.createProject(other)
            let now = Sample.nowMs
            let rows: [(QueryStart, QueryEnd)] = [
                (Sample.start(project, sql: "SELECT 100%", atMs: now), Sample.success()),
                (Sample.start(project, sql: "select 100_", mode: .write, atMs: now + 1), QueryEnd(status: .error)),
                (Sample.start(other, sql: "SELECT 'GRÖSSE'", source: .chat, atMs: now + 2), Sample.success()),
                (Sample.start(other, sql: "x\u{0}Y\\'", source: .editor, atMs: now + 3), QueryEnd(status: .cancelled)),
            ]
            for (start, end) in rows { await store.recordFinished(start, end) }
            let cases: [(HistoryFilter, [Int])] = [
                (HistoryFilter(), [3, 2, 1, 0]), (HistoryFilter(projectID: other.id), [3, 2]),
                (HistoryFilter(status: .success), [2, 0]), (HistoryFilter(mode: .write), [1]),
                (HistoryFilter(source: .chat), [2]), (HistoryFilter(text: "SELECT 100"), [1, 0]),
                (HistoryFilter(text: "100%"), [0]), (HistoryFilter(text: "100_"), [1]), (HistoryFilter(text: "größe"), []),
                (HistoryFilter(text: "grösse"), [2]), (HistoryFilter(text: "\u{0}y\\'"), [3]), (HistoryFilter(text: "%"), [0]),
                (HistoryFilter(sinceMs: now + 1, untilMs: now + 3), [2, 1]),
                (HistoryFilter(projectID: project.id, status: .error, mode: .write, source: .script, text: "SEL"), [1]),
                (HistoryFilter(projectID: project.id, source: .chat), []), (HistoryFilter(projectID: Sample.id()), []),
            ]
            for (filter, expected) in cases {
                let found = try await store.history(userID: project.userID, filter: filter)
                #expect(found.items.map(\.start.id) == expected.map { rows[$0].0.id }, "\(filter)")
            }
        }
    }

    @Test(arguments: [1, 3, 50, 1000]) func pagesAreCompleteWhileRowsArrive(limit: Int) async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            // Many rows of one millisecond: the time alone does not order them.
            let starts = (0..<100).map { Sample.start(project, atMs: Sample.nowMs + Int64($0 / 30)) }
            for start in starts { await store.recordFinished(start, Sample.success()) }
            let seen = try await store.all(limit: limit) { page in
                await store.recordFinished(Sample.start(project, atMs: Sample.nowMs + 1_000), Sample.success())
                return try await store.history(userID: project.userID, page: page)
            }
            let old = seen.map(\.start.id).filter { id in starts.contains { $0.id == id } }
            #expect(old == starts.map(\.id).reversed())
            #expect(Set(seen.map(\.start.id)).count == seen.count)
        }
    }

    @Test func aRowOfADeletedProjectIsForgottenQuietly() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            try await store.deleteProject(id: project.id, userID: project.userID)
            await store.recordFinished(Sample.start(project), Sample.success())
            await store.flush()
            #expect(try await store.countRows("queries") == 0)
            #expect(store.health().droppedWrites == 0)
        }
    }
}
