import Protocol
import Security
import Synchronization
import Threads

/// The rates of narrowed tokens: a bucket each, in the memory of this daemon.
final class TokenRates: Sendable {
    /// Buckets kept at once. Past it those that are full, and so as good as new, are forgotten; if none is, new tokens wait.
    static let bucketsMax = 10_000

    private let state = Mutex<[TokenScope.Rate: RateBucket]>([:])

    /// Counts a request of a session. Errors: `rate_limited`, with when to try again.
    func take(_ identity: Identity) throws(RPCError) {
        guard !identity.scope.rates.isEmpty else { return }
        guard let waitMs = wait(identity.scope.rates, nowNs: Monotonic.nowNs) else { return }
        throw RPCError(
            .rateLimited, "The token may make \(identity.scope.requestsPerMinute ?? 0) requests a minute; wait \(waitMs) ms.",
            .init(retryAfterMs: waitMs))
    }

    /// Forgets buckets that are full: a new one is the same.
    func forgetFull(nowNs: UInt64) { state.withLock { buckets in buckets.forgetFull(nowNs: nowNs) } }

    /// The buckets there are.
    var count: Int { state.withLock { $0.count } }

    /// Takes one of each rate; or answers how long to wait until that can be done.
    func wait(_ rates: [TokenScope.Rate], nowNs: UInt64) -> Int? {
        state.withLock { buckets in
            if buckets.count + rates.count > Self.bucketsMax {
                buckets.forgetFull(nowNs: nowNs)
                guard buckets.count + rates.count <= Self.bucketsMax else { return 1_000 }
            }
            var longest: Int?
            for rate in rates {
                let bucket =
                    buckets[rate] ?? RateBucket(perMinute: rate.requestsPerMinute, burst: rate.requestsPerMinute)
                if let waitMs = bucket.take(nowNs: nowNs) { longest = max(longest ?? 0, waitMs) }
                buckets[rate] = bucket
            }
            return longest
        }
    }
}
