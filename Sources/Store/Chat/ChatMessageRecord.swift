/// Who a message is from.
public enum ChatRecordRole: String, Sendable, CaseIterable {
    case user, assistant, tool
}

/// A message of a conversation, or a call of a tool in it.
public struct ChatMessageRecord: Sendable, Equatable {
    public var id: String
    public var threadID: String
    public var projectID: String
    public var userID: String
    public var role: ChatRecordRole
    /// The text.
    public var content: String
    /// A JSON object with everything else. One of the assistant's without a member `outcome` is open: its turn goes on.
    public var detail: String?
    public var createdAtMs: Int64

    public init(
        id: String, threadID: String, projectID: String, userID: String, role: ChatRecordRole, content: String,
        detail: String? = nil, createdAtMs: Int64
    ) {
        self.id = id
        self.threadID = threadID
        self.projectID = projectID
        self.userID = userID
        self.role = role
        self.content = content
        self.detail = detail
        self.createdAtMs = createdAtMs
    }

    static let columns = "id, thread_id, project_id, user_id, role, content, detail, created_at"

    init(_ row: inout Row) throws(StoreError) {
        try self.init(
            id: row.text(), threadID: row.text(), projectID: row.text(), userID: row.text(),
            role: row.word(ChatRecordRole.self), content: row.text(), detail: row.optionalText(), createdAtMs: row.integer())
    }

    /// Whether its turn goes on, or was cut off.
    var isOpen: Bool { role == .assistant && !MessageDetail.hasOutcome(detail) }
}
