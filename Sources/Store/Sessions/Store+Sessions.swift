internal import Databases

extension Store {
    /// Adds a session, and takes back what the attempt that led to it was counted as (``attemptSucceeded(_:nowMs:)``), in one
    /// commit. Throws `notFound` when the account is gone, `conflict` when the id was used or what entitles to it does so no more.
    public func createSession(
        _ record: SessionRecord, by right: SessionRight = .account, after attempt: AttemptKeys = AttemptKeys()
    ) async throws(StoreError) {
        try await write { session throws(StoreError) in
            try Store.forgive(session, attempt, record.createdAtMs)
            try Store.check(session, right, record)
            try session.change(
                "INSERT INTO sessions (\(SessionRecord.columns)) VALUES ($1, $2, $3, $4, $5, $6)",
                [
                    .text(record.id), .text(record.userID), .text(record.client), .integer(record.createdAtMs),
                    .integer(record.expiresAtMs), .integer(record.lastUsedAtMs),
                ])
        }
    }

    /// Between the look at a password or a session and this commit both may have been taken back.
    private static func check(_ session: StoreSession, _ right: SessionRight, _ record: SessionRecord) throws(StoreError) {
        switch right {
        case .account: return
        case .password(let hash):
            let isCurrent = try session.first(
                "SELECT 1 FROM users WHERE id = $1 AND password = $2", [.text(record.userID), .text(hash)])
            guard isCurrent != nil else {
                throw StoreError(.conflict, "The password was changed a moment ago; log in with the new one.")
            }
        case .session(let id):
            guard try revoke(session, id: id, userID: record.userID, reason: "refreshed", nowMs: record.createdAtMs) else {
                throw StoreError(.conflict, "The session has ended; log in again.")
            }
        }
    }

    /// The session and its account, if it may be used now: not revoked, not expired, last used less than `idleMs` ago.
    public func validSession(
        id: String, nowMs: Int64, idleMs: Int64
    ) async throws(StoreError) -> (session: SessionRecord, user: User)? {
        try await reader.read { session throws(StoreError) in
            let row = try session.first(
                """
                SELECT s.id, s.user_id, s.client, s.created_at, s.expires_at, s.last_used_at,
                    u.id, u.name, u.email, u.password, u.created_at, u.updated_at
                FROM sessions s JOIN users u ON u.id = s.user_id
                WHERE s.id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND s.last_used_at > $3
                """, [.text(id), .integer(nowMs), .integer(nowMs - idleMs)])
            guard var row else { return nil }
            return try (SessionRecord(&row), User(&row))
        }
    }

    /// Notes that a session was used. Written later, with others, at most once a minute; never waits for the disk.
    public func touchSession(id: String, nowMs: Int64) async {
        guard touches.isDue("s" + id, atMs: nowMs) else { return }
        await writer.enqueue(
            LazyWrite { session throws(StoreError) in
                try session.change(
                    "UPDATE sessions SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2", [.text(id), .integer(nowMs)])
            })
    }

    /// The sessions of an account that may be used now, newest first. Throws `invalidCursor`.
    public func sessions(
        userID: String, nowMs: Int64, idleMs: Int64, page: PageRequest = PageRequest()
    ) async throws(StoreError) -> ListPage<SessionRecord> {
        let cursor = try Cursor.of(page, list: .sessions)
        await flush()
        return try await reader.read { session throws(StoreError) in
            var items: [SessionRecord] = []
            let rows = try session.rows(
                """
                SELECT \(SessionRecord.columns) FROM sessions
                WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND last_used_at > $3
                    AND (created_at, id) < ($4, $5)
                ORDER BY created_at DESC, id DESC LIMIT $6
                """,
                [
                    .text(userID), .integer(nowMs), .integer(nowMs - idleMs), .integer(cursor.createdAtMs),
                    .text(cursor.id), .integer(Int64(page.limit + 1)),
                ])
            for var row in rows { items.append(try SessionRecord(&row)) }
            return ListPage(items, limit: page.limit) { Cursor(list: .sessions, createdAtMs: $0.createdAtMs, id: $0.id) }
        }
    }

    /// Ends a session of this account; another account's is left alone, and ending it again changes nothing.
    ///
    /// - Parameter reason: a word of the wire's, for connections of other daemons with this store.
    /// - Returns: whether a session ended now.
    @discardableResult
    public func revokeSession(
        id: String, userID: String, reason: String = "revoked", nowMs: Int64
    ) async throws(StoreError) -> Bool {
        try await write { session throws(StoreError) in
            try Store.revoke(session, id: id, userID: userID, reason: reason, nowMs: nowMs)
        }
    }

    private static func revoke(
        _ session: StoreSession, id: String, userID: String, reason: String, nowMs: Int64
    ) throws(StoreError) -> Bool {
        let isEnded =
            try session.change(
                "UPDATE sessions SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL",
                [.text(id), .text(userID), .integer(nowMs)]) > 0
        if isEnded { try announce(session, .sessionEnded(id, reason: reason)) }
        return isEnded
    }

    /// Ends all sessions of an account but `kept`.
    ///
    /// - Parameter reason: as ``revokeSession(id:userID:reason:nowMs:)``.
    /// - Returns: the ids that ended now, for the connections that hold them.
    @discardableResult
    public func revokeSessions(
        userID: String, except kept: String? = nil, reason: String = "revoked", nowMs: Int64
    ) async throws(StoreError) -> [String] {
        try await write { session throws(StoreError) in
            try Store.revokeSessions(session, userID: userID, except: kept, reason: reason, nowMs: nowMs)
        }
    }

    static func revokeSessions(
        _ session: StoreSession, userID: String, except kept: String? = nil, reason: String, nowMs: Int64
    ) throws(StoreError) -> [String] {
        var ids: [String] = []
        let rows = try session.rows(
            "UPDATE sessions SET revoked_at = $3 WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL RETURNING id",
            [.text(userID), .text(kept ?? ""), .integer(nowMs)])
        for var row in rows { ids.append(try row.text()) }
        for id in ids { try announce(session, .sessionEnded(id, reason: reason)) }
        return ids
    }

    /// Housekeeping: forgets sessions whose tokens have expired, revoked ones too (an expired token is refused anyway).
    ///
    /// - Returns: how many.
    @discardableResult
    public func deleteExpiredSessions(nowMs: Int64) async throws(StoreError) -> Int {
        try await write { session throws(StoreError) in
            try session.change("DELETE FROM sessions WHERE expires_at <= $1", [.integer(nowMs)])
        }
    }
}
