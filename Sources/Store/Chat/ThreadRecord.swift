/// A conversation about one project, its owner's alone.
public struct ThreadRecord: Sendable, Equatable {
    public var id: String
    public var projectID: String
    public var title: String
    /// Its messages, those of tools not counted. The store counts; what an insert says here is not looked at.
    public var messageCount: Int64
    public var createdAtMs: Int64
    /// Its latest message.
    public var updatedAtMs: Int64

    public init(
        id: String, projectID: String, title: String, messageCount: Int64 = 0, createdAtMs: Int64, updatedAtMs: Int64? = nil
    ) {
        self.id = id
        self.projectID = projectID
        self.title = title
        self.messageCount = messageCount
        self.createdAtMs = createdAtMs
        self.updatedAtMs = updatedAtMs ?? createdAtMs
    }

    static let columns = "id, project_id, title, message_count, created_at, updated_at"

    init(_ row: inout Row) throws(StoreError) {
        try self.init(
            id: row.text(), projectID: row.text(), title: row.text(), messageCount: row.integer(), createdAtMs: row.integer(),
            updatedAtMs: row.integer())
    }
}
