import Protocol
import Security
import Store

/// The ways in: signup, login, attach.
extension AuthHandlers {
    func signup(_ params: AuthSignupParams, _ context: RequestContext) async throws -> WireSession {
        let email = Self.normalized(params.email)
        let peer = [context.client.peerKey]
        try check(newPassword: params.password, member: "password", name: params.name, email: email)
        let hash = try await attempt(peer) { try await services.hasher.hash(Array(params.password.utf8)) }
        let nowMs = Timestamp.now()
        let user = StoredUser(
            id: Identifier.make(now: nowMs), name: params.name, email: email, passwordHash: hash, createdAtMs: nowMs,
            updatedAtMs: nowMs)
        do throws(StoreError) {
            try await services.store.createUser(user)
        } catch {
            throw error.code == .conflict ? Self.emailTaken : RPCError(error)
        }
        return try await begin(user, context, clearing: peer)
    }

    func login(_ params: AuthLoginParams, _ context: RequestContext) async throws -> WireSession {
        let email = Self.normalized(params.email)
        let account = try await services.store.user(email: email)
        let user = try await verifyCounted(params.password, email: email, account, context)
        return try await begin(user, context, clearing: throttleKeys(email, context))
    }

    func attach(_ params: AuthAttachParams, _ context: RequestContext) async throws -> AuthAttachResult {
        let (user, session) = try await attach(token: params.token, to: context.client)
        return AuthAttachResult(expiresAt: Timestamp.format(session.expiresAtMs), user: Self.wire(user))
    }
}
