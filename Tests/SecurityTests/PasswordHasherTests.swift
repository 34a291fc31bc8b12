import Testing

@testable import Security

struct PasswordHasherTests {
    private static let cheap = PasswordHash.Parameters(passes: 1, memoryKiB: 8)

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    // MARK: Verdicts

    @Test func hashesAndVerifies() async throws {
        let hasher = PasswordHasher(concurrency: 2, queueCount: 8, parameters: Self.cheap)
        let stored = try await hasher.hash(bytes("a password"))
        #expect(try await hasher.verify(bytes("a password"), against: stored) == .match(needsRehash: false))
        #expect(try await hasher.verify(bytes("A password"), against: stored) == .mismatch)
        #expect(try await hasher.verify(bytes("a password"), against: nil) == .mismatch)
        #expect(try await hasher.verify(bytes("a password"), against: "not a hash") == .mismatch)
        #expect(try await hasher.verify([], against: stored) == .mismatch)
    }

    @Test func aWeakerHashAsksToBeReplacedAndAStrongerOneDoesNot() async throws {
        let weak = try await PasswordHasher(concurrency: 1, queueCount: 8, parameters: Self.cheap).hash(bytes("a password"))
        let strong = PasswordHasher(concurrency: 1, queueCount: 8, parameters: .init(passes: 2, memoryKiB: 1024))
        #expect(try await strong.verify(bytes("a password"), against: weak) == .match(needsRehash: true))
        #expect(try await strong.verify(bytes("wrong"), against: weak) == .mismatch)
        let stored = try await strong.hash(bytes("a password"))
        let hasher = PasswordHasher.forTesting()
        #expect(try await hasher.verify(bytes("a password"), against: stored) == .match(needsRehash: false))
    }

    @Test func longPasswordsAreRefusedBeforeHashing() async throws {
        let hasher = PasswordHasher(concurrency: 1, queueCount: 0)
        let long = [UInt8](repeating: 97, count: 1025)
        await #expect { _ = try await hasher.hash(long) } throws: { ($0 as? SecurityError)?.code == .passwordTooLong }
        #expect(try await hasher.verify(long, against: nil) == .mismatch)
        #expect(hasher.pool.startedCount == 0)
    }

    @Test func anUnknownAccountCostsWhatAKnownOneCosts() async throws {
        let hasher = PasswordHasher(concurrency: 1)
        let stored = try await hasher.hash(bytes("a password"))
        let clock = ContinuousClock()
        var known: [Duration] = []
        var unknown: [Duration] = []
        for _ in 0..<5 {
            known.append(try await clock.measure { _ = try await hasher.verify(bytes("wrong password"), against: stored) })
            unknown.append(try await clock.measure { _ = try await hasher.verify(bytes("wrong password"), against: nil) })
        }
        let ratio = (known.min() ?? .zero) / (unknown.min() ?? .seconds(1))
        #expect((0.5...2).contains(ratio), "\(known) \(unknown)")
    }

    // MARK: Overload

    @Test func callersBeyondTheQueueAreRefusedAtOnceAndTheOthersServedInOrder() async throws {
        let threads = HashingThreads(count: 1, waitingMax: 3)
        let gate = Semaphore()
        let order = Log()
        let first = Task { try await threads.run { gate.wait() } }
        while threads.inHand == 0 { await Task.yield() }
        var waiting: [Task<Void, any Error>] = []
        for index in 0..<3 {
            waiting.append(Task { try await threads.run { order.append(index) } })
            while threads.inHand < index + 2 { await Task.yield() }
        }
        // The one that runs is held back, so an answer can only be an immediate one.
        await #expect { try await threads.run {} } throws: {
            ($0 as? SecurityError)?.code == .busy && ($0 as? SecurityError)?.retryable == true
        }
        gate.signal()
        try await first.value
        for task in waiting { try await task.value }
        #expect(order.values == [0, 1, 2])
        threads.stop()
    }

    @Test func noMoreRunAtOnceThanThereAreThreads() async throws {
        let threads = HashingThreads(count: 3, waitingMax: 1000)
        let running = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await threads.run {
                        running.enter()
                        for _ in 0..<10_000 { running.spin() }
                        running.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(running.most <= 3)
        #expect(threads.startedCount <= 3)
        threads.stop()
    }

    @Test func threadsStartOnlyWhenTheyAreNeeded() async throws {
        let threads = HashingThreads(count: 4, waitingMax: 4)
        #expect(threads.startedCount == 0)
        for _ in 0..<20 { try await threads.run {} }
        #expect((1...2).contains(threads.startedCount))
        threads.stop()
    }

    @Test func aCancelledCallerLeavesTheQueue() async throws {
        let threads = HashingThreads(count: 1, waitingMax: 1)
        let gate = Semaphore()
        let first = Task { try await threads.run { gate.wait() } }
        while threads.inHand == 0 { await Task.yield() }
        let second = Task { try await threads.run { Issue.record("ran although cancelled") } }
        while threads.inHand < 2 { await Task.yield() }
        second.cancel()
        await #expect { try await second.value } throws: { ($0 as? SecurityError)?.code == .cancelled }
        // The place is free again.
        let third = Task { try await threads.run { 3 } }
        while threads.inHand < 2 { await Task.yield() }
        gate.signal()
        try await first.value
        #expect(try await third.value == 3)

        let dead = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await threads.run { 4 }
        }
        dead.cancel()
        _ = try? await dead.value
        threads.stop()
    }

    @Test func aHasherThatGoesTakesItsThreadsAlong() async throws {
        weak var left: HashingThreads?
        do {
            let threads = HashingThreads(count: 2, waitingMax: 2)
            left = threads
            try await threads.run {}
            threads.stop()
        }
        for _ in 0..<1_000_000 where left != nil { await Task.yield() }
        #expect(left == nil)
    }
}
