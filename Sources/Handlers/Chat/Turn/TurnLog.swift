import Protocol
import Security
import Store

/// The messages of one turn in its thread: kept as they come, so that a crash loses none that was shown.
struct TurnLog: Sendable {
    let store: Store
    let userID: String
    let projectID: String
    let threadID: String
    /// The user's message: an id older than the assistant's, since lists go by it.
    let userMessageID = Identifier.make()
    /// The assistant's message.
    let messageID = Identifier.make()
    let mode: ChatMode
    let createdAtMs: Int64
    /// Messages of the thread before this turn, the oldest first.
    let conversation: [ChatMessageRecord]

    /// Messages of a thread that a turn looks back on.
    static let conversationMax = 200

    /// Keeps the user's message, and the assistant's to be. A thread that does not exist is made.
    func begin(_ content: String, isNewThread: Bool) async throws(StoreError) {
        let messages = [
            record(.user, id: userMessageID, content, ChatDetail(mode: mode)),
            record(.assistant, id: messageID, "", ChatDetail(mode: mode)),
        ]
        guard isNewThread else { return try await store.insertMessages(messages, updatingThreadAtMs: createdAtMs) }
        // In one commit: the model waits for it.
        let thread = ThreadRecord(
            id: threadID, projectID: projectID, title: SafeTitle.text(content), messageCount: 0, createdAtMs: createdAtMs,
            updatedAtMs: createdAtMs)
        try await store.insertThread(thread, userID: userID, saying: messages)
    }

    /// Keeps a call of a tool.
    func tool(_ use: ChatToolUse) async throws(StoreError) {
        try await store.insertMessages(
            [record(.tool, id: Identifier.make(), use.summary, ChatDetail(toolUse: use))],
            updatingThreadAtMs: Timestamp.now())
    }

    /// Keeps how the turn ended, and answers the message. What the disk refuses is kept when it takes it again: the turn is not to
    /// be found at work for ever.
    func end(_ answer: TurnAnswer, _ outcome: ChatOutcome) async throws(StoreError) -> ChatMessage {
        let detail = ChatDetail(
            mode: mode, statements: answer.statements.isEmpty ? nil : answer.statements, usage: answer.usage, model: answer.model,
            note: answer.note,
            outcome: outcome)
        do throws(StoreError) {
            try await store.updateMessage(messageID, userID: userID, content: answer.text, detail: detail.text)
        } catch {
            if error.isRetryable {
                await store.updateMessageLater(messageID, userID: userID, content: answer.text, detail: detail.text)
            }
            throw error
        }
        var message = ChatHandlers.wire(record(.assistant, id: messageID, answer.text, detail), [], nowMs: createdAtMs)
        message.proposals = answer.proposals.isEmpty ? nil : answer.proposals
        return message
    }

    private func record(
        _ role: ChatRecordRole, id: String, _ content: String, _ detail: ChatDetail
    ) -> ChatMessageRecord {
        ChatMessageRecord(
            id: id, threadID: threadID, projectID: projectID, userID: userID, role: role, content: content,
            detail: detail.text, createdAtMs: role == .tool ? Timestamp.now() : createdAtMs)
    }
}

/// A thread's first title: the beginning of what was said first, on one line.
enum SafeTitle {
    private static let charactersMax = 80

    static func text(_ content: String) -> String {
        let line = content.split { $0.isNewline || $0 == "\t" || $0 == " " }.joined(separator: " ")
        return line.count > charactersMax ? line.prefix(charactersMax - 1) + "…" : line
    }
}
