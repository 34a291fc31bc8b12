/// What became of a proposal. One whose time is over stays ``pending`` until housekeeping finds it; it can no longer be redeemed.
public enum ApprovalState: String, Sendable, CaseIterable {
    case pending, approved, declined, expired
}

/// A statement that the assistant proposed and that only its user can have run, once.
public struct ApprovalRecord: Sendable, Equatable {
    public var id: String
    public var threadID: String
    public var projectID: String
    public var userID: String
    /// The assistant's message that proposes it.
    public var messageID: String
    /// The very bytes that would run.
    public var sql: String
    public var reason: String?
    /// The word it begins with.
    public var command: String
    public var relations: [String]
    public var rowsEstimate: Int64?
    public var state: ApprovalState
    public var createdAtMs: Int64
    /// The first moment at which it can no longer be redeemed.
    public var expiresAtMs: Int64
    /// When somebody approved or declined it.
    public var decidedAtMs: Int64?
    /// Once approved: what it ran as.
    public var queryID: String?

    public init(
        id: String, threadID: String, projectID: String, userID: String, messageID: String, sql: String, reason: String? = nil,
        command: String, relations: [String] = [], rowsEstimate: Int64? = nil, state: ApprovalState = .pending,
        createdAtMs: Int64, expiresAtMs: Int64, decidedAtMs: Int64? = nil, queryID: String? = nil
    ) {
        self.id = id
        self.threadID = threadID
        self.projectID = projectID
        self.userID = userID
        self.messageID = messageID
        self.sql = sql
        self.reason = reason
        self.command = command
        self.relations = relations
        self.rowsEstimate = rowsEstimate
        self.state = state
        self.createdAtMs = createdAtMs
        self.expiresAtMs = expiresAtMs
        self.decidedAtMs = decidedAtMs
        self.queryID = queryID
    }

    static let columns = """
        id, thread_id, project_id, user_id, message_id, statement, reason, command, relations, rows_estimate, status, \
        created_at, expires_at, decided_at, query_id
        """

    init(_ row: inout Row) throws(StoreError) {
        try self.init(
            id: row.text(), threadID: row.text(), projectID: row.text(), userID: row.text(), messageID: row.text(),
            sql: row.text(), reason: row.optionalText(), command: row.text(), relations: StoredJSON.strings(row.text()),
            rowsEstimate: row.optionalInteger(), state: row.word(ApprovalState.self), createdAtMs: row.integer(),
            expiresAtMs: row.integer(), decidedAtMs: row.optionalInteger(), queryID: row.optionalText())
    }
}
