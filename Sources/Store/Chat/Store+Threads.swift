internal import Databases

extension Store {
    /// Adds a conversation and the first messages in it, all or none of them; durable when this returns.
    ///
    /// Throws `notFound` when the project is not there or not this user's, or a message is not of all three, and `conflict` when an id
    /// was used.
    public func insertThread(
        _ thread: ThreadRecord, userID: String, saying messages: [ChatMessageRecord] = []
    ) async throws(StoreError) {
        try await write { session throws(StoreError) in
            try Store.insert(session, thread, userID: userID)
            try Store.insert(session, messages, updatingThreadAtMs: thread.updatedAtMs)
        }
    }

    private static func insert(_ session: StoreSession, _ thread: ThreadRecord, userID: String) throws(StoreError) {
        try session.change(
            """
            INSERT INTO threads (id, project_id, user_id, title, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
            """,
            [
                .text(thread.id), .text(thread.projectID), .text(userID), .text(thread.title),
                .integer(thread.createdAtMs), .integer(thread.updatedAtMs),
            ])
    }

    /// The conversation, if it is this user's.
    public func thread(_ id: String, userID: String) async throws(StoreError) -> ThreadRecord? {
        try await reader.read { session throws(StoreError) in
            let row = try session.first(
                "SELECT \(ThreadRecord.columns) FROM threads WHERE id = $1 AND user_id = $2", [.text(id), .text(userID)])
            guard var row else { return nil }
            return try ThreadRecord(&row)
        }
    }

    /// A user's conversations, the one with the latest message first. Throws `invalidCursor`.
    ///
    /// One that goes on between two pages moves to the front, and is not shown again.
    public func threads(
        userID: String, projectID: String? = nil, page: PageRequest = PageRequest()
    ) async throws(StoreError) -> ListPage<ThreadRecord> {
        let cursor = try Cursor.of(page, list: .threads)
        return try await scanner.read { session throws(StoreError) in
            let query = Store.threadList(userID: userID, projectID: projectID, cursor, limit: page.limit + 1)
            var items: [ThreadRecord] = []
            for var row in try session.rows(query.sql, query.parameters) { items.append(try ThreadRecord(&row)) }
            return ListPage(items, limit: page.limit) { Cursor(list: .threads, createdAtMs: $0.updatedAtMs, id: $0.id) }
        }
    }

    static func threadList(
        userID: String, projectID: String?, _ cursor: Cursor, limit: Int
    ) -> (sql: String, parameters: [Parameter]) {
        var query = Conditions(userID: userID)
        query.add("(updated_at, id) < (#, #)", .integer(cursor.createdAtMs), .text(cursor.id))
        if let projectID { query.add("project_id = #", .text(projectID)) }
        return (
            """
            SELECT \(ThreadRecord.columns) FROM threads WHERE \(query.sql)
            ORDER BY updated_at DESC, id DESC LIMIT \(query.next)
            """, query.parameters + [.integer(Int64(limit))]
        )
    }

    /// Gives a conversation another title and answers it as it is now; nil when this user has none of that id.
    public func renameThread(_ id: String, userID: String, title: String) async throws(StoreError) -> ThreadRecord? {
        try await write { session throws(StoreError) in
            let row = try session.first(
                "UPDATE threads SET title = $3 WHERE id = $1 AND user_id = $2 RETURNING \(ThreadRecord.columns)",
                [.text(id), .text(userID), .text(title)])
            guard var row else { return nil }
            return try ThreadRecord(&row)
        }
    }

    /// Deletes a conversation with its messages and proposals; a long one step by step, and the thread with the last.
    ///
    /// - Returns: whether there was one. Deleting again, or another user's, changes nothing.
    @discardableResult
    public func deleteThread(_ id: String, userID: String) async throws(StoreError) -> Bool {
        var query = Conditions(userID: userID)
        query.add("thread_id = #", .text(id))
        try await deleteMessages(query)
        return try await write { [query] session throws(StoreError) in
            // What came in between.
            _ = try Store.deleteMessages(session, query, limit: .max)
            return try session.change("DELETE FROM threads WHERE id = $1 AND user_id = $2", [.text(id), .text(userID)]) > 0
        }
    }
}
