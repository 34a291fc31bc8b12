import Protocol
import Security
import Store

/// Everything that looks at a password: throttled per account and per peer, and equally costly whatever the outcome.
extension AuthHandlers {
    /// Verifies `password` for `email`; the account is nil for an address nobody has, which costs the same.
    ///
    /// Errors: `rate_limited` with the time to wait, without looking at the password; `invalid_credentials`; `busy`.
    func verify(_ password: String, email: String, _ account: StoredUser?, _ context: RequestContext) async throws -> StoredUser {
        let verified = try await verifyCounted(password, email: email, account, context)
        try await services.store.clearThrottles(keys: throttleKeys(email, context))
        return verified
    }

    /// The same, but leaves the attempt counted as failed: the caller forgets it with what it writes next.
    func verifyCounted(
        _ password: String, email: String, _ account: StoredUser?, _ context: RequestContext
    ) async throws -> StoredUser {
        let verdict = try await attempt(throttleKeys(email, context)) {
            try await services.hasher.verify(Array(password.utf8), against: account?.passwordHash)
        }
        guard let account, case .match(let needsRehash) = verdict else {
            throw RPCError(.invalidCredentials, "The e-mail or the password is wrong; check both.")
        }
        if needsRehash { try await rehash(password, account) }
        return account
    }

    /// Does what an attempt costs, once it may be made. It is counted as failed beforehand, and forgotten when it succeeds.
    ///
    /// The disk keeps the count while the processor is busy with `work`; nothing of the outcome is known to anybody before both
    /// are done. Of attempts that arrive together some may have worked for nothing: the count, taken one by one, has the last word.
    func attempt<Value: Sendable>(_ keys: [String], _ work: @Sendable () async throws -> Value) async throws -> Value {
        let policy = ThrottlePolicy(
            freeFailures: limits.loginFailures, firstDelayMs: Int64(limits.loginDelayMs),
            delayMsMax: Int64(limits.loginDelayMaxMs))
        let attempts = keys.map { (key: $0, policy: policy) }
        let nowMs = Timestamp.now()
        try refuse(await services.store.attemptVerdict(attempts, nowMs: nowMs))
        async let counted = services.store.beginAttempt(attempts, nowMs: nowMs)
        let result: Result<Value, any Error>
        do { result = .success(try await work()) } catch { result = .failure(error) }
        try refuse(await counted)
        return try result.get()
    }

    private func refuse(_ verdict: ThrottleVerdict) throws {
        guard case .refused(let retryAfterMs) = verdict else { return }
        throw RPCError(
            .rateLimited, "Too many failed attempts; wait \((retryAfterMs + 999) / 1000) s and try again.",
            .init(limit: "loginFailures", retryAfterMs: Int(retryAfterMs)))
    }

    func throttleKeys(_ email: String, _ context: RequestContext) -> [String] {
        ["account:\(email)", context.client.peerKey]
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
    private func rehash(_ password: String, _ account: StoredUser) async throws {
        let hash = try await services.hasher.hash(Array(password.utf8))
        _ = try await services.store.setPasswordHash(
            userID: account.id, from: account.passwordHash, to: hash, nowMs: Timestamp.now())
    }
}
