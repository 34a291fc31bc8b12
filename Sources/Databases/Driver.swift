/// One open connection to one database, and everything an engine does differently.
///
/// A driver blocks the thread that calls it, and is confined to one thread (``DatabaseConnection`` owns both); only its
/// ``canceller`` may be used from elsewhere.
protocol Driver: AnyObject {
    /// Connects, checks that the session is what we asked for, and leaves it ready for the first statement.
    /// Throws with the phase that failed: `resolve`, `connect`, `tls`, `login`, `database` or `readOnlyCheck`.
    static func open(_ target: ConnectionTarget, _ options: ConnectOptions) throws(DatabaseError) -> Self

    /// Stops the running statement, from any thread.
    var canceller: any StatementCanceller { get }

    /// Runs one statement and writes its rows to `pager` (not calling `finish`, which is the caller's).
    ///
    /// In `.read` mode all of the read-only layers apply and nothing of the statement outlives the call. In `.write` mode it
    /// is one transaction of its own. After a thrown error the session is usable unless ``isUsable`` says otherwise.
    func run(_ statement: Statement, into pager: inout RowPager) throws(DatabaseError) -> StatementOutcome

    /// Makes the session as good as new for the next statement: no settings, locks, temporary objects or transaction left.
    func reset() throws(DatabaseError)

    /// Whether the connection can take another statement.
    var isUsable: Bool { get }

    /// Whether ``reset()`` would find nothing to undo, as the last statement showed: the next one may then come without it.
    var isClean: Bool { get }

    /// Version, name, size and table count, for `project.summary`.
    func metadata() throws(DatabaseError) -> DatabaseMetadata

    /// Relations and what they have, for engines where no statements answer that for all relations at once.
    func catalogue(_ request: CatalogueRequest) throws(DatabaseError) -> Catalogue

    /// Closes the connection; safe to call twice.
    func close()
}

extension Driver {
    var isClean: Bool { false }

    func catalogue(_ request: CatalogueRequest) throws(DatabaseError) -> Catalogue {
        throw DatabaseError(.internal, phase: .execute, "The engine's catalogue is read by statements.")
    }
}

/// Stops what a connection is doing, from outside its thread. Safe to use after the connection is closed.
public protocol StatementCanceller: Sendable {
    /// Asks the server to stop the running statement (PQcancel, `KILL QUERY`, `sqlite3_interrupt`). Blocks, at most
    /// five seconds; the statement then fails with code `cancelled`.
    func cancel()
    /// Cuts the connection under the statement, for a server that does not obey. Does not block.
    func sever()
}

/// How to connect, whatever the engine.
public struct ConnectOptions: Sendable {
    public var connectTimeoutMs: Int
    /// Shown to the server's administrator: `dbassistd/<version> …`.
    public var applicationName: String
    public var policy: ConnectionPolicy

    public init(connectTimeoutMs: Int = 10_000, applicationName: String = "dbassistd", policy: ConnectionPolicy) {
        self.connectTimeoutMs = connectTimeoutMs
        self.applicationName = applicationName
        self.policy = policy
    }
}

/// What a database says of itself.
public struct DatabaseMetadata: Sendable, Equatable {
    /// `PostgreSQL 15.20`, `MariaDB 10.11.19`, `SQLite 3.40.1`.
    public var serverVersion: String
    public var databaseName: String
    public var currentUser: String?
    public var sizeBytes: Int?
    public var tableCount: Int

    public init(serverVersion: String, databaseName: String, currentUser: String?, sizeBytes: Int?, tableCount: Int) {
        self.serverVersion = serverVersion
        self.databaseName = databaseName
        self.currentUser = currentUser
        self.sizeBytes = sizeBytes
        self.tableCount = tableCount
    }
}
