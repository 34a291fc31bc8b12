import Protocol
import Security
import Synchronization
import Threads

/// The rates of narrowed tokens: a bucket each, in the memory of this daemon.
final class RateLimiter: Sendable {
    /// Buckets kept at once. Past it those that are full, and so as good as new, are forgotten; if none is, new tokens wait.
    static let bucketsMax = 10_000
    private static let periodMs = 60_000

    private let state = Mutex<[TokenScope.Rate: TokenBucket]>([:])

    /// Counts a request of a session. Errors: `rate_limited`, with when to try again.
    func take(_ identity: Identity) throws(RPCError) {
        guard !identity.scope.rates.isEmpty else { return }
        guard let waitMs = wait(identity.scope.rates, nowNs: Monotonic.nowNs) else { return }
        throw RPCError(
            .rateLimited, "The token may make \(identity.scope.requestsPerMinute ?? 0) requests a minute; wait \(waitMs) ms.",
            .init(retryAfterMs: waitMs))
    }

    /// Takes one of each rate; or answers how long to wait until that can be done.
    func wait(_ rates: [TokenScope.Rate], nowNs: UInt64) -> Int? {
        state.withLock { buckets in
            if buckets.count + rates.count > Self.bucketsMax {
                for (rate, var bucket) in buckets where bucket.isFull(nowNs: nowNs) { buckets[rate] = nil }
                guard buckets.count + rates.count <= Self.bucketsMax else { return 1_000 }
            }
            var longest: Int?
            for rate in rates {
                var bucket =
                    buckets[rate] ?? TokenBucket(count: rate.requestsPerMinute, periodMs: Self.periodMs, nowNs: nowNs)
                if let waitMs = bucket.take(nowNs: nowNs) { longest = max(longest ?? 0, waitMs) }
                buckets[rate] = bucket
            }
            return longest
        }
    }
}
