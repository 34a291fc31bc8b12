internal import Databases

extension Store {
    /// Adds an account. Throws `conflict` when the e-mail is taken.
    public func createUser(_ user: User) async throws(StoreError) {
        try await write { session throws(StoreError) in
            try session.change(
                "INSERT INTO users (\(User.columns)) VALUES ($1, $2, $3, $4, $5, $6)",
                [
                    .text(user.id), .text(user.name), .text(user.email), .text(user.passwordHash),
                    .integer(user.createdAtMs), .integer(user.updatedAtMs),
                ])
        }
    }

    /// The account with exactly these bytes as its e-mail.
    public func user(email: String) async throws(StoreError) -> User? {
        try await reader.read { session throws(StoreError) in
            guard var row = try session.first("SELECT \(User.columns) FROM users WHERE email = $1", [.text(email)]) else {
                return nil
            }
            return try User(&row)
        }
    }

    public func user(id: String) async throws(StoreError) -> User? {
        try await reader.read { session throws(StoreError) in try Store.user(session, id: id) }
    }

    static func user(_ session: StoreSession, id: String) throws(StoreError) -> User? {
        guard var row = try session.first("SELECT \(User.columns) FROM users WHERE id = $1", [.text(id)]) else { return nil }
        return try User(&row)
    }

    /// Changes what is given and answers the account as it is now; nil when there is none.
    /// Throws `conflict` when the e-mail is taken.
    public func updateUser(
        id: String, name: String? = nil, email: String? = nil, nowMs: Int64
    ) async throws(StoreError) -> User? {
        try await write { session throws(StoreError) in
            try session.change(
                "UPDATE users SET name = coalesce($2, name), email = coalesce($3, email), updated_at = $4 WHERE id = $1",
                [.text(id), .optional(name), .optional(email), .integer(nowMs)])
            return try Store.user(session, id: id)
        }
    }

    /// Replaces the password hash if it still is `old`: of two changes at once, one wins and the other is told.
    ///
    /// - Returns: whether it was replaced.
    public func setPasswordHash(
        userID: String, from old: String, to new: String, nowMs: Int64
    ) async throws(StoreError) -> Bool {
        try await write { session throws(StoreError) in
            try Store.setPasswordHash(session, userID: userID, from: old, to: new, nowMs: nowMs)
        }
    }

    private static func setPasswordHash(
        _ session: StoreSession, userID: String, from old: String, to new: String, nowMs: Int64
    ) throws(StoreError) -> Bool {
        try session.change(
            "UPDATE users SET password = $3, updated_at = $4 WHERE id = $1 AND password = $2",
            [.text(userID), .text(old), .text(new), .integer(nowMs)]) > 0
    }

    /// Gives an account another password, ends all its sessions and forgets failed attempts, all of it or nothing: whoever changes a
    /// password because a session is a stranger's must not be left with the session.
    ///
    /// - Parameters:
    ///   - throttle: the key of the attempts.
    ///   - reason: as ``revokeSession(id:userID:reason:nowMs:)``.
    /// - Returns: the ids of the sessions; nil, and nothing is done, where the hash is `old` no more.
    public func changePassword(
        userID: String, from old: String, to new: String, forgetting throttle: String, reason: String, nowMs: Int64
    ) async throws(StoreError) -> [String]? {
        try await write { session throws(StoreError) in
            guard try Store.setPasswordHash(session, userID: userID, from: old, to: new, nowMs: nowMs) else { return nil }
            try Store.clearThrottle(session, throttle)
            return try Store.revokeSessions(session, userID: userID, reason: reason, nowMs: nowMs)
        }
    }

    /// Deletes the account and all that belongs to it: sessions, projects, history, conversations; a long history step by step,
    /// and the account with the last.
    ///
    /// - Returns: whether there was one. Deleting again is no error.
    @discardableResult
    public func deleteUser(id: String) async throws(StoreError) -> Bool {
        defer { knownProjects.forgetAll() }
        await flush()
        while try await write({ session throws(StoreError) in
            try Store.forget(session, userID: id, projectID: nil, limit: Store.forgetBatch)
        }) == Store.forgetBatch {}
        try await deleteMessages(Conditions(userID: id))
        return try await write { session throws(StoreError) in
            // What came in between.
            _ = try Store.forget(session, userID: id, projectID: nil, limit: .max)
            let isDeleted = try session.change("DELETE FROM users WHERE id = $1", [.text(id)]) > 0
            if isDeleted { try Store.announce(session, .userDeleted(id)) }
            return isDeleted
        }
    }

    public func countUsers() async throws(StoreError) -> Int {
        try await reader.read { session throws(StoreError) in
            guard var row = try session.first("SELECT count(*) FROM users") else { return 0 }
            return try row.int()
        }
    }
}
