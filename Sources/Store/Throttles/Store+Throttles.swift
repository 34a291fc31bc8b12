internal import Databases

extension Store {
    /// Asks for one attempt under every key (an account's hash, a peer's uid) and counts it as failed beforehand, all in
    /// one step: attempts that arrive together cannot all pass. Say ``attemptSucceeded(_:nowMs:)`` when it succeeds.
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

    /// Takes back what an attempt was counted as: the account's failures are forgotten, and the peer has as many fewer. What the
    /// peer failed at elsewhere stays: having an account of one's own is no way to guess at others'.
    public func attemptSucceeded(_ keys: AttemptKeys, nowMs: Int64) async throws(StoreError) {
        try await write { session throws(StoreError) in try Store.forgive(session, keys, nowMs) }
    }

    /// Takes back an attempt that was allowed and then not made, for want of room: it told nobody anything.
    public func attemptWithdrawn(_ keys: AttemptKeys, nowMs: Int64) async throws(StoreError) {
        try await write { session throws(StoreError) in
            for key in [keys.account, keys.peer] {
                if let key { try Store.reduce(session, key, by: 1) }
            }
        }
    }

    /// Forgets the failures of these keys.
    public func clearThrottles(keys: [String]) async throws(StoreError) {
        try await write { session throws(StoreError) in
            for key in keys { try Store.clearThrottle(session, key) }
        }
    }

    static func clearThrottle(_ session: StoreSession, _ key: String) throws(StoreError) {
        try session.change("DELETE FROM throttles WHERE key = $1", [.text(key)])
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
        var isStopped = false
        for key in keys {
            let state = try throttle(session, key, nowMs)
            waitMs = max(waitMs, state.nextAllowedAtMs - nowMs)
            isStopped = isStopped || key.policy.stops(after: state.failures)
        }
        guard waitMs > 0 else { return .allowed }
        return isStopped ? .stopped(retryAfterMs: waitMs) : .refused(retryAfterMs: waitMs)
    }

    static func forgive(_ session: StoreSession, _ keys: AttemptKeys, _ nowMs: Int64) throws(StoreError) {
        // The attempt itself, where it was at no account.
        var own: Int64 = 1
        if let account = keys.account {
            if var row = try session.first("SELECT failures FROM throttles WHERE key = $1", [.text(account)]) {
                own = try row.integer()
            }
            try session.change("DELETE FROM throttles WHERE key = $1", [.text(account)])
        }
        if let peer = keys.peer { try reduce(session, peer, by: own) }
    }

    /// The wait before an attempt that was allowed is over, and the one it was given beforehand is not due.
    private static func reduce(_ session: StoreSession, _ key: String, by count: Int64) throws(StoreError) {
        try session.change(
            "UPDATE throttles SET failures = failures - $2, next_allowed_at = 0 WHERE key = $1", [.text(key), .integer(count)])
        try session.change("DELETE FROM throttles WHERE key = $1 AND failures <= 0", [.text(key)])
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
        let delayMs = key.policy.delayMs(after: failures)
        // Where nobody has to wait no time is kept: of two at once, the one that is counted second may have come first.
        let nextMs = delayMs > 0 ? nowMs + delayMs : 0
        try session.change(
            """
            INSERT INTO throttles (key, failures, last_failure_at, next_allowed_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, last_failure_at = excluded.last_failure_at,
                next_allowed_at = excluded.next_allowed_at
            """, [.text(key.key), .integer(Int64(failures)), .integer(nowMs), .integer(nextMs)])
        return ThrottleState(failures: failures, nextAllowedAtMs: nextMs)
    }
}
