import Databases

@testable import Store

extension Sample {
    static func thread(_ project: Project, title: String = "What tables are there?", atMs: Int64 = nowMs) -> ThreadRecord {
        ThreadRecord(id: id(), projectID: project.id, title: title, createdAtMs: atMs)
    }

    static func message(
        _ thread: ThreadRecord, _ project: Project, _ role: ChatRecordRole, _ content: String = "text", detail: String? = nil,
        atMs: Int64 = nowMs
    ) -> ChatMessageRecord {
        ChatMessageRecord(
            id: id(), threadID: thread.id, projectID: project.id, userID: project.userID, role: role, content: content,
            detail: detail, createdAtMs: atMs)
    }

    static func approval(
        _ message: ChatMessageRecord, sql: String = "DELETE FROM books", expiresAtMs: Int64 = nowMs + 600_000
    ) -> ApprovalRecord {
        ApprovalRecord(
            id: id(), threadID: message.threadID, projectID: message.projectID, userID: message.userID, messageID: message.id,
            sql: sql, reason: "to empty it", command: "DELETE", relations: ["main.books", "\"odd\nname\""], rowsEstimate: 3,
            createdAtMs: nowMs, expiresAtMs: expiresAtMs)
    }
}

extension Store {
    /// A conversation of `count` messages, written as the chat writes them.
    @discardableResult
    func addMessages(_ project: Project, count: Int, atMs: Int64 = Sample.nowMs) async throws -> ThreadRecord {
        let thread = try await addThread(project, atMs: atMs)
        let messages = (0..<count).map { number in
            Sample.message(
                thread, project, number % 2 == 0 ? .user : .assistant, "message \(number)", detail: #"{"outcome":"finished"}"#,
                atMs: atMs + Int64(number))
        }
        try await insertMessages(messages, updatingThreadAtMs: atMs + Int64(count))
        return thread
    }

    func addThread(_ project: Project, title: String = "t", atMs: Int64 = Sample.nowMs) async throws -> ThreadRecord {
        let thread = Sample.thread(project, title: title, atMs: atMs)
        try await insertThread(thread, userID: project.userID)
        return thread
    }

    /// How the engine goes about a query, a line a step.
    func plan(_ sql: String, _ parameters: [Parameter]) async throws -> [String] {
        try await scanner.read { session throws(StoreError) in
            var lines: [String] = []
            for var row in try session.rows("EXPLAIN QUERY PLAN \(sql)", parameters) {
                for _ in 0..<3 { _ = try row.integer() }
                lines.append(try row.text())
            }
            return lines
        }
    }
}
