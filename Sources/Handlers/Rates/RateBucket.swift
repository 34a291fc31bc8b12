import Synchronization

/// So many a minute, and some at once: a token bucket that is kept as one time, the one at which it would be full again.
///
/// The generic cell rate algorithm (ITU-T I.371): nothing is refilled by anybody, and to take is one compare-and-exchange.
final class RateBucket: Sendable {
    private let intervalNs: UInt64
    private let toleranceNs: UInt64
    private let fullNs = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - perMinute: at least 1.
    ///   - burst: how many may be taken at once from a full bucket; at least 1.
    init(perMinute: Int, burst: Int) {
        intervalNs = 60_000_000_000 / UInt64(max(perMinute, 1))
        toleranceNs = intervalNs * UInt64(max(burst, 1) - 1)
    }

    /// Takes one.
    ///
    /// - Parameter nowNs: of the monotonic clock.
    /// - Returns: nil when there was one, else in how many milliseconds there will be, at least 1.
    func take(nowNs: UInt64) -> Int? {
        var known = fullNs.load(ordering: .relaxed)
        while true {
            let start = max(known, nowNs)
            let ahead = start - nowNs
            guard ahead <= toleranceNs else { return Int((ahead - toleranceNs + 999_999) / 1_000_000) }
            let (isTaken, found) = fullNs.weakCompareExchange(
                expected: known, desired: start + intervalNs, ordering: .relaxed)
            if isTaken { return nil }
            known = found
        }
    }

    /// Whether it is as if it had never been used.
    func isFull(nowNs: UInt64) -> Bool { fullNs.load(ordering: .relaxed) <= nowNs }
}

extension Dictionary where Value == RateBucket {
    /// Takes out those that are full: to have none is the same.
    mutating func forgetFull(nowNs: UInt64) { self = filter { !$0.value.isFull(nowNs: nowNs) } }
}
