/// A log-in: what makes a token valid beyond its signature.
public struct SessionRecord: Sendable, Equatable {
    /// The token's `jti`.
    public var id: String
    public var userID: String
    /// What the client said it is; may be empty.
    public var client: String
    public var createdAtMs: Int64
    public var expiresAtMs: Int64
    /// Right to a minute.
    public var lastUsedAtMs: Int64

    public init(
        id: String, userID: String, client: String, createdAtMs: Int64, expiresAtMs: Int64, lastUsedAtMs: Int64? = nil
    ) {
        self.id = id
        self.userID = userID
        self.client = client
        self.createdAtMs = createdAtMs
        self.expiresAtMs = expiresAtMs
        self.lastUsedAtMs = lastUsedAtMs ?? createdAtMs
    }

    static let columns = "id, user_id, client, created_at, expires_at, last_used_at"

    init(_ row: inout Row) throws(StoreError) {
        try self.init(
            id: row.text(), userID: row.text(), client: row.text(), createdAtMs: row.integer(), expiresAtMs: row.integer(),
            lastUsedAtMs: row.integer())
    }
}

/// What entitles to a new session.
public enum SessionRight: Sendable, Equatable {
    /// The account, which was made for it.
    case account
    /// The password that has this hash.
    case password(hash: String)
    /// A session that has not ended; it ends with the same commit.
    case session(String)
}
