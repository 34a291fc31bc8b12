/// An account.
public struct User: Sendable, Equatable {
    public var id: String
    public var name: String
    /// Compared byte for byte: callers bring it to one form first.
    public var email: String
    /// The encoded password hash; never leaves the daemon.
    public var passwordHash: String
    public var createdAtMs: Int64
    public var updatedAtMs: Int64

    public init(
        id: String, name: String, email: String, passwordHash: String, createdAtMs: Int64, updatedAtMs: Int64
    ) {
        self.id = id
        self.name = name
        self.email = email
        self.passwordHash = passwordHash
        self.createdAtMs = createdAtMs
        self.updatedAtMs = updatedAtMs
    }

    static let columns = "id, name, email, password, created_at, updated_at"

    init(_ row: inout Row) throws(StoreError) {
        try self.init(
            id: row.text(), name: row.text(), email: row.text(), passwordHash: row.text(), createdAtMs: row.integer(),
            updatedAtMs: row.integer())
    }
}
