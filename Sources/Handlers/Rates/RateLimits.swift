import Protocol
import Synchronization
import Threads

/// How often something may be asked for: a bucket for each account and peer that asks.
final class RateLimits: Sendable {
    /// What is counted, by the name of its limit.
    enum Kind: String {
        case requestsPerMinute, queriesPerMinute, chatTurnsPerMinute, loginsPerMinute
    }

    private struct Key: Hashable {
        var kind: Kind
        var subject: String
    }

    /// Buckets kept at once; past it those go that are full, which is to have none.
    private static let bucketsMax = 16_384
    /// Of a minute's worth, so much may come at once.
    private static let burstsPerMinute = 6

    private let limits: Limits
    private let buckets = Mutex<[Key: RateBucket]>([:])

    init(limits: Limits) { self.limits = limits }

    private func perMinute(_ kind: Kind) -> Int {
        switch kind {
        case .requestsPerMinute: limits.requestsPerMinute
        case .queriesPerMinute: limits.queriesPerMinute
        case .chatTurnsPerMinute: limits.chatTurnsPerMinute
        case .loginsPerMinute: limits.loginsPerMinute
        }
    }

    /// The bucket of an account or a peer; nil where there is no limit.
    func bucket(_ kind: Kind, of subject: String) -> RateBucket? {
        let perMinute = perMinute(kind)
        guard perMinute > 0 else { return nil }
        return buckets.withLock { buckets in
            let key = Key(kind: kind, subject: subject)
            if let bucket = buckets[key] { return bucket }
            if buckets.count >= Self.bucketsMax { buckets.forgetFull(nowNs: Monotonic.nowNs) }
            let bucket = RateBucket(perMinute: perMinute, burst: perMinute / Self.burstsPerMinute)
            buckets[key] = bucket
            return bucket
        }
    }

    /// Counts one more. Throws `rate_limited` when that is one too many.
    func take(_ kind: Kind, of subject: String) throws(RPCError) { try Self.take(kind, bucket(kind, of: subject)) }

    static func take(_ kind: Kind, _ bucket: RateBucket?) throws(RPCError) {
        guard let waitMs = bucket?.take(nowNs: Monotonic.nowNs) else { return }
        throw RPCError(
            .rateLimited, "Too many at once; wait \(waitMs) ms and try again.",
            .init(limit: kind.rawValue, retryAfterMs: waitMs))
    }
}
