import Protocol
import Security
import Store

/// Everything that looks at a password: throttled per account and per peer, and equally costly whatever the outcome.
extension AuthHandlers {
    /// Verifies `password` for `email`; the account is nil for an address nobody has, which costs the same.
    ///
    /// Errors: `rate_limited` with the time to wait, without looking at the password; `invalid_credentials`; `busy`.
    func verify(_ password: String, email: String, _ account: StoredUser?, _ context: RequestContext) async throws -> StoredUser {
        let keys = throttleKeys(email, context)
        try await beginAttempt(keys)
        let verdict = try await services.hasher.verify(Array(password.utf8), against: account?.passwordHash)
        guard let account, case .match(let needsRehash) = verdict else {
            throw RPCError(.invalidCredentials, "The e-mail or the password is wrong; check both.")
        }
        if needsRehash { try await rehash(password, account) }
        try await services.store.clearThrottles(keys: keys)
        return account
    }

    /// Counts an attempt beforehand; it is forgotten when it succeeds.
    func beginAttempt(_ keys: [String]) async throws {
        let policy = ThrottlePolicy(
            freeFailures: limits.loginFailures, firstDelayMs: Int64(limits.loginDelayMs),
            delayMsMax: Int64(limits.loginDelayMaxMs))
        let verdict = try await services.store.beginAttempt(keys.map { ($0, policy) }, nowMs: Timestamp.now())
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
