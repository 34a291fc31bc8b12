internal import Databases

extension Store {
    /// A user's messages, newest first: of a thread, of a project, or all. Throws `invalidCursor`.
    ///
    /// - Parameter includesTools: whether calls of tools are among them.
    public func messages(
        userID: String, threadID: String? = nil, projectID: String? = nil, includesTools: Bool = false,
        page: PageRequest = PageRequest()
    ) async throws(StoreError) -> ListPage<ChatMessageRecord> {
        let cursor = try Cursor.of(page, list: .messages)
        return try await scanner.read { session throws(StoreError) in
            var query = Conditions(userID: userID)
            query.add("(created_at, id) < (#, #)", .integer(cursor.createdAtMs), .text(cursor.id))
            if let threadID { query.add("thread_id = #", .text(threadID)) }
            if let projectID { query.add("project_id = #", .text(projectID)) }
            if !includesTools { query.add("role <> 'tool'") }
            let items = try Store.messages(session, query, limit: page.limit + 1)
            return ListPage(items, limit: page.limit) { Cursor(list: .messages, createdAtMs: $0.createdAtMs, id: $0.id) }
        }
    }

    /// The newest `limit` messages of a thread that are not of tools, oldest first: what a model is to know of it. None of a thread
    /// that is not there, or somebody else's.
    public func conversation(
        threadID: String, userID: String, limit: Int
    ) async throws(StoreError) -> [ChatMessageRecord] {
        try await reader.read { session throws(StoreError) in
            var query = Conditions(userID: userID)
            query.add("thread_id = #", .text(threadID))
            query.add("role <> 'tool'")
            return try Store.messages(session, query, limit: max(limit, 0)).reversed()
        }
    }

    /// The newest of those that `query` lets through.
    static func messages(
        _ session: StoreSession, _ query: Conditions, limit: Int
    ) throws(StoreError) -> [ChatMessageRecord] {
        let list = messageList(query, limit: limit)
        var items: [ChatMessageRecord] = []
        for var row in try session.rows(list.sql, list.parameters) { items.append(try ChatMessageRecord(&row)) }
        return items
    }

    static func messageList(_ query: Conditions, limit: Int) -> (sql: String, parameters: [Parameter]) {
        (
            """
            SELECT \(ChatMessageRecord.columns) FROM messages WHERE \(query.sql)
            ORDER BY created_at DESC, id DESC LIMIT \(query.next)
            """, query.parameters + [.integer(Int64(limit))]
        )
    }
}
