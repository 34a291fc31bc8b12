internal import Databases
import Glibc

/// The store in a file of its own.
final class SQLiteEngine: StoreEngine {
    private let path: String
    /// nil where another process may have the store: then it is only read.
    private let lock: StoreLock?

    /// Prepares the file and takes the lock, or finds the file; connects nothing yet.
    init(path: String, locks: Bool = true) throws(StoreError) {
        self.path = path
        guard locks else {
            guard access(path, R_OK) == 0 else { throw StoreFile.failure("read the store", path) }
            lock = nil
            return
        }
        try StoreFile.prepare(path)
        lock = try StoreLock(store: path)
    }

    let sharing: PostgreSQLSharing? = nil
    let bytesType = "BLOB"
    let beginRead = "BEGIN"
    let wantsCountIndex = true
    let countTables = "SELECT count(*) FROM sqlite_master WHERE type = 'table'"

    let textIndex: any TextIndex = SQLiteTextIndex()

    func beginWrite(_ session: StoreSession) throws(StoreError) { try session.execute("BEGIN IMMEDIATE") }

    /// It is this process that commits: an error is the whole answer.
    func outcomeOfCommit(_ session: StoreSession) -> CommitOutcome { .rolledBack }

    func schema(_ sql: String) -> String { sql }

    func measure(_ session: StoreSession) {}

    func contains(_ haystack: String, _ needle: String) -> String { "instr(\(haystack), \(needle)) > 0" }

    func connect() throws(StoreError) -> StoreSession {
        // FULL: in WAL mode the one setting that syncs each commit before it is told. The log is cut back after it grew.
        try open(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
            PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384
            """)
    }

    func connectReader() throws(StoreError) -> StoreSession {
        try open("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384")
    }

    private func open(_ pragmas: String) throws(StoreError) -> StoreSession {
        do throws(DatabaseError) {
            // It closes itself when the pragmas fail.
            let database = try SQLiteDatabase(path: path, access: .readWrite, busyTimeoutMs: 5_000)
            try database.execute(pragmas)
            return StoreSession(connection: database, engine: self)
        } catch {
            throw storeError(error)
        }
    }

    func columns(of table: String, _ session: StoreSession) throws(StoreError) -> [String] {
        var names: [String] = []
        for var row in try session.rows("SELECT name FROM pragma_table_info($1) ORDER BY cid", [.text(table)]) {
            names.append(try row.text())
        }
        return names
    }

    func integrityProblems(_ session: StoreSession) throws(StoreError) -> [String] {
        var problems: [String] = []
        for var row in try session.rows("PRAGMA integrity_check(100)") {
            let line = try row.text()
            if line != "ok" { problems.append(line) }
        }
        for var row in try session.rows("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 100") {
            problems.append("a row of \(try row.text()) refers to a missing row of \(try row.text())")
        }
        return problems
    }

    func sizes() -> StoreSizes {
        var volume = statvfs()
        let free = statvfs(StoreFile.directory(of: path), &volume) == 0 ? Int64(volume.f_bavail) * Int64(volume.f_frsize) : 0
        return StoreSizes(databaseBytes: size(path), logBytes: size(path + "-wal"), freeBytes: free)
    }

    /// Whether there is no room for the smallest of files.
    private var isFull: Bool { sizes().freeBytes.map { $0 < 65_536 } ?? false }

    private func size(_ path: String) -> Int64 {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    func release() { lock?.release() }

    /// By SQLite's result codes, primary in the low byte: https://sqlite.org/rescode.html
    func storeError(_ error: DatabaseError) -> StoreError {
        let native = error.nativeCode ?? 0
        let (code, message): (StoreError.Code, String) =
            switch (native & 0xFF, native) {
            case (19, 2067), (19, 1555): (.conflict, "That is there already; choose another name.")
            case (19, 787): (.notFound, "What this belongs to is not there any more.")
            case (5, _), (6, _): (.unavailable, "The store is busy; try again.")
            case (7, _): (.unavailable, "The daemon is short of memory; try again.")
            case (8, _): (.io, "The store is on a file system that is read-only; make it writable, then try again.")
            // For its index of the log SQLite says no more than that it could not be written.
            case (10, _) where isFull, (14, _) where isFull, (13, _):
                (.full, "The disk of the store is full; free some space there, then try again.")
            case (10, _), (14, _): (.io, "The disk of the store cannot be read or written; see to that, then try again.")
            case (11, _), (26, _): (.corrupt, "The store is damaged, or not a store; run `dbassistd doctor`.")
            default: (.internal, "The store could not do this.")
            }
        return StoreError(code, message, debugDescription: "SQLite \(native): \(error.message)")
    }
}
