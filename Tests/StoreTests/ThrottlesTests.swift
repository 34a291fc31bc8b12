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
        let stopping = ThrottlePolicy(freeFailures: 5, failuresMax: 7)
        #expect((5...8).map { stopping.delayMs(after: $0) } == [0, 1_000, 86_400_000, 86_400_000])
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

    /// Log-ins of one person at once take the time each for themselves, and are counted in another order.
    @Test func anAttemptThatWasCountedLaterWaitsForNobody() async throws {
        try await withStore { store, _ in
            let keys = [("account", ThrottlePolicy()), ("peer", ThrottlePolicy())]
            #expect(try await store.beginAttempt(keys, nowMs: nowMs + 10) == .allowed)
            #expect(try await store.beginAttempt(keys, nowMs: nowMs) == .allowed)
            try await store.attemptSucceeded(AttemptKeys(account: "account", peer: "peer"), nowMs: nowMs + 20)
            #expect(try await store.beginAttempt(keys, nowMs: nowMs + 5) == .allowed)
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

    /// Of two that arrive together, the one that is counted later may have come first: where nobody has to wait, it need not either.
    @Test func freeAttemptsDoNotWaitForEachOther() async throws {
        try await withStore { store, _ in
            let keys = AttemptKeys(account: "account", peer: "peer")
            for early in 0..<3 {
                let verdict = try await store.beginAttempt([("account", ThrottlePolicy())], nowMs: nowMs - Int64(early))
                #expect(verdict == .allowed)
            }
            // A success says nothing of a wait either.
            _ = try await store.beginAttempt([("account", ThrottlePolicy()), ("peer", ThrottlePolicy())], nowMs: nowMs + 5)
            _ = try await store.beginAttempt([("peer", ThrottlePolicy())], nowMs: nowMs + 5)
            try await store.attemptSucceeded(keys, nowMs: nowMs + 10)
            #expect(try await store.beginAttempt([("peer", ThrottlePolicy())], nowMs: nowMs + 1) == .allowed)
        }
    }

    /// Somebody who guesses as often as is allowed: a hundred tries that take most of a day, then none for a day.
    @Test func aHundredFailuresAreTheMost() async throws {
        try await withStore { store, _ in
            let policy = ThrottlePolicy(freeFailures: 5, failuresMax: 100)
            let day: Int64 = 86_400_000
            var timeMs = nowMs
            var tries: [Int64] = []
            while timeMs < nowMs + 3 * day {
                switch try await store.beginAttempt([("account", policy)], nowMs: timeMs) {
                case .allowed: tries.append(timeMs - nowMs)
                case .refused(let retryAfterMs): timeMs += retryAfterMs
                case .stopped(let retryAfterMs):
                    #expect(tries.count % 100 == 0 && retryAfterMs == day)
                    // Refused attempts neither count nor prolong it.
                    let late = try await store.attemptVerdict([("account", policy)], nowMs: timeMs + day - 1)
                    #expect(late == .stopped(retryAfterMs: 1))
                    timeMs += retryAfterMs
                }
            }
            let beforeStop = tries.filter { $0 < 2 * day - day / 4 }
            #expect(beforeStop.count == 100 && (beforeStop.last ?? 0) > day * 3 / 4)
            // A hundred in the first two days, and in the next two.
            #expect(tries.count == 200)
        }
    }

    /// What clears an account's count takes as much from the peer's and no more.
    @Test func aSuccessTakesBackOnlyItsOwn() async throws {
        try await withStore { store, _ in
            let policy = ThrottlePolicy(freeFailures: 3)
            func attempt(_ account: String, succeeds: Bool = false) async throws -> ThrottleVerdict {
                let verdict = try await store.beginAttempt([(account, policy), ("peer", policy)], nowMs: nowMs)
                if succeeds { try await store.attemptSucceeded(AttemptKeys(account: account, peer: "peer"), nowMs: nowMs) }
                return verdict
            }
            func failures(_ keys: String...) async throws -> [Int] {
                var counts: [Int] = []
                for key in keys { counts.append(try await store.throttle(key: key, policy: policy, nowMs: nowMs).failures) }
                return counts
            }
            for _ in 0..<2 { #expect(try await attempt("victim") == .allowed) }
            #expect(try await attempt("own") == .allowed)
            #expect(try await attempt("own", succeeds: true) == .allowed)
            #expect(try await failures("own", "victim", "peer") == [0, 2, 2])
            // However often: the fourth failure elsewhere has to be waited for.
            for _ in 0..<10 { #expect(try await attempt("own", succeeds: true) == .allowed) }
            #expect(try await attempt("another") == .allowed)
            for _ in 0..<10 { #expect(try await attempt("own", succeeds: true) == .allowed) }
            #expect(try await attempt("another") == .allowed)
            #expect(try await attempt("own") == .refused(retryAfterMs: 1_000))
            // Signing up is at no account.
            try await store.attemptSucceeded(AttemptKeys(peer: "peer"), nowMs: nowMs)
            #expect(try await failures("peer") == [3])
            // An attempt for which there was no room was none.
            try await store.attemptWithdrawn(AttemptKeys(account: "another", peer: "peer"), nowMs: nowMs)
            #expect(try await failures("another", "peer") == [1, 2])
            try await store.recordFailure(key: "another", policy: policy, nowMs: nowMs)
            try await store.recordFailure(key: "peer", policy: policy, nowMs: nowMs)
            // Nothing is left of a peer that failed nowhere else.
            try await store.attemptSucceeded(AttemptKeys(account: "victim", peer: "peer"), nowMs: nowMs)
            try await store.attemptSucceeded(AttemptKeys(account: "another", peer: "peer"), nowMs: nowMs)
            #expect(try await store.countRows("throttles") == 0)
        }
    }

    @Test(arguments: StoreKind.allCases) func survivesARestartAndIsPruned(kind: StoreKind) async throws {
        let directory = TemporaryDirectory()
        let location = try kind.location(directory)
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
