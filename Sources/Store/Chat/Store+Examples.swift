internal import Databases

extension Store {
    /// Keeps a question with the statement that answers it; durable when this returns. The same question of a project, whatever its
    /// case, spaces and mark at the end, has its statement replaced and keeps its id.
    ///
    /// - Parameters:
    ///   - id: of the example, if it is a new one.
    ///   - max: how many a project may have.
    /// - Returns: nil when the project has so many and the question is not among them. Throws `notFound` when the project is not
    ///   there or not this user's.
    public func confirmExample(
        id: String, projectID: String, userID: String, question: String, sql: String, nowMs: Int64, max: Int
    ) async throws(StoreError) -> ExampleRecord? {
        let key = Parameter.text(ExampleRecord.key(question))
        return try await write { session throws(StoreError) in
            let replaced = try session.first(
                """
                UPDATE examples SET question = $4, statement = $5, created_at = $6
                WHERE project_id = $1 AND user_id = $2 AND question_key = $3 RETURNING \(ExampleRecord.columns)
                """, [.text(projectID), .text(userID), key, .text(question), .text(sql), .integer(nowMs)])
            if var replaced { return try ExampleRecord(&replaced) }
            var count = try session.first(
                "SELECT count(*) FROM examples WHERE user_id = $1 AND project_id = $2", [.text(userID), .text(projectID)])
            guard try count?.int() ?? 0 < max else { return nil }
            let row = try session.first(
                """
                INSERT INTO examples (\(ExampleRecord.columns), user_id, question_key) VALUES ($1, $2, $3, $4, $5, $6, $7)
                RETURNING \(ExampleRecord.columns)
                """,
                [.text(id), .text(projectID), .text(question), .text(sql), .integer(nowMs), .text(userID), key])
            guard var row else { return nil }
            return try ExampleRecord(&row)
        }
    }

    /// A project's examples, the last confirmed first. Throws `invalidCursor`.
    public func examples(
        projectID: String, userID: String, page: PageRequest = PageRequest()
    ) async throws(StoreError) -> ListPage<ExampleRecord> {
        let cursor = try Cursor.of(page, list: .examples)
        return try await reader.read { session throws(StoreError) in
            let items = try Store.examples(session, projectID: projectID, userID: userID, cursor, limit: page.limit + 1)
            return ListPage(items, limit: page.limit) { Cursor(list: .examples, createdAtMs: $0.createdAtMs, id: $0.id) }
        }
    }

    /// The `limit` examples of a project that were confirmed last, newest first: to choose from for a question.
    public func allExamples(projectID: String, userID: String, limit: Int) async throws(StoreError) -> [ExampleRecord] {
        try await reader.read { session throws(StoreError) in
            try Store.examples(session, projectID: projectID, userID: userID, .start(.examples), limit: max(limit, 0))
        }
    }

    private static func examples(
        _ session: StoreSession, projectID: String, userID: String, _ cursor: Cursor, limit: Int
    ) throws(StoreError) -> [ExampleRecord] {
        let list = exampleList(projectID: projectID, userID: userID, cursor, limit: limit)
        var items: [ExampleRecord] = []
        for var row in try session.rows(list.sql, list.parameters) { items.append(try ExampleRecord(&row)) }
        return items
    }

    static func exampleList(
        projectID: String, userID: String, _ cursor: Cursor, limit: Int
    ) -> (sql: String, parameters: [Parameter]) {
        var query = Conditions(userID: userID)
        query.add("project_id = #", .text(projectID))
        query.add("(created_at, id) < (#, #)", .integer(cursor.createdAtMs), .text(cursor.id))
        return (
            """
            SELECT \(ExampleRecord.columns) FROM examples WHERE \(query.sql)
            ORDER BY created_at DESC, id DESC LIMIT \(query.next)
            """, query.parameters + [.integer(Int64(limit))]
        )
    }

    /// Takes an example back.
    ///
    /// - Returns: whether there was one. Deleting again, or another user's, changes nothing.
    @discardableResult
    public func deleteExample(_ id: String, userID: String) async throws(StoreError) -> Bool {
        try await write { session throws(StoreError) in
            try session.change("DELETE FROM examples WHERE id = $1 AND user_id = $2", [.text(id), .text(userID)]) > 0
        }
    }
}
