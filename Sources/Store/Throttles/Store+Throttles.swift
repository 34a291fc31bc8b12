internal import Databases

extension Store {
    /// Asks for one attempt under every key (an account's hash, a peer's uid) and counts it as failed beforehand, all in
    /// one step: attempts that arrive together cannot all pass. Clear the keys when the attempt succeeds.
    ///
    /// A refused attempt is not counted.
    public func beginAttempt(
        _ keys: [(key: String, policy: ThrottlePolicy)], nowMs: Int64
    ) async throws(StoreError) -> ThrottleVerdict {
        let keys = keys.map { AttemptKey(key: $0.key, policy: $0.policy) }
        return try await write { session throws(StoreError) in
            let verdict = try Store.verdict(session, keys, nowMs)
            guard case .allowed = verdict else { return verdict }
            for key in keys { try Store.countFailure(session, key, nowMs) }
            return verdict
        }
    }

    /// Whether an attempt could begin now; counts nothing.
    public func attemptVerdict(
        _ keys: [(key: String, policy: ThrottlePolicy)], nowMs: Int64
    ) async throws(StoreError) -> ThrottleVerdict {
        let keys = keys.map { AttemptKey(key: $0.key, policy: $0.policy) }
        return try await reader.read { session throws(StoreError) in try Store.verdict(session, keys, nowMs) }
    }

    /// Counts a failure and answers what holds from now on.
    @discardableResult
    public func recordFailure(
        key: String, policy: ThrottlePolicy = ThrottlePolicy(), nowMs: Int64
    ) async throws(StoreError) -> ThrottleState {
        try await write { session throws(StoreError) in
            try Store.countFailure(session, AttemptKey(key: key, policy: policy), nowMs)
        }
    }

    public func throttle(
        key: String, policy: ThrottlePolicy = ThrottlePolicy(), nowMs: Int64
    ) async throws(StoreError) -> ThrottleState {
        try await reader.read { session throws(StoreError) in
            try Store.throttle(session, AttemptKey(key: key, policy: policy), nowMs)
        }
    }

    /// Forgets the failures of these keys.
    public func clearThrottles(keys: [String]) async throws(StoreError) {
        try await write { session throws(StoreError) in try Store.clearThrottles(session, keys) }
    }

    /// Housekeeping: drops keys without a failure since `beforeMs`.
    ///
    /// - Returns: how many.
    @discardableResult
    public func pruneThrottles(beforeMs: Int64) async throws(StoreError) -> Int {
        try await write { session throws(StoreError) in
            try session.change("DELETE FROM throttles WHERE last_failure_at < $1", [.integer(beforeMs)])
        }
    }

    private struct AttemptKey: Sendable {
        var key: String
        var policy: ThrottlePolicy
    }

    private static func verdict(
        _ session: StoreSession, _ keys: [AttemptKey], _ nowMs: Int64
    ) throws(StoreError) -> ThrottleVerdict {
        var waitMs: Int64 = 0
        for key in keys { waitMs = max(waitMs, try throttle(session, key, nowMs).nextAllowedAtMs - nowMs) }
        return waitMs > 0 ? .refused(retryAfterMs: waitMs) : .allowed
    }

    static func clearThrottles(_ session: StoreSession, _ keys: [String]) throws(StoreError) {
        for key in keys { try session.change("DELETE FROM throttles WHERE key = $1", [.text(key)]) }
    }

    private static func throttle(
        _ session: StoreSession, _ key: AttemptKey, _ nowMs: Int64
    ) throws(StoreError) -> ThrottleState {
        let row = try session.first(
            "SELECT failures, next_allowed_at FROM throttles WHERE key = $1 AND last_failure_at > $2",
            [.text(key.key), .integer(nowMs - key.policy.forgetAfterMs)])
        guard var row else { return ThrottleState() }
        return ThrottleState(failures: try row.int(), nextAllowedAtMs: try row.integer())
    }

    @discardableResult
    private static func countFailure(
        _ session: StoreSession, _ key: AttemptKey, _ nowMs: Int64
    ) throws(StoreError) -> ThrottleState {
        let failures = try throttle(session, key, nowMs).failures + 1
        let nextMs = nowMs + key.policy.delayMs(after: failures)
        try session.change(
            """
            INSERT INTO throttles (key, failures, last_failure_at, next_allowed_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, last_failure_at = excluded.last_failure_at,
                next_allowed_at = excluded.next_allowed_at
            """, [.text(key.key), .integer(Int64(failures)), .integer(nowMs), .integer(nextMs)])
        return ThrottleState(failures: failures, nextAllowedAtMs: nextMs)
    }
}
