internal import Databases

/// What differs between the databases that can hold the store. Everything else is the SQL they share.
protocol StoreEngine: Sendable {
    /// A connection that may write.
    func connect() throws(StoreError) -> StoreSession
    /// A connection for reading only.
    func connectReader() throws(StoreError) -> StoreSession
    /// Our error for what the engine said.
    func storeError(_ error: DatabaseError) -> StoreError

    /// How several daemons use the store together; nil where one has it alone.
    var sharing: PostgreSQLSharing? { get }
    /// The column type of byte strings.
    var bytesType: String { get }
    /// Starts a transaction that will write, so that it waits at its start rather than failing at its end.
    func beginWrite(_ session: StoreSession) throws(StoreError)
    /// What became of a transaction whose COMMIT failed.
    func outcomeOfCommit(_ session: StoreSession) -> CommitOutcome
    /// Statements of ours that make tables, as this engine needs them.
    func schema(_ sql: String) -> String
    /// Starts a read-only transaction with one view of the data.
    var beginRead: String { get }
    /// An expression that is true when the text `needle` occurs in the text `haystack`, byte for byte.
    func contains(_ haystack: String, _ needle: String) -> String
    /// The engine's index of history's texts.
    var textIndex: any TextIndex { get }
    /// Whether an index of figures that often change is worth while. PostgreSQL would no longer change their rows in place.
    var wantsCountIndex: Bool { get }
    /// A statement that counts the tables of this database.
    var countTables: String { get }

    /// The names of a table's columns, in order.
    func columns(of table: String, _ session: StoreSession) throws(StoreError) -> [String]
    /// What is wrong with the data, in the engine's own words; empty when nothing is.
    func integrityProblems(_ session: StoreSession) throws(StoreError) -> [String]
    /// Looks how large the store is, now and then.
    func measure(_ session: StoreSession) throws(StoreError)
    /// Bytes on disk, as last seen.
    func sizes() -> StoreSizes
    /// Gives up what keeps other daemons away. Nothing is used after this.
    func release()
}

/// What became of a transaction.
enum CommitOutcome {
    case committed
    case rolledBack
    /// Nobody can be asked.
    case unknown
}

/// How large the store is, in bytes.
public struct StoreSizes: Sendable, Equatable {
    public var databaseBytes: Int64
    /// The write-ahead log, where the engine keeps one beside the data.
    public var logBytes: Int64
    /// Free space for the daemon on the store's file system; nil where that is another machine's.
    public var freeBytes: Int64?
}
