internal import CMariaDB
internal import Protocol

/// MySQL and MariaDB through libmariadb's prepared statements.
///
/// A read is: the gate; `SET` of the session (read-only, SQL mode, timeout); `START TRANSACTION READ ONLY`; prepare, which must
/// show columns; execute and fetch, unbuffered; `ROLLBACK`; `COM_RESET_CONNECTION`, which ends locks, temporary tables, user
/// variables, handlers, prepared names and settings. The session's time zone is the server's own: a TIMESTAMP reads here as in
/// any other client of that server. A server that hangs without closing its connection is cut by ``StatementCanceller/sever()``.
final class MariaDBDriver: Driver {
    let session: MariaDBSession
    let stopper: MariaDBCanceller
    /// The server's SQL mode as the session found it, set again before each statement so that the gate's lexer and the server
    /// agree whatever happens to the global one.
    let sqlMode: String
    let gate: MariaDBGate
    var isBroken = false
    /// Nothing was done in the session since it was reset.
    var isFresh = false
    private var isClosed = false

    var canceller: any StatementCanceller { stopper }
    var isUsable: Bool { !isBroken && !isClosed }
    var isClean: Bool { isFresh && isUsable }

    private init(session: MariaDBSession, stopper: MariaDBCanceller, sqlMode: String) {
        self.session = session
        self.stopper = stopper
        self.sqlMode = sqlMode
        let modes = sqlMode.split(separator: ",")
        gate = MariaDBGate(
            ansiQuotes: modes.contains("ANSI_QUOTES"), backslashEscapes: !modes.contains("NO_BACKSLASH_ESCAPES"))
    }

    static func open(_ target: ConnectionTarget, _ options: ConnectOptions) throws(DatabaseError) -> MariaDBDriver {
        try open(target, options, resolver: .system)
    }

    static func open(
        _ target: ConnectionTarget, _ options: ConnectOptions, resolver: HostResolver
    ) throws(DatabaseError) -> MariaDBDriver {
        let started = ContinuousClock.now
        var failure: DatabaseError?
        for endpoint in try endpoints(target, options, resolver) {
            let spent = ContinuousClock.now - started
            let left = options.connectTimeoutMs - Int(spent / .milliseconds(1))
            guard left > 0 else { break }
            do throws(DatabaseError) {
                let session = try MariaDBSession.connect(endpoint, timeoutMs: left)
                return try begin(session, endpoint)
            } catch {
                failure = error
                // Another address of the same host may answer; another log-in would not change.
                guard error.phase == .connect else { throw error }
            }
        }
        throw failure
            ?? DatabaseError(.connectTimeout, phase: .connect, "The server did not answer in time.", retryable: true)
    }

    private static func endpoints(
        _ target: ConnectionTarget, _ options: ConnectOptions, _ resolver: HostResolver
    ) throws(DatabaseError) -> [MariaDBEndpoint] {
        guard let user = target.user else {
            throw DatabaseError(.invalidConnectionString, phase: .parse, "The user is missing.")
        }
        func endpoint(_ place: MariaDBEndpoint.Place, _ tls: ConnectionTarget.TLSMode) -> MariaDBEndpoint {
            MariaDBEndpoint(
                place: place, tls: tls, user: user, password: target.password, database: target.database,
                applicationName: options.applicationName)
        }
        switch target.location {
        case .tcp(let host, let port):
            let addresses = try resolver.resolve(host, policy: options.policy, timeoutMs: options.connectTimeoutMs)
            var endpoints: [MariaDBEndpoint] = []
            for address in addresses {
                let tls = try options.policy.tlsMode(target.tls, to: address)
                endpoints.append(endpoint(.tcp(numeric: address.numeric, port: port, name: address.host), tls))
            }
            return endpoints
        case .unixSocket(let path, _):
            return [endpoint(.unixSocket(path: try options.policy.checkedSocketPath(path)), target.tls)]
        case .file:
            throw DatabaseError(.invalidConnectionString, phase: .parse, "A file is not a MySQL server.")
        }
    }

    /// Reads what the statements need to know and proves that a read-only transaction is one.
    private static func begin(_ session: MariaDBSession, _ endpoint: MariaDBEndpoint) throws(DatabaseError) -> MariaDBDriver {
        let mode = try session.rows("SELECT @@SESSION.sql_mode", .readOnlyCheck).first?.first ?? ""
        let sqlMode = mode ?? ""
        guard sqlMode.utf8.allSatisfy(isModeByte) else {
            throw DatabaseError(.connectionFailed, phase: .readOnlyCheck, "The server's sql_mode is not understood.")
        }
        let driver = MariaDBDriver(
            session: session, stopper: MariaDBCanceller(endpoint: endpoint, session: session), sqlMode: sqlMode)
        try driver.setUp(mode: .read, timeoutMs: 10_000, phase: .readOnlyCheck)
        let variable = session.isMariaDB ? "tx_read_only" : "transaction_read_only"
        let answer = try session.rows("SELECT @@SESSION.\(variable)", .readOnlyCheck)
        guard answer.first?.first == "1" else {
            throw DatabaseError(.connectionFailed, phase: .readOnlyCheck, "The server does not make the session read-only.")
        }
        try driver.reset()
        return driver
    }

    private static func isModeByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ",")
    }

    /// Everything a statement's session needs, in one statement of ours.
    ///
    /// The session's own characteristic must be read-only, not only the transaction: statements that commit implicitly
    /// (`DROP TABLE`) leave the transaction and are refused by the session.
    func setUp(mode: AccessMode, timeoutMs: Int, phase: DatabaseError.Phase) throws(DatabaseError) {
        isFresh = false
        let readOnly = mode == .read ? 1 : 0
        let milliseconds = max(timeoutMs, 1)
        let limits =
            session.isMariaDB
            ? "tx_read_only=\(readOnly), SESSION max_statement_time=\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst())"
            : "transaction_read_only=\(readOnly), SESSION max_execution_time=\(milliseconds)"
        try own("SET NAMES utf8mb4, SESSION sql_mode='\(sqlMode)', SESSION \(limits)", phase)
        try own(mode == .read ? "START TRANSACTION READ ONLY" : "START TRANSACTION READ WRITE", phase)
    }

    /// One of our own statements; a connection that fails one is not used again, unless it was only hit by a cancel.
    func own(_ sql: String, _ phase: DatabaseError.Phase) throws(DatabaseError) {
        do throws(DatabaseError) {
            try session.execute(sql, phase)
        } catch {
            isBroken = isBroken || error.code != .cancelled || session.failure().endsConnection
            throw error
        }
    }

    func reset() throws(DatabaseError) {
        guard isUsable else {
            throw DatabaseError(.connectionLost, phase: .execute, "The connection is closed.", retryable: true)
        }
        isFresh = false
        guard mysql_reset_connection(session.handle) == 0 else {
            isBroken = true
            throw session.failure().running(.execute, sql: nil)
        }
        isFresh = true
    }

    func metadata() throws(DatabaseError) -> DatabaseMetadata {
        guard isUsable else {
            throw DatabaseError(.connectionLost, phase: .execute, "The connection is closed.", retryable: true)
        }
        try setUp(mode: .read, timeoutMs: 10_000, phase: .execute)
        let names = try session.rows("SELECT VERSION(), DATABASE(), CURRENT_USER()").first ?? []
        let totals =
            try session.rows(
                "SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS UNSIGNED), COUNT(*) FROM information_schema.tables"
                    + " WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
            ).first ?? []
        try own("ROLLBACK", .execute)
        try reset()
        let version = names.first.flatMap { $0 } ?? ""
        let number = version.split(separator: "-").first.map(String.init) ?? version
        return DatabaseMetadata(
            serverVersion: "\(session.isMariaDB ? "MariaDB" : "MySQL") \(number)",
            databaseName: names.dropFirst().first.flatMap { $0 } ?? "",
            currentUser: names.last.flatMap { $0 },
            sizeBytes: totals.first.flatMap { $0 }.flatMap { Int($0) },
            tableCount: totals.last.flatMap { $0 }.flatMap { Int($0) } ?? 0)
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        stopper.forget()
        session.close()
    }
}
