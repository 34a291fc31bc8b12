import Protocol
import Security
import Store

/// Everything that looks at a password: throttled per account and per peer, and equally costly whatever the outcome.
extension AuthHandlers {
    /// Verifies the password of an account whose session asks.
    ///
    /// Counted by itself: those who guess at the account from outside must not keep its owner, who has a session, from changing
    /// the password. Errors: `rate_limited` with the time to wait, without looking at the password; `invalid_credentials`; `busy`.
    func verify(_ password: String, of user: StoredUser) async throws {
        let keys = AttemptKeys(account: Self.sessionKey(user.id))
        _ = try await verify(password, of: user, counting: keys)
        try await services.store.attemptSucceeded(keys, nowMs: Timestamp.now())
    }

    /// Verifies `password`; the account is nil for an address nobody has, which costs the same. Errors as above.
    ///
    /// Leaves the attempt counted as failed: the caller takes that back with what it writes next.
    func verify(_ password: String, of account: StoredUser?, counting keys: AttemptKeys) async throws -> StoredUser {
        let verdict = try await attempt(keys) {
            try await services.hasher.verify(Array(password.utf8), against: account?.passwordHash)
        }
        guard let account, case .match(let needsRehash) = verdict else {
            throw RPCError(.invalidCredentials, "The e-mail or the password is wrong; check both.")
        }
        return needsRehash ? try await rehashed(password, account) : account
    }

    /// Does what an attempt costs, once it may be made. It is counted as failed beforehand, and forgotten when it succeeds.
    ///
    /// The disk keeps the count while the processor is busy with `work`; nothing of the outcome is known to anybody before both
    /// are done. Of attempts that arrive together some may have worked for nothing: the count, taken one by one, has the last word.
    func attempt<Value: Sendable>(_ keys: AttemptKeys, _ work: @Sendable () async throws -> Value) async throws -> Value {
        let waits = ThrottlePolicy(
            freeFailures: limits.loginFailures, firstDelayMs: Int64(limits.loginDelayMs),
            delayMsMax: Int64(limits.loginDelayMaxMs))
        var stops = waits
        stops.failuresMax = limits.loginFailuresMax
        // A peer may be everybody on this machine: it waits, but is never stopped.
        let attempts = [(keys.account, stops), (keys.peer, waits)].compactMap { key, policy in
            key.map { (key: $0, policy: policy) }
        }
        let nowMs = Timestamp.now()
        try refuse(await services.store.attemptVerdict(attempts, nowMs: nowMs), keys)
        async let counted = services.store.beginAttempt(attempts, nowMs: nowMs)
        let result: Result<Value, any Error>
        do { result = .success(try await work()) } catch { result = .failure(error) }
        try refuse(await counted, keys)
        if case .failure(let error as SecurityError) = result, error.code == .busy {
            try await services.store.attemptWithdrawn(keys, nowMs: Timestamp.now())
        }
        return try result.get()
    }

    private func refuse(_ verdict: ThrottleVerdict, _ keys: AttemptKeys) throws(RPCError) {
        switch verdict {
        case .allowed: return
        case .refused(let retryAfterMs):
            throw RPCError(
                .rateLimited, "Too many failed attempts; wait \((retryAfterMs + 999) / 1000) s and try again.",
                .init(limit: "loginFailures", retryAfterMs: Int(retryAfterMs)))
        case .stopped(let retryAfterMs):
            let isFromSession = keys.peer == nil
            throw RPCError(
                .rateLimited,
                "Too many failed attempts in a row; wait \((retryAfterMs + 3_599_999) / 3_600_000) h and try again"
                    + (isFromSession ? "." : ", or change the password in a session that is open."),
                .init(limit: "loginFailuresMax", retryAfterMs: Int(retryAfterMs)))
        }
    }

    /// Attempts at an account from outside, known or not.
    static func accountKey(_ email: String) -> String { "account:\(email)" }

    /// Attempts at an account by its own sessions.
    static func sessionKey(_ userID: String) -> String { "session:\(userID)" }

    /// A peer's attempts of today. Only time forgets a peer's failures at accounts that it cannot open, mistyped ones among them;
    /// were it time since the last attempt, whoever logs in often would never be rid of them.
    func peerKey(_ context: RequestContext) -> String {
        "\(context.client.peerKey) day:\(Day.of(Timestamp.now()))"
    }

    /// Checks a new password against the rules.
    func check(newPassword password: String, member: String, name: String, email: String) throws(RPCError) {
        let count = password.utf8.count
        guard count >= limits.passwordMinBytes else {
            throw RPCError.invalid(
                member, "must have at least \(limits.passwordMinBytes) bytes.", limit: "passwordMinBytes")
        }
        guard count <= limits.passwordMaxBytes else {
            throw RPCError.invalid(member, "may have at most \(limits.passwordMaxBytes) bytes.", limit: "passwordMaxBytes")
        }
        if let problem = PasswordRules.check(password, name: name, email: email, bytesMin: limits.passwordMinBytes) {
            throw RPCError(.weakPassword, "\(problem)", .init(path: "params.\(member)"))
        }
    }

    /// Brings an old hash up to today's cost. Of two log-ins at once one replaces it; the other's try changes nothing.
    ///
    /// - Returns: the account with the hash that it has now, if that is still one of the password's.
    private func rehashed(_ password: String, _ account: StoredUser) async throws -> StoredUser {
        let hash = try await services.hasher.hash(Array(password.utf8))
        var account = account
        let isReplaced = try await services.store.setPasswordHash(
            userID: account.id, from: account.passwordHash, to: hash, nowMs: Timestamp.now())
        if isReplaced {
            account.passwordHash = hash
        } else if let now = try await services.store.user(id: account.id),
            case .match = try await services.hasher.verify(Array(password.utf8), against: now.passwordHash)
        {
            account.passwordHash = now.passwordHash
        }
        return account
    }
}
