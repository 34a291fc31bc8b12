import CLibpq
import Glibc
import Threads

/// Opens a libpq connection to a checked address, from arrays that are ours alone, within a deadline.
///
/// Every keyword that would otherwise come from the environment, a service file or a dot-file is set here.
struct PostgreSQLConnector {
    let target: ConnectionTarget
    let options: ConnectOptions
    let resolver: HostResolver
    /// What to set when the connection starts; nil where a pooler stands that refuses that.
    var settings: PostgreSQLSettings?

    /// A path at which nothing can be: libpq looks and goes on.
    private static let nowhere = "/dev/null/none"
    /// The system's certificate authorities, where Debian, Ubuntu, Alpine and most containers have them.
    private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

    /// Removes what libpq would read from the environment: to it, an empty value of ours means "take that". The daemon does
    /// so at start, when nothing else runs; this is for whoever else uses the driver, and then finds nothing to remove.
    static func scrubEnvironment() {
        for name in environmentNames where getenv(name) != nil { unsetenv(name) }
    }

    /// libpq's own list, and what it reads besides.
    private static let environmentNames: [String] = {
        var names = [
            "PGTZ", "PGDATESTYLE", "PGGEQO", "PGSERVICEFILE", "PGSYSCONFDIR", "PGLOCALEDIR", "PGREALM", "PGCLIENTENCODING",
        ]
        guard let options = PQconndefaults() else { return names }
        defer { PQconninfoFree(options) }
        var option = options
        while option.pointee.keyword != nil {
            if let name = option.pointee.envvar { names.append(String(cString: name)) }
            option += 1
        }
        return names
    }()

    /// The connection and the collector of its notices.
    func connect() throws(DatabaseError) -> (connection: OpaquePointer, notices: PostgreSQLNotices) {
        try ClientLibrary.libpq.load()
        Self.scrubEnvironment()
        let start = Monotonic.nowMs
        var budget = max(options.connectTimeoutMs, 1)
        if let asked = target.options["connect_timeout"].flatMap({ Int($0) }) { budget = min(budget, asked * 1000) }
        let deadline = start + budget
        switch target.location {
        case .unixSocket(let path, let port):
            let directory = try options.policy.checkedSocketPath(path)
            return try attempt(["host": directory, "port": String(port), "sslmode": "disable"], until: deadline)
        case .tcp(let host, let port):
            let addresses = try resolver.resolve(host, policy: options.policy, timeoutMs: budget)
            var failure: DatabaseError?
            for (index, address) in addresses.enumerated() {
                let tls = try options.policy.tlsMode(target.tls, to: address)
                let now = Monotonic.nowMs
                let share = now + max((deadline - now) / (addresses.count - index), 1)
                do throws(DatabaseError) {
                    return try attempt(
                        ["host": host, "hostaddr": address.numeric, "port": String(port), "sslmode": tls.rawValue], until: share)
                } catch {
                    failure = error
                    // Only where nobody answered can another address do better.
                    guard error.phase == .connect else { throw error }
                }
            }
            throw failure ?? HostResolver.notFound(host)
        case .file:
            throw DatabaseError(.internal, phase: .parse, "A PostgreSQL project has no file.")
        }
    }

    private func parameters(_ place: [String: String]) -> [String: String] {
        var all = [
            "user": target.user ?? "", "dbname": target.database ?? target.user ?? "", "password": target.password ?? "",
            "passfile": Self.nowhere, "client_encoding": "UTF8",
            "options": settings?.options ?? "", "application_name": applicationName, "fallback_application_name": "dbassistd",
            "connect_timeout": "0",
            "gssencmode": "disable", "sslcompression": "0", "sslcert": Self.nowhere, "sslkey": Self.nowhere,
            "sslcrl": Self.nowhere, "sslcrldir": Self.nowhere, "sslrootcert": Self.nowhere, "sslsni": "1",
            "ssl_min_protocol_version": "TLSv1.2", "ssl_max_protocol_version": "TLSv1.3", "krbsrvname": "postgres",
            "channel_binding": "prefer", "target_session_attrs": "any", "keepalives": "1", "keepalives_idle": "30",
            "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "0",
        ]
        all.merge(place) { $1 }
        if all["sslmode"]?.hasPrefix("verify") == true { all["sslrootcert"] = Self.systemAuthorities }
        for keyword in PostgreSQLKeyword.passedOn where keyword != .applicationName && keyword != .connectTimeout {
            if let value = target.options[keyword.rawValue] { all[keyword.rawValue] = value }
        }
        // Our own read-only default would decide these two.
        switch all["target_session_attrs"] {
        case "read-write": all["target_session_attrs"] = "primary"
        case "read-only": all["target_session_attrs"] = "standby"
        default: break
        }
        return all
    }

    /// What the session is called.
    var applicationName: String {
        guard let theirs = target.options["application_name"] else { return options.applicationName }
        return options.applicationName + " " + theirs
    }

    private func attempt(
        _ place: [String: String], until deadline: Int
    ) throws(DatabaseError) -> (connection: OpaquePointer, notices: PostgreSQLNotices) {
        let all = parameters(place)
        guard let connection = Self.start(all) else {
            throw DatabaseError(.internal, phase: .connect, "No memory for a database connection.", retryable: true)
        }
        let notices = PostgreSQLNotices()
        notices.attach(to: connection)
        // SQLSTATEs, which libpq tells in no other way while connecting.
        _ = PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        do throws(DatabaseError) {
            try poll(connection, until: deadline)
        } catch {
            PQfinish(connection)
            throw error
        }
        _ = PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        return (connection, notices)
    }

    private static func start(_ parameters: [String: String]) -> OpaquePointer? {
        let pairs = parameters.sorted { $0.key < $1.key }
        let keywords = pairs.map { strdup($0.key) }
        let values = pairs.map { strdup($0.value) }
        defer {
            for copy in keywords + values { free(copy) }
        }
        let keywordList = keywords.map { UnsafePointer($0) } + [nil]
        let valueList = values.map { UnsafePointer($0) } + [nil]
        return PQconnectStartParams(keywordList, valueList, 0)
    }

    private func poll(_ connection: OpaquePointer, until deadline: Int) throws(DatabaseError) {
        var furthest = DatabaseError.Phase.connect
        var state = PGRES_POLLING_WRITING
        while true {
            if PQstatus(connection) == CONNECTION_BAD { throw failure(connection, furthest) }
            if state == PGRES_POLLING_OK { return }
            if state == PGRES_POLLING_FAILED { throw failure(connection, furthest) }
            var descriptor = pollfd(
                fd: PQsocket(connection), events: Int16(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), revents: 0)
            let left = deadline - Monotonic.nowMs
            let ready = left > 0 ? Glibc.poll(&descriptor, 1, Int32(clamping: left)) : 0
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else {
                throw DatabaseError(
                    .connectTimeout, phase: furthest,
                    "The database server did not answer in time; check host, port and firewall.", retryable: true)
            }
            state = PQconnectPoll(connection)
            switch PQstatus(connection) {
            case CONNECTION_SSL_STARTUP: furthest = .tls
            case CONNECTION_AWAITING_RESPONSE, CONNECTION_AUTH_OK: furthest = .login
            default: break
            }
        }
    }

    private func failure(_ connection: OpaquePointer, _ furthest: DatabaseError.Phase) -> DatabaseError {
        let text = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
        return PostgreSQLConnectFailure(text: text, furthest: furthest, target: target).error
    }
}
