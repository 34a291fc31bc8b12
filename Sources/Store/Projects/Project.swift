public import Databases

/// A database that a user has registered.
public struct Project: Sendable, Equatable {
    public var id: String
    public var userID: String
    /// Unique among its owner's, byte for byte.
    public var name: String
    public var description: String
    public var databaseType: DatabaseType
    /// The connection string, sealed by the caller; the store does not look inside.
    public var sealedConnectionString: [UInt8]
    public var isReadOnly: Bool
    public var createdAtMs: Int64
    public var updatedAtMs: Int64
    /// Right to a minute; nil when it was never used.
    public var lastUsedAtMs: Int64?
    /// What the assistant may do with it.
    public var assistant: AssistantRecord

    public init(
        id: String, userID: String, name: String, description: String = "", databaseType: DatabaseType,
        sealedConnectionString: [UInt8], isReadOnly: Bool = true, createdAtMs: Int64, updatedAtMs: Int64? = nil,
        lastUsedAtMs: Int64? = nil, assistant: AssistantRecord = AssistantRecord()
    ) {
        self.id = id
        self.userID = userID
        self.name = name
        self.description = description
        self.databaseType = databaseType
        self.sealedConnectionString = sealedConnectionString
        self.isReadOnly = isReadOnly
        self.createdAtMs = createdAtMs
        self.updatedAtMs = updatedAtMs ?? createdAtMs
        self.lastUsedAtMs = lastUsedAtMs
        self.assistant = assistant
    }

    static let columns = """
        id, user_id, name, description, database_type, connection_string, read_only, created_at, updated_at, last_used_at, \
        assistant
        """

    init(_ row: inout Row) throws(StoreError) {
        try self.init(
            id: row.text(), userID: row.text(), name: row.text(), description: row.text(),
            databaseType: row.word(DatabaseType.self), sealedConnectionString: row.bytes(), isReadOnly: row.bool(),
            createdAtMs: row.integer(), updatedAtMs: row.integer(), lastUsedAtMs: row.optionalInteger(),
            assistant: StoredJSON.assistant(row.optionalText()))
    }

    /// Name and description in lower case, to search in.
    var folded: String { Project.folded(name: name, description: description) }

    static func folded(name: String, description: String) -> String { (name + "\n" + description).lowercased() }
}

/// What to change of a project; nil leaves a value as it is.
public struct ProjectChange: Sendable, Equatable {
    public var name: String?
    public var description: String?
    public var databaseType: DatabaseType?
    public var sealedConnectionString: [UInt8]?
    public var isReadOnly: Bool?
    public var assistant: AssistantRecordChange?

    public init(
        name: String? = nil, description: String? = nil, databaseType: DatabaseType? = nil,
        sealedConnectionString: [UInt8]? = nil, isReadOnly: Bool? = nil, assistant: AssistantRecordChange? = nil
    ) {
        self.name = name
        self.description = description
        self.databaseType = databaseType
        self.sealedConnectionString = sealedConnectionString
        self.isReadOnly = isReadOnly
        self.assistant = assistant
    }
}

/// Which projects a list shows; nil shows all.
public struct ProjectFilter: Sendable, Equatable {
    public var databaseType: DatabaseType?
    /// Occurs in the name or the description, whatever the case; every character stands for itself.
    public var text: String?
    /// Its id is among these.
    public var ids: Set<String>?

    public init(databaseType: DatabaseType? = nil, text: String? = nil, ids: Set<String>? = nil) {
        self.databaseType = databaseType
        self.text = text
        self.ids = ids
    }
}
