import Protocol
import Security
import Store

/// The ways in: signup, login, attach.
extension AuthHandlers {
    func signup(_ params: AuthSignupParams, _ context: RequestContext) async throws -> WireSession {
        try services.rates.take(.loginsPerMinute, of: context.client.peerKey)
        let email = Self.normalized(params.email)
        let keys = AttemptKeys(peer: peerKey(context))
        try check(newPassword: params.password, member: "password", name: params.name, email: email)
        let hash = try await attempt(keys) { try await services.hasher.hash(Array(params.password.utf8)) }
        let nowMs = Timestamp.now()
        let user = StoredUser(
            id: Identifier.make(now: nowMs), name: params.name, email: email, passwordHash: hash, createdAtMs: nowMs,
            updatedAtMs: nowMs)
        do throws(StoreError) {
            try await services.store.createUser(user)
        } catch {
            throw error.code == .conflict ? Self.emailTaken : RPCError(error)
        }
        return try await begin(user, context, by: .account, after: keys)
    }

    func login(_ params: AuthLoginParams, _ context: RequestContext) async throws -> WireSession {
        let email = Self.normalized(params.email)
        try services.rates.take(.loginsPerMinute, of: context.client.peerKey)
        try services.rates.take(.loginsPerMinute, of: Self.accountKey(email))
        let account = try await services.store.user(email: email)
        let keys = AttemptKeys(account: Self.accountKey(email), peer: peerKey(context))
        let user = try await verify(params.password, of: account, counting: keys)
        return try await begin(user, context, by: .password(hash: user.passwordHash), after: keys)
    }

    func attach(_ params: AuthAttachParams, _ context: RequestContext) async throws -> AuthAttachResult {
        let (user, expiresAtMs) = try await attach(token: params.token, to: context.client)
        return AuthAttachResult(expiresAt: Timestamp.format(expiresAtMs), user: Self.wire(user))
    }
}
