internal import Databases
import Glibc
internal import Synchronization
import Threads

/// The store in a PostgreSQL database, which several daemons may use.
final class PostgreSQLEngine: StoreEngine {
    private let connectionString: String
    private let options: ConnectOptions
    /// The number of the transaction that writes, or wrote last. It begins anywhere, so that no other daemon has the same.
    private let transaction = Mutex(Int64.random(in: 1...1 << 30))
    private let size = Mutex<(bytes: Int64, measuredNs: UInt64)?>(nil)

    /// The oldest that the tests of the drivers know.
    private static let oldestVersion = 13
    private static let measureEveryNs: UInt64 = 300_000_000_000
    /// How long the outcome of a commit is asked for after its connection was lost.
    private static let outcomePatienceMs = 15_000

    init(connectionString: String, applicationName: String, connectTimeoutMs: Int) {
        self.connectionString = connectionString
        // The operator named it: nothing that a user says leads here.
        options = ConnectOptions(
            connectTimeoutMs: connectTimeoutMs, applicationName: applicationName, policy: ConnectionPolicy(mode: .personal))
    }

    private let daemon = PostgreSQLSharing()
    var sharing: PostgreSQLSharing? { daemon }
    let bytesType = "BYTEA"
    let wantsCountIndex = false
    let beginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    /// The lock of writers comes before the tables.
    let countTables = """
        SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name <> 'store_lock'
        """
    let textIndex: any TextIndex = PostgreSQLTextIndex()

    func contains(_ haystack: String, _ needle: String) -> String { "strpos(\(haystack), \(needle)) > 0" }

    /// Texts are compared by their bytes, as SQLite does: cursors rely on it, and lists must not depend on a locale.
    func schema(_ sql: String) -> String { sql.replacing(" TEXT", with: " TEXT COLLATE \"C\"") }

    // MARK: Connections

    func connect() throws(StoreError) -> StoreSession {
        // A daemon that stands still in a transaction keeps all others from writing: it loses its connection.
        try open(
            isReadOnly: false,
            greeting: [
                "SET synchronous_commit = on", "SET lock_timeout = '5s'", "SET statement_timeout = '25s'",
                "SET idle_in_transaction_session_timeout = '10s'",
            ])
    }

    func connectReader() throws(StoreError) -> StoreSession {
        try open(isReadOnly: true, greeting: ["SET statement_timeout = '25s'"])
    }

    /// A connection for what need not outlive the server, and for hearing what others say.
    func connectWatcher() throws(StoreError) -> StoreSession {
        let greeting = ["SET synchronous_commit = off", "SET lock_timeout = '5s'", "SET statement_timeout = '25s'"]
        return try open(isReadOnly: false, greeting: greeting + PostgreSQLSharing.listening)
    }

    private func open(isReadOnly: Bool, greeting: [String]) throws(StoreError) -> StoreSession {
        do throws(DatabaseError) {
            let database = try PostgreSQLDatabase(
                connectionString: connectionString, options: options, isReadOnly: isReadOnly, greeting: greeting)
            guard database.majorVersion >= Self.oldestVersion else {
                throw DatabaseError(
                    .internal, phase: .login, "The store needs PostgreSQL \(Self.oldestVersion) or newer; this server is older.")
            }
            return StoreSession(connection: database, engine: self)
        } catch {
            guard error.phase != .execute else { throw storeError(error) }
            throw StoreError(
                error.retryable ? .unavailable : .permissions, "The store's database cannot be used: \(error.message)",
                debugDescription: error.debugDescription)
        }
    }

    func release() {}

    // MARK: Transactions

    func beginWrite(_ session: StoreSession) throws(StoreError) {
        try session.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        let number = transaction.withLock { number in
            // As large as the column can hold.
            number = number < Int64(Int32.max) ? number + 1 : 1
            return number
        }
        try daemon.lock(session, number: number)
    }

    /// Asks a new connection what became of the transaction whose connection was lost.
    func outcomeOfCommit(_ session: StoreSession) -> CommitOutcome {
        let number = transaction.withLock { $0 }
        defer { try? session.execute("ROLLBACK") }
        let untilNs = Monotonic.after(milliseconds: Self.outcomePatienceMs)
        repeat {
            do throws(StoreError) {
                try session.execute("ROLLBACK")
                try session.execute("BEGIN")
                guard let last = try daemon.lastTransaction(session) else { return .unknown }
                return last == number ? .committed : .rolledBack
            } catch {
                guard error.code == .unavailable else { return .unknown }
            }
            usleep(200_000)
        } while Monotonic.nowNs < untilNs
        return .unknown
    }

    // MARK: Care

    func columns(of table: String, _ session: StoreSession) throws(StoreError) -> [String] {
        var names: [String] = []
        for var row in try session.rows(
            """
            SELECT CAST(column_name AS TEXT) FROM information_schema.columns
            WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position
            """, [.text(table)])
        {
            names.append(try row.text())
        }
        return names
    }

    /// What PostgreSQL checks by itself it need not be asked; its files are for `pg_amcheck`.
    func integrityProblems(_ session: StoreSession) throws(StoreError) -> [String] {
        try measure(session)
        var problems: [String] = []
        for var row in try session.rows(
            """
            SELECT conrelid::regclass::text, conname::text FROM pg_constraint
            WHERE NOT convalidated AND connamespace = current_schema()::regnamespace
            """)
        {
            problems.append("the constraint \(try row.text()).\(try row.text()) was never checked")
        }
        for var row in try session.rows(
            """
            SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
            WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace
            """)
        {
            problems.append("the index \(try row.text()) is not valid; run REINDEX")
        }
        return problems
    }

    func measure(_ session: StoreSession) throws(StoreError) {
        if let last = size.withLock({ $0 }), Monotonic.nowNs - last.measuredNs < Self.measureEveryNs { return }
        var row = try session.first("SELECT pg_database_size(current_database())")
        let bytes = try row?.integer() ?? 0
        size.withLock { $0 = (bytes, Monotonic.nowNs) }
    }

    func sizes() -> StoreSizes {
        StoreSizes(databaseBytes: size.withLock { $0?.bytes ?? 0 }, logBytes: 0, freeBytes: nil)
    }

    // MARK: Errors

    /// By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
    func storeError(_ error: DatabaseError) -> StoreError {
        let state = error.sqlState ?? ""
        let (code, message): (StoreError.Code, String) =
            switch (state, state.prefix(2)) {
            case ("23505", _): (.conflict, "That is there already; choose another name.")
            case ("23503", _): (.notFound, "What this belongs to is not there any more.")
            case ("53100", _): (.full, "The disk of the store's database is full; free some space there, then try again.")
            case ("55P03", _): (.unavailable, "Another daemon is writing to the store for long; try again.")
            case ("25006", _):
                (.io, "The store's database is read-only; name its primary server, or make it writable and try again.")
            case (_, "08"), (_, "40"), (_, "53"), (_, "55"), (_, "57"): (.unavailable, Self.away)
            case (_, "58"): (.io, "The store's database cannot read or write its disk; see to that, then try again.")
            case (_, "XX"): (.corrupt, "The store's database says that it is damaged; look at its log.")
            case _ where error.code == .connectionLost || error.phase != .execute && error.phase != .prepare || error.retryable:
                (.unavailable, Self.away)
            default: (.internal, "The store could not do this.")
            }
        return StoreError(code, message, debugDescription: "PostgreSQL \(state): \(error.message) \(error.debugDescription)")
    }

    private static let away = "The store's database is out of reach; try again."
}
