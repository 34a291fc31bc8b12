/// Why a database, or we on its behalf, did not do what was asked.
///
/// Everything here but `debugDescription` is safe to show to the project's owner: no password, connection string or
/// path of the daemon. The server's own message about the user's own statement is theirs to see.
public struct DatabaseError: Error, Sendable {
    /// The stable identity of an error; becomes `error.data.code` on the wire.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        public init(_ description: String) { self.description = description }

        // The connection string
        public static let invalidConnectionString = Code("invalid_connection_string")
        public static let policy = Code("policy")
        // Reaching the database
        public static let connectionFailed = Code("connection_failed")
        public static let hostNotFound = Code("host_not_found")
        public static let connectionRefused = Code("connection_refused")
        public static let connectTimeout = Code("connect_timeout")
        public static let tlsRequired = Code("tls_required")
        public static let tlsFailed = Code("tls_failed")
        public static let authenticationFailed = Code("authentication_failed")
        public static let unknownDatabase = Code("unknown_database")
        public static let notADatabase = Code("not_a_database")
        // Running a statement
        public static let queryFailed = Code("query_failed")
        public static let readOnly = Code("read_only")
        public static let cancelled = Code("cancelled")
        public static let timeout = Code("timeout")
        public static let connectionLost = Code("connection_lost")
        public static let invalidParameters = Code("invalid_parameters")
        public static let busy = Code("busy")
        // Files and results
        public static let fileFailed = Code("file_failed")
        public static let conflict = Code("conflict")
        public static let `internal` = Code("internal")
    }

    /// The step that failed, in the order they are taken; `project.test` lists them.
    public enum Phase: String, Sendable, CaseIterable {
        case parse, policy, resolve, connect, tls, login, database, readOnlyCheck
        case gate, prepare, execute, fetch
        // Writing a file of our own.
        case open, write, publish
    }

    public var code: Code
    public var phase: Phase
    /// One sentence that says what is wrong and what to do.
    public var message: String
    /// SQLSTATE where the engine has one.
    public var sqlState: String?
    /// The engine's own number: MariaDB's errno, SQLite's extended result code.
    public var nativeCode: Int?
    /// Where in the user's own SQL, in Unicode scalars from 1.
    public var position: Int?
    /// The engine's hint or detail, or ours.
    public var hint: String?
    /// Whether the same call may succeed later, unchanged.
    public var retryable: Bool
    /// More for the log, redacted; never on the wire.
    public var debugDescription: String

    public init(
        _ code: Code, phase: Phase, _ message: String, sqlState: String? = nil, nativeCode: Int? = nil,
        position: Int? = nil, hint: String? = nil, retryable: Bool = false, debugDescription: String = ""
    ) {
        self.code = code
        self.phase = phase
        self.message = message
        self.sqlState = sqlState
        self.nativeCode = nativeCode
        self.position = position
        self.hint = hint
        self.retryable = retryable
        self.debugDescription = debugDescription
    }
}
