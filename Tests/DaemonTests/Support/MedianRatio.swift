/// Compares what two things cost, on a machine that does others as well.
enum MedianRatio {
    /// The median time of `one` divided by that of `other`, each done `count` times, by turns.
    static func of(
        count: Int, _ one: () async throws -> Void, _ other: () async throws -> Void
    ) async throws -> Double {
        let clock = ContinuousClock()
        var first: [Duration] = []
        var second: [Duration] = []
        for _ in 0..<count {
            first.append(try await clock.measure { try await one() })
            second.append(try await clock.measure { try await other() })
        }
        return first.sorted()[count / 2] / second.sorted()[count / 2]
    }
}
