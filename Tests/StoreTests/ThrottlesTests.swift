import Testing

@testable import Store

@Suite struct ThrottlesTests {
    let nowMs = Sample.nowMs

    @Test func theWaitDoublesUpToItsCap() {
        let policy = ThrottlePolicy(freeFailures: 2)
        let delays = (0...16).map { policy.delayMs(after: $0) }
        #expect(delays[...8] == [0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000])
        #expect(delays[11] == 256_000 && delays[12] == 512_000 && delays[13] == 900_000 && delays[16] == 900_000)
        #expect(policy.delayMs(after: .max) == 900_000)
        #expect(ThrottlePolicy(firstDelayMs: .max, delayMsMax: .max).delayMs(after: 100) == .max)
    }

    @Test func failuresAddUpUntilClearedOrForgotten() async throws {
        try await withStore { store, _ in
            let policy = ThrottlePolicy(freeFailures: 0)
            #expect(try await store.throttle(key: "a", policy: policy, nowMs: nowMs) == ThrottleState())
            try await store.recordFailure(key: "a", policy: policy, nowMs: nowMs)
            let state = try await store.recordFailure(key: "a", policy: policy, nowMs: nowMs + 1)
            #expect(state == ThrottleState(failures: 2, nextAllowedAtMs: nowMs + 2_001))
            #expect(try await store.throttle(key: "a", policy: policy, nowMs: nowMs + 2) == state)
            #expect(try await store.throttle(key: "a", policy: policy, nowMs: nowMs + 86_400_001) == ThrottleState())
            #expect(try await store.throttle(key: "b", policy: policy, nowMs: nowMs) == ThrottleState())
            try await store.clearThrottles(keys: ["a"])
            #expect(try await store.throttle(key: "a", policy: policy, nowMs: nowMs) == ThrottleState())
        }
    }

    @Test func attemptsThatArriveTogetherCannotAllPass() async throws {
        try await withStore { store, _ in
            let verdicts = try await withThrowingTaskGroup(of: ThrottleVerdict.self) { group in
                for peer in 0..<100 {
                    group.addTask {
                        try await store.beginAttempt(
                            [("account", ThrottlePolicy()), ("peer\(peer)", ThrottlePolicy())], nowMs: nowMs)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // Three are free; the fourth starts the clock.
            #expect(verdicts.filter { $0 == .allowed }.count == 4)
            #expect(verdicts.filter { $0 == .refused(retryAfterMs: 1_000) }.count == 96)
            let after = try await store.beginAttempt([("account", ThrottlePolicy())], nowMs: nowMs + 1_000)
            #expect(after == .allowed)
            // Refused attempts counted under no key.
            #expect(try await store.countRows("throttles") == 5)
        }
    }

    @Test func survivesARestartAndIsPruned() async throws {
        let directory = TemporaryDirectory()
        let location = StoreLocation.sqlite(path: directory.path + "/store.db")
        let first = try await Store.open(location, nowMs: nowMs)
        for _ in 0..<5 { try await first.recordFailure(key: "\u{0}k", nowMs: nowMs) }
        await first.close()
        let second = try await Store.open(location, nowMs: nowMs)
        #expect(
            try await second.throttle(key: "\u{0}k", nowMs: nowMs) == ThrottleState(failures: 5, nextAllowedAtMs: nowMs + 2_000))
        #expect(try await second.pruneThrottles(beforeMs: nowMs) == 0)
        #expect(try await second.pruneThrottles(beforeMs: nowMs + 1) == 1)
        await second.close()
    }
}
