import Glibc

/// A throw-away PgBouncer in front of a ``PostgreSQLServer``, on a Unix socket and a loopback port; it ends with the value, and with
/// the test process.
///
/// Database ``PostgreSQLServer/database`` and any other is pooled by session. ``transactions`` and ``statements`` are names of the same
/// database that are pooled by transaction and by statement. Clients log in with the server's roles and password
/// (`scram-sha-256`); ``administrator`` has the console. `DBASSIST_TEST_PGBOUNCER` may name the program of another version.
public final class PgBouncerServer: Sendable {
    public static let transactions = "by_transaction"
    public static let statements = "by_statement"
    private static let program = getenv("DBASSIST_TEST_PGBOUNCER").map { String(cString: $0) } ?? "/usr/sbin/pgbouncer"
    private static let administrator = "console"

    /// Why tests that need it are skipped, where it is not installed.
    public static let isInstalled = access(program, X_OK) == 0

    /// Also where the Unix socket is.
    public let directory: String
    public let port: Int
    /// Where the guard process reads what to do; its end is the pooler's.
    private let orders: Int32

    /// Starts one.
    ///
    /// - Parameter settings: lines of the section `pgbouncer` of its configuration, on top of the usual ones.
    public static func start(to server: PostgreSQLServer, settings: [String: String] = [:]) throws -> PgBouncerServer {
        var template = Array("/tmp/dbassist-pooler-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ChildProcess.Failure("cannot make a temporary directory") }
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // It refuses to run as root.
        let asUser = getuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
        if getuid() == 0 { try ChildProcess.run(["chown", "postgres:postgres", directory]) }
        try ChildProcess.run(["chmod", "0755", directory])
        let port = try Loopback.freePort()
        let usual = [
            "listen_addr": "127.0.0.1", "listen_port": String(port), "unix_socket_dir": directory, "auth_type": "scram-sha-256",
            "auth_file": directory + "/users", "admin_users": administrator, "pool_mode": "session", "default_pool_size": "20",
            "logfile": directory + "/log", "server_login_retry": "1", "log_stats": "0",
        ]
        let place = "host=\(server.directory) port=\(server.port)"
        let lines =
            [
                "[databases]", "\(transactions) = \(place) dbname=\(PostgreSQLServer.database) pool_mode=transaction",
                "\(statements) = \(place) dbname=\(PostgreSQLServer.database) pool_mode=statement", "* = \(place)", "[pgbouncer]",
            ] + usual.merging(settings) { $1 }.map { "\($0.key) = \($0.value)" }
        let users = [PostgreSQLServer.superuser, PostgreSQLServer.plainRole, administrator]
        let passwords = users.map { "\"\($0)\" \"\(PostgreSQLServer.password)\"" }
        for (name, text) in [("ini", lines), ("users", passwords)] {
            try ChildProcess.run(
                asUser + ["sh", "-c", "printf '%s\\n' \"$1\" > \"$0\"", "\(directory)/\(name)", text.joined(separator: "\n")])
        }
        let pooler = PgBouncerServer(directory: directory, port: port, orders: try launch(asUser, directory))
        try pooler.waitUntilReady()
        return pooler
    }

    private init(directory: String, port: Int, orders: Int32) {
        self.directory = directory
        self.port = port
        self.orders = orders
    }

    deinit { close(orders) }

    /// - Returns: where the guard process reads.
    private static func launch(_ asUser: [String], _ directory: String) throws -> Int32 {
        let script = """
            run() { "$0" "$1/ini" </dev/null >/dev/null 2>&1 & pooler=$!; }
            run "$@"
            while read -r order; do
                case $order in
                crash) kill -KILL $pooler; wait $pooler; echo >"$1/crashed" ;;
                run) rm -f "$1"/.s.* "$1/crashed"; run "$@" ;;
                esac
            done
            kill -KILL $pooler; wait $pooler
            rm -rf "$1"/* "$1"/.s.*; rmdir "$1"
            """
        return try ChildProcess.startGuard(asUser + ["sh", "-c", script, program, directory])
    }

    private func order(_ word: String) {
        let bytes = Array((word + "\n").utf8)
        _ = write(orders, bytes, bytes.count)
    }

    /// SIGKILL; returns when it is gone.
    public func crash() {
        order("crash")
        while access(directory + "/crashed", F_OK) != 0 { usleep(10_000) }
    }

    /// After ``crash()``; returns when it answers again.
    public func startAgain() throws {
        order("run")
        try waitUntilReady()
    }

    private func waitUntilReady() throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if (try? console("SHOW VERSION")) != nil { return }
            usleep(25_000)
        }
        throw ChildProcess.Failure("the pooler does not answer; see \(directory)/log")
    }

    /// Asks its console, and answers unaligned rows.
    @discardableResult
    public func console(_ command: String) throws -> String { try psql(command, role: Self.administrator, database: "pgbouncer") }

    /// What it has logged.
    public func log() throws -> String { try ChildProcess.run(["cat", directory + "/log"]) }

    /// Runs a script through it as another client does; answers its unaligned output.
    @discardableResult
    public func psql(
        _ sql: String, role: String = PostgreSQLServer.plainRole, database: String = PostgreSQLServer.database
    ) throws -> String {
        try ChildProcess.run([
            "env", "PGPASSWORD=" + PostgreSQLServer.password, "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h",
            "127.0.0.1", "-p", String(port), "-U", role, "-d", database, "-c", sql,
        ])
    }

    /// The connection string through it, over TCP.
    public func uri(
        role: String = PostgreSQLServer.plainRole, database: String = PostgreSQLServer.database, query: String = ""
    ) -> String {
        "postgresql://\(role):canary-p%40ss%2Fword%3A1@127.0.0.1:\(port)/\(database)\(query)"
    }

    /// The connection string through its Unix socket.
    public func socketURI(database: String = PostgreSQLServer.database) -> String {
        "postgresql://\(PostgreSQLServer.plainRole):canary-p%40ss%2Fword%3A1@/\(database)?host=\(directory)&port=\(port)"
    }
}
