import Glibc

/// A throw-away PostgreSQL server for tests: one per test process, started at first use, gone with the process.
///
/// It listens on a Unix socket (`trust`) and on a loopback port (`scram-sha-256`), with TLS and a self-signed certificate.
/// Roles: ``superuser`` and ``plainRole``, both with ``password``, and ``tlsRole``, which is let in over TLS only; database
/// ``database``, owned by the plain role.
///
/// `DBASSIST_TEST_POSTGRES` may name the directory of a server that runs already, so that several test processes share one:
/// it holds `.s.PGSQL.<port>` and a file `port`, and was set up by this type (see ``setUp(in:)`` for what it expects).
public final class PostgreSQLServer: Sendable {
    public static let superuser = "root_role"
    public static let plainRole = "plain_role"
    public static let tlsRole = "tls_role"
    public static let password = "canary-p@ss/word:1"
    public static let database = "test_db"
    private static let binaries = "/usr/lib/postgresql/15/bin/"

    /// Also where the Unix socket is.
    public let directory: String
    public let port: Int
    /// Where the guard process reads what to do; its end is the server's.
    private let orders: Int32?

    /// The server of this process.
    public static func shared() throws -> PostgreSQLServer { try sharedResult.get() }
    private static let sharedResult: Result<PostgreSQLServer, any Error> = Result { try start() }

    private init(directory: String, port: Int, orders: Int32? = nil) {
        self.directory = directory
        self.port = port
        self.orders = orders
    }

    deinit { if let orders { close(orders) } }

    /// A server for a test that spoils it; it ends with the value.
    public static func ofItsOwn() throws -> PostgreSQLServer { try setUp(in: newDirectory()) }

    private static func start() throws -> PostgreSQLServer {
        if let named = getenv("DBASSIST_TEST_POSTGRES") {
            let directory = String(cString: named)
            let text = try ChildProcess.run(["cat", directory + "/port"])
            guard let port = Int(text.split(separator: "\n").first ?? "") else {
                throw ChildProcess.Failure("\(directory)/port is not a port")
            }
            return PostgreSQLServer(directory: directory, port: port)
        }
        return try ofItsOwn()
    }

    private static func newDirectory() throws -> String {
        var template = Array("/tmp/dbassist-pg-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ChildProcess.Failure("cannot make a temporary directory") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Makes a cluster in an empty directory and starts it. A guard process ends it when this process does, however that
    /// may be: it reads from a pipe whose other end only we have.
    public static func setUp(in directory: String) throws -> PostgreSQLServer {
        let data = directory + "/data"
        // PostgreSQL refuses to run as root.
        let asUser = getuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
        if getuid() == 0 { try ChildProcess.run(["chown", "postgres:postgres", directory]) }
        try ChildProcess.run(["chmod", "0755", directory])
        try ChildProcess.run(
            asUser + [
                binaries + "initdb", "-D", data, "-U", superuser, "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8",
                "--locale=C.UTF-8", "--no-sync",
            ])
        try ChildProcess.run(
            asUser + [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout",
                data + "/server.key", "-out", data + "/server.crt",
            ])
        try ChildProcess.run(asUser + ["chmod", "0600", data + "/server.key"])
        let port = try Loopback.freePort()
        let access = """
            local all all trust
            hostssl all \(tlsRole) all scram-sha-256
            hostnossl all \(tlsRole) all reject
            host all all 127.0.0.1/32 scram-sha-256
            host all all ::1/128 scram-sha-256
            """
        try ChildProcess.run(asUser + ["sh", "-c", "printf '%s\\n' \"$1\" > \"$0\"", data + "/pg_hba.conf", access])
        let orders = try launch(asUser, directory: directory, port: port)
        let server = PostgreSQLServer(directory: directory, port: port, orders: orders)
        try server.waitUntilReady()
        try server.createRoles()
        return server
    }

    /// - Returns: where the guard process reads.
    private static func launch(_ asUser: [String], directory: String, port: Int) throws -> Int32 {
        let script = """
            run() {
                "$0" -D "$1/data" -k "$1" -p "$2" -c listen_addresses=localhost -c fsync=off -c ssl=on \
                -c max_connections=200 -c max_prepared_transactions=4 -c wal_level=logical -c log_destination=stderr \
                </dev/null >>"$1/log" 2>&1 & server=$!
            }
            run "$@"
            printf '%s\\n' "$2" > "$1/port"
            while read -r order; do
                case $order in
                crash)
                    kill -STOP $server
                    children=$(cat /proc/$server/task/$server/children)
                    kill -KILL $children $server
                    wait $server
                    # What they shared is theirs until the last has gone.
                    for child in $children; do
                        while grep -qs '^State:.[^ZX]' "/proc/$child/status"; do sleep 0.01; done
                    done ;;
                run)
                    rm -f "$1/data/postmaster.pid"
                    run "$@" ;;
                esac
            done
            kill -QUIT $server; wait $server
            rm -rf "$1"/* "$1"/.s.*; rmdir "$1"
            """
        return try ChildProcess.startGuard(asUser + ["sh", "-c", script, binaries + "postgres", directory, String(port)])
    }

    /// SIGKILL to all of its processes at once, as if the machine had lost its power; returns when nobody answers any more. Only for
    /// a server ``ofItsOwn()``.
    public func crash() throws {
        order("crash")
        while try isReady() {}
    }

    /// After ``crash()``; returns when it answers again.
    public func startAgain() throws {
        order("run")
        try waitUntilReady()
    }

    private func order(_ word: String) {
        let bytes = Array((word + "\n").utf8)
        guard let orders else { preconditionFailure("not a server of our own") }
        _ = write(orders, bytes, bytes.count)
    }

    private func isReady() throws -> Bool {
        try ChildProcess.wait(ChildProcess.start([Self.binaries + "pg_isready", "-q", "-h", directory, "-p", String(port)])) == 0
    }

    private func waitUntilReady() throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if try isReady() { return }
            usleep(25_000)
        }
        throw ChildProcess.Failure("the server does not answer; see \(directory)/log")
    }

    private func createRoles() throws {
        let word = "'" + Self.password + "'"
        try psql("ALTER ROLE \(Self.superuser) PASSWORD \(word)", database: "postgres")
        for role in [Self.plainRole, Self.tlsRole] {
            try psql("CREATE ROLE \(role) LOGIN PASSWORD \(word)", database: "postgres")
        }
        try psql("CREATE DATABASE \(Self.database) OWNER \(Self.plainRole)", database: "postgres")
    }

    /// Makes an empty database that is the plain role's, with a name that no other has; it goes with the server.
    public func makeDatabase() throws -> String {
        let name = "own_" + String(UInt64.random(in: 0 ... .max), radix: 36)
        try psql("CREATE DATABASE \(name) OWNER \(Self.plainRole)", database: "postgres")
        return name
    }

    /// Runs a script as the superuser, or another role, outside of all that is tested; answers its unaligned output.
    @discardableResult
    public func psql(
        _ sql: String, role: String = PostgreSQLServer.superuser, database: String = PostgreSQLServer.database
    ) throws -> String {
        try ChildProcess.run([
            Self.binaries + "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", directory, "-p", String(port), "-U",
            role,
            "-d", database, "-c", sql,
        ])
    }

    /// The connection string over TCP. `password` is percent-encoded.
    public func uri(
        role: String = PostgreSQLServer.plainRole, password: String = "canary-p%40ss%2Fword%3A1", host: String = "127.0.0.1",
        port: Int? = nil, database: String = PostgreSQLServer.database, query: String = ""
    ) -> String {
        "postgresql://\(role):\(password)@\(host):\(port ?? self.port)/\(database)\(query)"
    }

    /// The connection string over the Unix socket.
    public func socketURI(
        role: String = PostgreSQLServer.plainRole, database: String = PostgreSQLServer.database
    ) -> String {
        "postgresql://\(role)@/\(database)?host=\(directory)&port=\(port)"
    }
}
