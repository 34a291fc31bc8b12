import Databases
import Testing

@testable import Store

@Suite struct GroupCommitTests {
    @Test func concurrentWritesShareCommits() async throws {
        try await withStore { store, _ in
            let before = store.health().commits
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<400 {
                    group.addTask { try await store.createUser(Sample.user(email: "\(number)@example.org")) }
                }
                try await group.waitForAll()
            }
            let (commits, users) = (store.health().commits - before, try await store.countUsers())
            #expect(users == 400)
            #expect(commits >= 1 && commits <= 100, "\(commits) commits for 400 writes")
        }
    }

    @Test func aFailingWriteIsRolledBackAlone() async throws {
        try await withStore { store, _ in
            try await store.createUser(Sample.user(email: "taken@example.org"))
            let failed = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        // Two statements each; every fourth fails in its second and must leave nothing of its first.
                        let user = Sample.user(email: "\(number)@example.org")
                        let second = Sample.user(email: number % 4 == 0 ? "taken@example.org" : "second\(number)@example.org")
                        let result: Void? = try? await store.write { session throws(StoreError) in
                            for user in [user, second] {
                                try session.change(
                                    "INSERT INTO users (\(User.columns)) VALUES ($1, $2, $3, '', 0, 0)",
                                    [.text(user.id), .text(user.name), .text(user.email)])
                            }
                        }
                        return result == nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            let users = try await store.countUsers()
            #expect(failed == 25)
            #expect(users == 1 + 75 * 2)
            #expect(try await store.user(email: "0@example.org") == nil)
            #expect(try await store.user(email: "1@example.org") != nil)
        }
    }

    @Test func whenTheTransactionIsLostEachWriteGetsItsOwnVerdict() async throws {
        try await withStore { store, _ in
            // What a full disk does to SQLite: the transaction ends under the group's feet.
            let results = await withTaskGroup(of: (Int, StoreError.Code?).self) { group in
                for number in 0..<40 {
                    group.addTask {
                        do throws(StoreError) {
                            try await store.write { session throws(StoreError) in
                                try session.change(
                                    "INSERT INTO throttles VALUES ($1, 1, 1, 1)", [.text("\(number)")])
                                if number == 20 {
                                    try session.execute("ROLLBACK")
                                    throw StoreError(.full, "full")
                                }
                            }
                            return (number, nil)
                        } catch {
                            return (number, error.code)
                        }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            let written = try await store.countRows("throttles")
            #expect(results == [20: .full])
            #expect(written == 39)
        }
    }

    @Test func aFullDiskFailsWritesNotReadsAndNeedsNoRestart() async throws {
        try await withStore(on: [.sqlite]) { store, _ in
            let project = try await store.makeProject()
            try await store.write { session throws(StoreError) in
                var row = try session.first("PRAGMA page_count")
                _ = try session.rows("PRAGMA max_page_count = \(row?.integer() ?? 0)")
            }
            let large = String(repeating: "x", count: 100_000)
            await expectError(.full) { try await store.insertRunning(Sample.start(project, sql: large)) }
            await store.recordFinished(Sample.start(project, sql: large), Sample.success())
            #expect(try await store.history(userID: project.userID).items.isEmpty)
            #expect(try await store.project(id: project.id, userID: project.userID) == project)
            #expect(store.health().lastError != nil)
            try await store.write { session throws(StoreError) in _ = try session.rows("PRAGMA max_page_count = 1000000") }
            try await store.insertRunning(Sample.start(project, sql: large))
            await store.close()
            #expect(store.health().droppedWrites == 0)
        }
    }

    @Test func aCancelledCallersWriteIsStillMade() async throws {
        try await withStore { store, _ in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await store.createUser(Sample.user())
            }
            try await task.value
            #expect(try await store.user(email: "ada@example.org") != nil)
        }
    }

    @Test(arguments: StoreKind.allCases) func lazyWritesAreBatchedSeenAndFlushedAtTheEnd(kind: StoreKind) async throws {
        let directory = TemporaryDirectory()
        let location = try kind.location(directory)
        let store = try await Store.open(location, nowMs: Sample.nowMs)
        let project = try await store.makeProject()
        let before = store.health().commits
        for _ in 0..<500 { await store.recordFinished(Sample.start(project), Sample.success()) }
        let seen = try await store.all(limit: 100) { try await store.history(userID: project.userID, page: $0) }
        #expect(seen.count == 500)
        #expect(store.health().commits - before <= 10)
        for _ in 0..<500 { await store.recordFinished(Sample.start(project), Sample.success()) }
        await store.close()
        let again = try await Store.open(location, nowMs: Sample.nowMs)
        #expect(try await again.countRows("queries") == 1_000)
        await again.close()
    }

    @Test func aReadSeesEveryLazyWriteBeforeIt() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            for round in 1...4 {
                // More than one group takes.
                for _ in 0..<2_500 { await store.recordFinished(Sample.start(project), Sample.success()) }
                let summary = try await store.summary(projectID: project.id, userID: project.userID)
                #expect(summary?.counts.total == Int64(round * 2_500))
            }
        }
    }

    @Test func moreLazyWritesThanMayWaitHoldTheirCallersBackAndLoseNone() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let count = WriteQueue.lazyMax + 3_000
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<count {
                    group.addTask { await store.recordFinished(Sample.start(project), Sample.success()) }
                }
            }
            #expect(store.health().waitingWrites <= WriteQueue.lazyMax)
            await store.flush()
            while store.writer.hasLazyWrites { await store.flush() }
            #expect(try await store.countRows("queries") == Int64(count))
            #expect(store.health().droppedWrites == 0)
        }
    }
}
