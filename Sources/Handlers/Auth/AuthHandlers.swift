import Protocol
import Security
import Store

/// Accounts and sessions.
struct AuthHandlers: AuthAPI {
    let services: Services

    var limits: Limits { services.limits }

    // MARK: Shapes

    static func wire(_ user: StoredUser) -> WireUser {
        WireUser(id: user.id, name: user.name, email: user.email, createdAt: Timestamp.format(user.createdAtMs))
    }

    static func wire(_ session: SessionRecord, current: String) -> SessionInfo {
        SessionInfo(
            id: session.id, createdAt: Timestamp.format(session.createdAtMs), lastUsedAt: Timestamp.format(session.lastUsedAtMs),
            expiresAt: Timestamp.format(session.expiresAtMs), current: session.id == current,
            client: session.client.isEmpty ? nil : session.client)
    }

    static var emailTaken: RPCError {
        RPCError(.conflict, "This e-mail has an account; log in, or use another address.", .init(path: "params.email"))
    }

    /// E-mail addresses are compared and kept in lower case.
    static func normalized(_ email: String) -> String { email.lowercased() }

    // MARK: Sessions

    /// Begins a session, durably, and binds it to the connection. The `attempt` that led to it counts as failed no more.
    ///
    /// - Parameter old: what it takes the place of: the new token is no wider.
    func begin(
        _ user: StoredUser, _ context: RequestContext, by right: SessionRight, after attempt: AttemptKeys = AttemptKeys(),
        replacing old: Identity? = nil
    ) async throws -> WireSession {
        let nowMs = Timestamp.now()
        let lifetimeMs = Int64(limits.tokenLifetimeMs)
        let record = SessionRecord(
            id: Identifier.make(now: nowMs), userID: user.id, client: context.client.clientName, createdAtMs: nowMs,
            expiresAtMs: nowMs + lifetimeMs)
        let issued = try services.keys.issuer.issue(user: user.id, session: record.id, lifetimeMs: lifetimeMs, now: nowMs)
        var chain = try TokenChain(issued)
        if let old, let narrowed = old.chain { chain = try chain.narrowed(as: narrowed) }
        let token = chain.text ?? issued
        let verified = try services.verify(token, now: nowMs)
        try await services.store.createSession(record, by: right, after: attempt)
        try await bind(
            context.client,
            Identity(
                userID: user.id, sessionID: record.id, expiresAtMs: record.expiresAtMs, lastUsedAtMs: nowMs, token: verified,
                chain: chain, isAttached: old?.keyID != nil, rate: services.rates.bucket(.requestsPerMinute, of: user.id)))
        return WireSession(token: token, expiresAt: Timestamp.format(verified.expiresAtMs), user: Self.wire(user))
    }

    /// Binds the session a token stands for. One error for every reason why it may not be used.
    func attach(token: String, to client: ClientSession) async throws -> (user: StoredUser, expiresAtMs: Int64) {
        // Whoever attaches wants another session or none: one that is refused does not leave the old one in place.
        services.sessions.release(client)
        guard token.utf8.count <= limits.tokenBytes else { throw RPCError.unauthenticated }
        let nowMs = Timestamp.now()
        let verified = try services.verify(token, now: nowMs)
        let claims = verified.claims
        let found = try await services.store.validSession(id: claims.session, nowMs: nowMs, idleMs: Int64(limits.sessionIdleMs))
        guard let found, found.user.id == claims.user else { throw RPCError.unauthenticated }
        try await bind(
            client,
            Identity(
                userID: found.user.id, sessionID: found.session.id, expiresAtMs: found.session.expiresAtMs, lastUsedAtMs: nowMs,
                token: verified, chain: try TokenChain(token), isAttached: true,
                rate: services.rates.bucket(.requestsPerMinute, of: found.user.id)))
        await services.store.touchSession(id: found.session.id, nowMs: nowMs)
        return (found.user, min(found.session.expiresAtMs, verified.expiresAtMs))
    }

    /// Makes a session the connection's. One that ended after it was looked up, and before it could be found here, is given up again.
    private func bind(_ client: ClientSession, _ identity: Identity) async throws {
        services.sessions.bind(client, identity)
        let isValid = try await services.store.validSession(
            id: identity.sessionID, nowMs: identity.lastUsedAtMs, idleMs: Int64(limits.sessionIdleMs))
        guard isValid != nil else {
            services.sessions.end([identity.sessionID], .revoked, requester: client)
            throw RPCError.unauthenticated
        }
    }

    /// The account a request acts for. It exists: deleting it ends its sessions first; but a race is possible.
    func account(_ identity: Identity) async throws -> StoredUser {
        guard let user = try await services.store.user(id: identity.userID) else { throw RPCError.unauthenticated }
        return user
    }
}
