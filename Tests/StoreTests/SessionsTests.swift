import Testing

@testable import Store

@Suite struct SessionsTests {
    let nowMs = Sample.nowMs

    func session(of user: User, createdAtMs: Int64? = nil, expiresInMs: Int64 = 10_000) -> SessionRecord {
        let created = createdAtMs ?? nowMs
        return SessionRecord(
            id: Sample.id(), userID: user.id, client: "test \u{FFFD} 1", createdAtMs: created, expiresAtMs: created + expiresInMs)
    }

    @Test func isValidUntilItExpiresIdlesOrIsRevoked() async throws {
        try await withStore { store, _ in
            let user = Sample.user()
            try await store.createUser(user)
            let record = session(of: user)
            try await store.createSession(record)
            let found = try #require(try await store.validSession(id: record.id, nowMs: nowMs, idleMs: 5_000))
            #expect(found.session == record)
            #expect(found.user == user)
            #expect(try await store.validSession(id: record.id, nowMs: nowMs + 4_999, idleMs: 5_000) != nil)
            #expect(try await store.validSession(id: record.id, nowMs: nowMs + 5_000, idleMs: 5_000) == nil)
            #expect(try await store.validSession(id: record.id, nowMs: nowMs + 9_999, idleMs: 50_000) != nil)
            #expect(try await store.validSession(id: record.id, nowMs: nowMs + 10_000, idleMs: 50_000) == nil)
            #expect(try await store.revokeSession(id: record.id, userID: user.id, nowMs: nowMs))
            #expect(try await store.validSession(id: record.id, nowMs: nowMs, idleMs: 5_000) == nil)
            #expect(try await store.revokeSession(id: record.id, userID: user.id, nowMs: nowMs) == false)
        }
    }

    @Test func aUseMovesTheIdleLimitAndIsWrittenOnceAMinute() async throws {
        try await withStore { store, _ in
            let user = Sample.user()
            try await store.createUser(user)
            let record = session(of: user, expiresInMs: 1_000_000)
            try await store.createSession(record)
            for second in 0..<120 { await store.touchSession(id: record.id, nowMs: nowMs + Int64(second) * 1_000) }
            await store.flush()
            let found = try await store.validSession(id: record.id, nowMs: nowMs + 120_000, idleMs: 65_000)
            #expect(found?.session.lastUsedAtMs == nowMs + 60_000)
        }
    }

    @Test func anotherAccountsSessionIsLeftAlone() async throws {
        try await withStore { store, _ in
            let (ada, grace) = (Sample.user(), Sample.user(email: "grace@example.org"))
            try await store.createUser(ada)
            try await store.createUser(grace)
            let record = session(of: ada)
            try await store.createSession(record)
            #expect(try await store.revokeSession(id: record.id, userID: grace.id, nowMs: nowMs) == false)
            #expect(try await store.revokeSessions(userID: grace.id, nowMs: nowMs) == [])
            #expect(try await store.validSession(id: record.id, nowMs: nowMs, idleMs: 1_000) != nil)
        }
    }

    @Test func allButOneAreEnded() async throws {
        try await withStore { store, _ in
            let user = Sample.user()
            try await store.createUser(user)
            let records = (0..<5).map { session(of: user, createdAtMs: nowMs + $0) }
            for record in records { try await store.createSession(record) }
            let ended = try await store.revokeSessions(userID: user.id, except: records[2].id, nowMs: nowMs)
            #expect(Set(ended) == Set(records.map(\.id)).subtracting([records[2].id]))
            let left = try await store.sessions(userID: user.id, nowMs: nowMs, idleMs: 10_000)
            #expect(left.items.map(\.id) == [records[2].id])
        }
    }

    @Test func areListedNewestFirstWithoutTheDeadOnes() async throws {
        try await withStore { store, _ in
            let user = Sample.user()
            try await store.createUser(user)
            let records = (0..<7).map { session(of: user, createdAtMs: nowMs + Int64($0 / 3)) }
            for record in records { try await store.createSession(record) }
            try await store.createSession(session(of: user, createdAtMs: nowMs - 50_000))
            let listed = try await store.all(limit: 2) { page in
                try await store.sessions(userID: user.id, nowMs: nowMs + 10, idleMs: 60_000, page: page)
            }
            #expect(listed.map(\.id) == records.map(\.id).reversed())
        }
    }

    @Test func expiredOnesAreForgotten() async throws {
        try await withStore { store, _ in
            let user = Sample.user()
            try await store.createUser(user)
            try await store.createSession(session(of: user, expiresInMs: 5))
            try await store.createSession(session(of: user, expiresInMs: 6))
            #expect(try await store.deleteExpiredSessions(nowMs: nowMs + 5) == 1)
            #expect(try await store.countRows("sessions") == 1)
        }
    }

    @Test func needsItsAccount() async throws {
        try await withStore { store, _ in
            await expectError(.notFound) { try await store.createSession(session(of: Sample.user())) }
        }
    }
}
