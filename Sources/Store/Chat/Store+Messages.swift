internal import Databases

extension Store {
    /// Adds messages, all or none of them; durable when this returns. Their threads are as of `updatingThreadAtMs` from now on,
    /// unless they have been later already.
    ///
    /// Throws `notFound` when a thread is not there any more, or not its user's and its project's, and `conflict` when an id was used.
    public func insertMessages(
        _ messages: [ChatMessageRecord], updatingThreadAtMs atMs: Int64
    ) async throws(StoreError) {
        try await write { session throws(StoreError) in try Store.insert(session, messages, updatingThreadAtMs: atMs) }
    }

    static func insert(
        _ session: StoreSession, _ messages: [ChatMessageRecord], updatingThreadAtMs atMs: Int64
    ) throws(StoreError) {
        for message in messages { try insert(session, message) }
        for (threadID, said) in Dictionary(grouping: messages, by: \.threadID) {
            try session.change(
                """
                UPDATE threads SET message_count = message_count + $2,
                    updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at END
                WHERE id = $1
                """, [.text(threadID), .integer(Int64(said.count { $0.role != .tool })), .integer(atMs)])
        }
    }

    private static func insert(_ session: StoreSession, _ message: ChatMessageRecord) throws(StoreError) {
        if message.isOpen, try isAtWorkElsewhere(session, message) {
            throw StoreError(
                .conflict, "A turn of this thread is running at another daemon; wait for it or stop it with chat.cancel.")
        }
        try session.change(
            "INSERT INTO messages (\(ChatMessageRecord.columns), is_open) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                .text(message.id), .text(message.threadID), .text(message.projectID), .text(message.userID),
                .text(message.role.rawValue), .text(message.content), .optional(message.detail),
                .integer(message.createdAtMs), .flag(message.isOpen),
            ])
        if message.isOpen { try Daemons.own(session, "messages", id: message.id) }
        guard message.role != .tool else { return }
        try count(session, 1, projectID: message.projectID, userID: message.userID, day: Day.of(message.createdAtMs))
    }

    /// Whether another daemon is at a turn of the message's thread.
    private static func isAtWorkElsewhere(_ session: StoreSession, _ message: ChatMessageRecord) throws(StoreError) -> Bool {
        guard let sharing = session.engine.sharing else { return false }
        return try session.first(
            "SELECT 1 FROM messages WHERE user_id = $1 AND thread_id = $2 AND is_open = 1 AND daemon_id <> $3",
            [.text(message.userID), .text(message.threadID), .text(sharing.daemonID)]) != nil
    }

    /// How many turns of a user other daemons with this store are at.
    public func countTurnsElsewhere(userID: String) async throws(StoreError) -> Int {
        guard let sharing = engine.sharing else { return 0 }
        return try await reader.read { session throws(StoreError) in
            var row = try session.first(
                "SELECT count(*) FROM messages WHERE user_id = $1 AND is_open = 1 AND daemon_id <> $2",
                [.text(userID), .text(sharing.daemonID)])
            return try row?.int() ?? 0
        }
    }

    /// Writes what the assistant's message came to; durable when this returns.
    ///
    /// - Returns: whether it is still there and this user's.
    @discardableResult
    public func updateMessage(
        _ id: String, userID: String, content: String, detail: String?
    ) async throws(StoreError) -> Bool {
        try await write { session throws(StoreError) in
            try Store.updateMessage(session, id, userID: userID, content: content, detail: detail)
        }
    }

    /// The same as soon as the disk takes it: for an end that could not be written when it came.
    public func updateMessageLater(_ id: String, userID: String, content: String, detail: String?) async {
        await writer.enqueue(
            LazyWrite { session throws(StoreError) in
                _ = try Store.updateMessage(session, id, userID: userID, content: content, detail: detail)
            })
    }

    private static func updateMessage(
        _ session: StoreSession, _ id: String, userID: String, content: String, detail: String?
    ) throws(StoreError) -> Bool {
        try session.change(
            """
            UPDATE messages SET content = $3, detail = $4, is_open = $5 WHERE id = $1 AND user_id = $2 AND role = 'assistant'
            """,
            [.text(id), .text(userID), .text(content), .optional(detail), .flag(!MessageDetail.hasOutcome(detail))]) > 0
    }

    /// Ends the turns that a crash cut off, as failed. Within a transaction that writes.
    ///
    /// - Parameter isNobodys: a further condition, from `AND` on.
    /// - Returns: how many.
    static func failOpenMessages(_ session: StoreSession, _ isNobodys: String) throws(StoreError) -> Int {
        let rows = try session.rows("SELECT id, detail FROM messages WHERE is_open = 1 \(isNobodys)")
        for var row in rows {
            let id = try row.text()
            try session.change(
                "UPDATE messages SET detail = $2, is_open = 0 WHERE id = $1",
                [.text(id), .text(MessageDetail.failed(row.optionalText()))])
        }
        return rows.count
    }

    // MARK: Deleting

    /// Deletes the messages that `query` lets through, in steps between which others write.
    func deleteMessages(_ query: Conditions) async throws(StoreError) {
        while try await write({ session throws(StoreError) in
            try Store.deleteMessages(session, query, limit: Store.forgetBatch)
        }) == Store.forgetBatch {}
    }

    /// One step; what is counted of them goes too.
    static func deleteMessages(_ session: StoreSession, _ query: Conditions, limit: Int) throws(StoreError) -> Int {
        let rows = try session.rows(
            """
            DELETE FROM messages WHERE id IN
                (SELECT id FROM messages WHERE \(query.sql) ORDER BY created_at, id LIMIT \(query.next))
            RETURNING thread_id, project_id, user_id, role, created_at
            """, query.parameters + [.integer(Int64(limit))])
        var threads: [String: Int64] = [:]
        var days: [MessageDay: Int64] = [:]
        for var row in rows {
            let (threadID, projectID, userID) = try (row.text(), row.text(), row.text())
            guard try row.word(ChatRecordRole.self) != .tool else { continue }
            threads[threadID, default: 0] += 1
            days[MessageDay(projectID: projectID, userID: userID, day: Day.of(try row.integer())), default: 0] += 1
        }
        for (id, count) in threads {
            try session.change(
                "UPDATE threads SET message_count = message_count - $2 WHERE id = $1", [.text(id), .integer(count)])
        }
        for (key, number) in days {
            try count(session, -number, projectID: key.projectID, userID: key.userID, day: key.day)
        }
        return rows.count
    }

    private struct MessageDay: Hashable {
        var projectID: String
        var userID: String
        var day: Int64
    }

    /// Brings the count of a project's day up to date.
    private static func count(
        _ session: StoreSession, _ number: Int64, projectID: String, userID: String, day: Int64
    ) throws(StoreError) {
        let key: [Parameter] = [.text(projectID), .integer(day)]
        try session.change(
            """
            INSERT INTO message_days (project_id, day, user_id, messages) VALUES ($1, $2, $3, $4)
            ON CONFLICT (project_id, day) DO UPDATE SET messages = message_days.messages + excluded.messages
            """, key + [.text(userID), .integer(number)])
        if number < 0 {
            try session.change("DELETE FROM message_days WHERE project_id = $1 AND day = $2 AND messages <= 0", key)
        }
    }
}
