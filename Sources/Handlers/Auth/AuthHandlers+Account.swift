import Databases
import Protocol
import Security
import Store

/// The account itself.
extension AuthHandlers {
    func changePassword(_ params: AuthChangePasswordParams, _ context: RequestContext) async throws -> WireSession {
        let identity = try context.identity()
        let user = try await account(identity)
        guard !params.newPassword.utf8.elementsEqual(params.currentPassword.utf8) else {
            throw RPCError.invalid("newPassword", "must differ from the current password.")
        }
        try check(newPassword: params.newPassword, member: "newPassword", name: user.name, email: user.email)
        try await verify(params.currentPassword, of: user)
        let hash = try await services.hasher.hash(Array(params.newPassword.utf8))
        // A rehash may have replaced the stored hash a moment ago: what counts is that the password was right.
        let current = try await account(identity)
        let nowMs = Timestamp.now()
        // What others guessed at was the old one: log-in is open again.
        let ended = try await services.store.changePassword(
            userID: user.id, from: current.passwordHash, to: hash, forgetting: Self.accountKey(user.email),
            reason: SessionEndReason.passwordChanged.rawValue, nowMs: nowMs)
        guard let ended else {
            throw RPCError(.conflict, "The password was changed a moment ago from elsewhere; log in with the new one.")
        }
        services.end(ended, .passwordChanged, requester: context.client)
        return try await begin(user, context, by: .password(hash: hash), replacing: identity)
    }

    func updateProfile(_ params: AuthUpdateProfileParams, _ context: RequestContext) async throws -> WireUser {
        let identity = try context.identity()
        guard params.name != nil || params.email != nil else {
            throw RPCError.invalid("name", "or email must be given.")
        }
        var email: String?
        if let wanted = params.email.map(Self.normalized) {
            let user = try await account(identity)
            if !wanted.utf8.elementsEqual(user.email.utf8) {
                guard let password = params.currentPassword else {
                    throw RPCError.invalid("currentPassword", "is needed to change the e-mail.")
                }
                try await verify(password, of: user)
                email = wanted
            }
        }
        let changed: StoredUser?
        do throws(StoreError) {
            changed = try await services.store.updateUser(
                id: identity.userID, name: params.name, email: email, nowMs: Timestamp.now())
        } catch {
            throw error.code == .conflict ? Self.emailTaken : RPCError(error)
        }
        guard let changed else { throw RPCError.unauthenticated }
        return Self.wire(changed)
    }

    func deleteAccount(_ params: AuthDeleteAccountParams, _ context: RequestContext) async throws -> Empty {
        let identity = try context.identity()
        let user = try await account(identity)
        try await verify(params.currentPassword, of: user)
        let ended = try await services.store.revokeSessions(
            userID: user.id, reason: SessionEndReason.accountDeleted.rawValue, nowMs: Timestamp.now())
        services.end(ended, .accountDeleted, requester: context.client)
        services.apply(.userDeleted(user.id))
        _ = try await services.store.deleteUser(id: user.id)
        return Empty()
    }
}
