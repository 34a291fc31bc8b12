import Testing

@testable import Store

@Suite struct UsersTests {
    @Test func isFoundByIDAndByTheExactBytesOfTheEmail() async throws {
        try await withStore { store, _ in
            let user = Sample.user(email: "e\u{301}@example.org")
            try await store.createUser(user)
            #expect(try await store.user(id: user.id) == user)
            #expect(try await store.user(email: "e\u{301}@example.org") == user)
            // Equal for Swift, other bytes for the store.
            #expect(try await store.user(email: "\u{e9}@example.org") == nil)
            #expect(try await store.user(email: "E\u{301}@example.org") == nil)
            #expect(try await store.countUsers() == 1)
        }
    }

    @Test func anEmailIsTakenOnce() async throws {
        try await withStore { store, _ in
            try await store.createUser(Sample.user())
            await expectError(.conflict) { try await store.createUser(Sample.user()) }
            let other = Sample.user(email: "grace@example.org")
            try await store.createUser(other)
            await expectError(.conflict) {
                _ = try await store.updateUser(id: other.id, email: "ada@example.org", nowMs: 1)
            }
            #expect(try await store.user(id: other.id) == other)
        }
    }

    @Test func aSignUpRaceHasOneWinner() async throws {
        try await withStore { store, _ in
            let winners = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<50 {
                    group.addTask { (try? await store.createUser(Sample.user())) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            let count = try await store.countUsers()
            #expect(winners == 1 && count == 1)
        }
    }

    @Test func anUpdateChangesOnlyWhatIsGiven() async throws {
        try await withStore { store, _ in
            var user = Sample.user()
            try await store.createUser(user)
            user.name = "Ada \(store.nul) Lovelace \u{1F9EE}"
            user.updatedAtMs = 7
            #expect(try await store.updateUser(id: user.id, name: user.name, nowMs: 7) == user)
            #expect(try await store.user(id: user.id) == user)
            #expect(try await store.updateUser(id: Sample.id(), name: "x", nowMs: 7) == nil)
        }
    }

    @Test func aPasswordHashIsReplacedOnlyFromTheOneThatWasRead() async throws {
        try await withStore { store, _ in
            let user = Sample.user()
            try await store.createUser(user)
            #expect(try await store.setPasswordHash(userID: user.id, from: user.passwordHash, to: "b", nowMs: 2))
            #expect(try await store.setPasswordHash(userID: user.id, from: user.passwordHash, to: "c", nowMs: 3) == false)
            #expect(try await store.user(id: user.id)?.passwordHash == "b")
        }
    }

    /// In one step: who is interrupted in it has the old password and the old sessions, or neither.
    @Test func aChangedPasswordEndsTheSessions() async throws {
        try await withStore { store, _ in
            let user = Sample.user()
            try await store.createUser(user)
            let ids = [Sample.id(), Sample.id()].sorted()
            for id in ids {
                try await store.createSession(
                    SessionRecord(id: id, userID: user.id, client: "", createdAtMs: 1, expiresAtMs: 1_000))
            }
            let policy = ThrottlePolicy(freeFailures: 0)
            try await store.recordFailure(key: "a", policy: policy, nowMs: 1)
            func change(from old: String) async throws -> [String]? {
                try await store.changePassword(
                    userID: user.id, from: old, to: "b", forgetting: "a", reason: "passwordChanged", nowMs: 2)
            }
            let commits = store.health().commits
            #expect(try await change(from: "another") == nil)
            #expect(try await store.validSession(id: ids[0], nowMs: 3, idleMs: 1_000) != nil)
            #expect(try await store.throttle(key: "a", policy: policy, nowMs: 3).failures == 1)
            #expect(try await change(from: user.passwordHash)?.sorted() == ids)
            #expect(store.health().commits == commits + 2)
            for id in ids { #expect(try await store.validSession(id: id, nowMs: 3, idleMs: 1_000) == nil) }
            #expect(try await store.user(id: user.id)?.passwordHash == "b")
            #expect(try await store.throttle(key: "a", policy: policy, nowMs: 3) == ThrottleState())
        }
    }

    @Test func deletingAnAccountTakesAllThatBelongsToItAndNothingElse() async throws {
        try await withStore { store, _ in
            for email in ["ada@example.org", "grace@example.org"] {
                let project = try await store.makeProject(email: email)
                try await store.createSession(
                    SessionRecord(id: Sample.id(), userID: project.userID, client: "", createdAtMs: 1, expiresAtMs: 2))
                try await store.insertRunning(Sample.start(project))
                await store.recordFinished(Sample.start(project), Sample.success())
                try await store.addMessages(project, count: 3)
            }
            let ada = try #require(try await store.user(email: "ada@example.org"))
            #expect(try await store.deleteUser(id: ada.id))
            #expect(try await store.deleteUser(id: ada.id) == false)
            let left = ["users": 1, "sessions": 1, "projects": 1, "queries": 2, "query_days": 1, "threads": 1, "messages": 3]
            for (table, count) in left {
                #expect(try await store.countRows(table) == Int64(count), "\(table)")
            }
            #expect(try await store.integrityProblems() == [])
        }
    }
}
