public import Databases
internal import Synchronization

/// The daemon's own state: accounts, sessions, projects, history.
///
/// Every method is one unit: a write returns only after its commit is on the disk, and concurrent writes share a commit;
/// a read never waits for a write. A caller that is cancelled does not take its write back. Times are Unix milliseconds,
/// ids are UUIDv7 text. Every method may throw `unavailable`, `io`, `full` (writes), `corrupt` or
/// `internal`; further errors are named where they are.
public final class Store: Sendable {
    let engine: any StoreEngine
    let writer: WriteQueue
    /// For reads by key: quick, so a log-in never waits behind a dashboard.
    let reader: ReadQueue
    /// For reads that may look at many rows.
    let scanner: ReadQueue
    let touches = Touches()
    let knownProjects = ProjectCache()
    /// Queries that ended since the store was opened: counted to put them into the index of texts by the hundred.
    let unindexed = Atomic(0)
    /// History rows that a crash had left as running; marked as `interrupted` when the store was opened.
    public let interruptedQueries: Int
    /// The assistant's messages that a crash had left open; marked as `failed` when the store was opened.
    public let interruptedTurns: Int
    /// The database that holds the store, where that is one of PostgreSQL and says so.
    public let databaseIdentity: PostgreSQLIdentity?
    /// The last change that other daemons told before the store was opened.
    private let lastChange: Int64
    private let watching = Mutex<StoreWatch?>(nil)

    init(engine: any StoreEngine, session: StoreSession, orphans: Daemons.Orphans, lastChange: Int64) {
        self.engine = engine
        self.lastChange = lastChange
        databaseIdentity = engine.sharing.flatMap { _ in (session.connection as? PostgreSQLDatabase)?.identity() }
        interruptedQueries = orphans.queries
        interruptedTurns = orphans.turns
        writer = WriteQueue(session: session)
        reader = ReadQueue(name: "store-read", engine: engine)
        scanner = ReadQueue(name: "store-scan", engine: engine)
    }

    /// Claims a store and opens it; see ``StoreClaim`` for what is passed and thrown.
    public static func open(
        _ location: StoreLocation, installation: String? = nil, nowMs: Int64,
        report: @Sendable (MigrationProgress) -> Void = { _ in }
    ) async throws(StoreError) -> Store {
        try StoreClaim(location).open(installation: installation, nowMs: nowMs, report: report)
    }

    /// - Parameter locks: whether other daemons are to be kept from a file; without it nothing in it can be written.
    static func engine(_ location: StoreLocation, locks: Bool) throws(StoreError) -> any StoreEngine {
        switch location {
        case .sqlite(let path): try SQLiteEngine(path: path, locks: locks)
        case .postgresql(let connectionString, let applicationName, let connectTimeoutMs):
            PostgreSQLEngine(
                connectionString: connectionString, applicationName: applicationName, connectTimeoutMs: connectTimeoutMs)
        }
    }

    /// Begins to tell `watcher` what other daemons with this store do, and them what it shows; once. Where this daemon has the store
    /// alone, nothing happens.
    public func watch(_ watcher: any StoreWatcher) {
        guard let sharing = engine.sharing, let engine = engine as? PostgreSQLEngine else { return }
        let watch = StoreWatch(engine: engine, sharing: sharing, writer: writer, watcher: watcher, after: lastChange)
        watching.withLock { $0 = watch }
        watch.start()
    }

    var watch: StoreWatch? { watching.withLock { $0 } }

    /// Writes what waits, ends the threads and lets the next daemon in. Later calls throw `unavailable`; safe to call twice.
    public func close() async {
        await watch?.close()
        if let sharing = engine.sharing, !writer.isClosing {
            // Where that cannot be written, the lease ends by itself.
            try? await write { session throws(StoreError) in try Daemons.leave(session, sharing) }
        }
        await writer.close()
        await reader.close()
        await scanner.close()
        engine.release()
    }

    /// Runs `body` in a transaction and returns once it is durable. Never cancelled, run again if its group failed:
    /// `body` must have no effect but its statements.
    @discardableResult
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (StoreSession) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            writer.submit(WriteJob(body) { continuation.resume(returning: $0) })
        }
        return try result.get()
    }

    /// Makes lazy writes visible to the read that follows. What the disk refuses stays queued; the read goes on without.
    func flush() async {
        // A group takes at most `groupMax`; after this many, all that waited when we came have had their turn.
        for _ in 0...WriteQueue.lazyMax / WriteQueue.groupMax where writer.hasLazyWrites {
            try? await write { _ throws(StoreError) in }
        }
    }
}

/// Where the store is.
public enum StoreLocation: Sendable, Equatable {
    /// An absolute path of a file in a directory that is the daemon's alone.
    case sqlite(path: String)
    /// A database that is the store's alone; the string is a URI or the keyword form, as a project's.
    case postgresql(connectionString: String, applicationName: String = "dbassistd store", connectTimeoutMs: Int = 5_000)

    /// The file, where it is one.
    public var path: String? { if case .sqlite(let path) = self { path } else { nil } }
}
