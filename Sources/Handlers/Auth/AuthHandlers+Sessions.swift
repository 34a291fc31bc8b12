import Protocol
import Security
import Store

/// The session of the connection, and the user's others.
extension AuthHandlers {
    func whoami(_ context: RequestContext) async throws -> AuthWhoamiResult {
        let identity = try context.identity()
        let found = try await services.store.validSession(
            id: identity.sessionID, nowMs: Timestamp.now(), idleMs: Int64(limits.sessionIdleMs))
        guard var found else { throw RPCError.unauthenticated }
        found.session.lastUsedAtMs = max(found.session.lastUsedAtMs, identity.lastUsedAtMs)
        return AuthWhoamiResult(
            user: Self.wire(found.user), session: Self.wire(found.session, current: identity.sessionID),
            grant: identity.scope.isNarrowed ? Self.wire(identity.scope, expiresAtMs: identity.expiresAtMs) : nil)
    }

    func refresh(_ context: RequestContext) async throws -> WireSession {
        let identity = try context.identity()
        let user = try await account(identity)
        let session = try await begin(user, context, by: .session(identity.sessionID), replacing: identity)
        services.end([identity.sessionID], .refreshed, requester: context.client, sparingWorkOf: context.client)
        return session
    }

    func logout(_ context: RequestContext) async throws -> Empty {
        let identity = try context.identity()
        try await services.store.revokeSession(
            id: identity.sessionID, userID: identity.userID, reason: SessionEndReason.loggedOut.rawValue, nowMs: Timestamp.now())
        services.end([identity.sessionID], .loggedOut, requester: context.client)
        return Empty()
    }

    func sessions(_ params: AuthSessionsParams, _ context: RequestContext) async throws -> AuthSessionsResult {
        let identity = try context.identity()
        let page = try await services.store.sessions(
            userID: identity.userID, nowMs: Timestamp.now(), idleMs: Int64(limits.sessionIdleMs),
            page: PageRequest(limit: params.limit, cursor: params.cursor))
        return AuthSessionsResult(
            items: page.items.map { Self.wire($0, current: identity.sessionID) }, nextCursor: page.nextCursor)
    }

    func revoke(_ params: AuthRevokeParams, _ context: RequestContext) async throws -> Empty {
        let identity = try context.identity()
        let nowMs = Timestamp.now()
        switch (params.sessionId, params.others) {
        case (let sessionID?, nil):
            let sessionID = sessionID.lowercased()
            let hasEnded = try await services.store.revokeSession(id: sessionID, userID: identity.userID, nowMs: nowMs)
            if hasEnded { services.end([sessionID], .revoked, requester: context.client) }
        case (nil, true?):
            let ended = try await services.store.revokeSessions(
                userID: identity.userID, except: identity.sessionID, nowMs: nowMs)
            services.end(ended, .revoked, requester: context.client)
        case (nil, false?):
            throw RPCError.invalid("others", "must be true, or absent with a sessionId.")
        default:
            throw RPCError.invalid("sessionId", "or others: true must be given, and not both.")
        }
        return Empty()
    }
}
