/// The engines we speak to. The raw value is the word on the wire; `mysql` covers MySQL and MariaDB.
public enum DatabaseType: String, Sendable, CaseIterable, Codable {
    case postgresql
    case mysql
    case sqlite
}

/// What a statement may do.
public enum AccessMode: String, Sendable {
    /// Engine-level read-only transaction, prepare-and-look gate, always rolled back.
    case read
    /// Runs and commits; only where the project allows it.
    case write
}
