/// Where the store keeps what its callers sealed: everything there is.
public enum SealedColumn: String, Sendable, CaseIterable {
    /// ``Project/sealedConnectionString``.
    case connectionString
    /// ``QueryEnd/sealedPreview``.
    case preview

    var table: String {
        switch self {
        case .connectionString: "projects"
        case .preview: "queries"
        }
    }

    var column: String {
        switch self {
        case .connectionString: "connection_string"
        case .preview: "result"
        }
    }

    /// The id of a record's sealing key: eight bytes after the version.
    var keyID: String { "substr(\(column), 2, 8)" }
}

/// A sealed record and what it is bound to.
public struct SealedRecord: Sendable, Equatable {
    public var column: SealedColumn
    /// The id of its row.
    public var id: String
    public var userID: String
    public var sealed: [UInt8]
}

/// A part of the rows that may have a sealed record.
public struct SealedPage: Sendable, Equatable {
    public var records: [SealedRecord]
    /// The id to go on behind; nil at the end.
    public var next: String?
}

/// How many records are under a key.
public struct SealedCount: Sendable, Equatable {
    public var keyID: [UInt8]
    public var column: SealedColumn
    public var records: Int
}

/// What depends on the keys of a keyring.
public struct KeyUse: Sendable, Equatable {
    public var sealed: [SealedCount]
    /// For each of the spans of time that were asked for, when the last session ends that began in it and was not revoked.
    public var sessionsEndAtMs: [Int64?]

    public init(sealed: [SealedCount], sessionsEndAtMs: [Int64?]) {
        self.sealed = sealed
        self.sessionsEndAtMs = sessionsEndAtMs
    }
}
