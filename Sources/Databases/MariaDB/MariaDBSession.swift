internal import CMariaDB
import Glibc

/// Where and as whom to connect, checked: what the driver and its canceller both need.
struct MariaDBEndpoint: Sendable {
    enum Place: Sendable {
        /// A numeric address that was checked, and the name to find in the certificate.
        case tcp(numeric: String, port: Int, name: String)
        case unixSocket(path: String)
    }

    var place: Place
    var tls: ConnectionTarget.TLSMode
    var user: String
    var password: String?
    var database: String?
    var applicationName: String
}

/// A connection of libmariadb and the few things done with it besides statements of users. One thread at a time.
final class MariaDBSession {
    let handle: UnsafeMutablePointer<MYSQL>
    private var isOpen = true

    /// Rows longer than this are not read: the library holds a whole row in memory.
    static let rowBytesMax = 64 << 20

    private init(handle: UnsafeMutablePointer<MYSQL>) {
        self.handle = handle
    }

    deinit { close() }

    func close() {
        guard isOpen else { return }
        isOpen = false
        mysql_close(handle)
    }

    // MARK: Connecting

    /// Whether the library is ready. Its first use reads variables that load plugins and set defaults (`LIBMYSQL_PLUGINS`,
    /// `MARIADB_PLUGIN_DIR`, `MYSQL_PWD`, ports and sockets): none may have an effect, so they are removed before.
    private static let library: Bool = {
        for name in [
            "LIBMYSQL_PLUGINS", "MARIADB_PLUGIN_DIR", "LIBMYSQL_PLUGIN_DIR", "LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN", "MYSQL_PWD",
            "MYSQL_TCP_PORT", "MYSQL_UNIX_PORT", "MARIADB_UNIX_PORT", "MYSQL_HOME", "MARIADB_HOME",
        ] { unsetenv(name) }
        return mysql_server_init(0, nil, nil) == 0
    }()

    /// Ways of logging in that neither show the password to the server in clear without TLS nor ask at a terminal.
    private static let allowedPlugins = "mysql_native_password,client_ed25519,caching_sha2_password"

    /// Connects and logs in. `answerTimeoutMs` bounds each wait for the server afterwards; nil waits as long as the network lives.
    static func connect(
        _ endpoint: MariaDBEndpoint, timeoutMs: Int, answerTimeoutMs: Int? = nil
    ) throws(DatabaseError) -> MariaDBSession {
        try ClientLibrary.libmariadb.load()
        guard library, let handle = mysql_init(nil) else {
            throw DatabaseError(.internal, phase: .connect, "The MariaDB client library could not be started.")
        }
        let session = MariaDBSession(handle: handle)
        session.setOptions(endpoint, timeoutMs: timeoutMs, answerTimeoutMs: answerTimeoutMs)
        let started = ContinuousClock.now
        let connected: UnsafeMutablePointer<MYSQL>?
        switch endpoint.place {
        case .unixSocket(let path):
            connected = mysql_real_connect(
                handle, nil, endpoint.user, endpoint.password ?? "", endpoint.database, 0, path, 0)
        case .tcp(let numeric, let port, let name):
            // The library verifies the certificate against the host it was given and has no other way to say the name.
            let host = endpoint.tls == .verifyFull ? name : numeric
            connected = mysql_real_connect(
                handle, host, endpoint.user, endpoint.password ?? "", endpoint.database, UInt32(port), nil, 0)
        }
        guard connected != nil else {
            let timedOut = ContinuousClock.now - started >= .milliseconds(timeoutMs * 9 / 10)
            throw MariaDBFailure(connection: handle).connecting(timedOut: timedOut)
        }
        try session.check(endpoint)
        session.watchPeer(endpoint)
        return session
    }

    private func setOptions(_ endpoint: MariaDBEndpoint, timeoutMs: Int, answerTimeoutMs: Int?) {
        var off: CChar = 0
        var on: CChar = 1
        var localInfile: UInt32 = 0
        mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &localInfile)
        mysql_options(handle, MYSQL_OPT_RECONNECT, &off)
        mysql_options(handle, MARIADB_OPT_RESTRICTED_AUTH, MariaDBSession.allowedPlugins)
        mysql_options(handle, MYSQL_DEFAULT_AUTH, "mysql_native_password")
        mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4")
        endpoint.applicationName.withCString { name in
            "program_name".withCString { _ = mysql_options4(handle, MYSQL_OPT_CONNECT_ATTR_ADD, $0, name) }
        }
        var rowBytesMax = UInt(MariaDBSession.rowBytesMax)
        mysql_options(handle, MYSQL_OPT_MAX_ALLOWED_PACKET, &rowBytesMax)

        var connectSeconds = UInt32(clamping: max(1, (timeoutMs + 999) / 1000))
        mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &connectSeconds)
        if let answerTimeoutMs {
            var seconds = UInt32(clamping: max(1, (answerTimeoutMs + 999) / 1000))
            mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &seconds)
            mysql_options(handle, MYSQL_OPT_WRITE_TIMEOUT, &seconds)
        }

        var transport: UInt32 = UInt32(MYSQL_PROTOCOL_TCP.rawValue)
        var isSocket = false
        if case .unixSocket = endpoint.place {
            transport = UInt32(MYSQL_PROTOCOL_SOCKET.rawValue)
            isSocket = true
        }
        mysql_options(handle, MYSQL_OPT_PROTOCOL, &transport)

        switch endpoint.tls {
        case .disable: break
        case .prefer where isSocket: break
        case .prefer, .require: mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &on)
        case .verifyCA:
            mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &on)
            mysql_options(handle, MYSQL_OPT_SSL_CAPATH, MariaDBSession.certificateDirectory)
        case .verifyFull:
            mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &on)
            mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on)
        }
    }

    /// Where the system keeps the certificates it trusts, by subject hash.
    private static let certificateDirectory: String = {
        let candidates: [String] = ["/etc/ssl/certs", "/etc/pki/tls/certs"]
        return candidates.first { access($0, R_OK) == 0 } ?? candidates[0]
    }()

    /// Whether the session is what was asked for.
    private func check(_ endpoint: MariaDBEndpoint) throws(DatabaseError) {
        if endpoint.tls == .require || endpoint.tls == .verifyCA || endpoint.tls == .verifyFull {
            guard mysql_get_ssl_cipher(handle) != nil else {
                throw DatabaseError(.tlsRequired, phase: .tls, "TLS is required, but the server does not offer it.")
            }
        }
        let localFiles: UInt = 1 << 7
        let multiStatements: UInt = 1 << 16
        guard handle.pointee.client_flag & (localFiles | multiStatements) == 0 else {
            throw DatabaseError(.internal, phase: .login, "The client library turned on what must be off.")
        }
        if endpoint.tls == .verifyFull, case .tcp(let numeric, _, _) = endpoint.place, peerAddress() != numeric {
            throw DatabaseError(.policy, phase: .policy, "The host changed its address while connecting.", retryable: true)
        }
    }

    private func peerAddress() -> String? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                getpeername(mysql_get_socket(handle), address, &length) == 0
                    ? getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) : -1
            }
        }
        guard status == 0 else { return nil }
        let numeric = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return IPAddress(numeric)?.description ?? numeric
    }

    /// A peer that vanishes without a word is noticed within half a minute, whatever is being waited for.
    private func watchPeer(_ endpoint: MariaDBEndpoint) {
        guard case .tcp = endpoint.place else { return }
        for (option, value) in [(TCP_KEEPIDLE, 10), (TCP_KEEPINTVL, 5), (TCP_KEEPCNT, 3), (TCP_USER_TIMEOUT, 25_000)] {
            var value = Int32(value)
            setsockopt(mysql_get_socket(handle), Int32(IPPROTO_TCP), option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    // MARK: Our own statements

    var isMariaDB: Bool { mariadb_connection(handle) != 0 }

    /// Runs one of our own statements that has no rows.
    func execute(_ sql: String, _ phase: DatabaseError.Phase = .execute) throws(DatabaseError) {
        guard mysql_real_query(handle, sql, UInt(sql.utf8.count)) == 0 else { throw failure().running(phase, sql: nil) }
        if let result = mysql_store_result(handle) { mysql_free_result(result) }
    }

    /// Runs one of our own statements with a few short rows.
    func rows(_ sql: String, _ phase: DatabaseError.Phase = .execute) throws(DatabaseError) -> [[String?]] {
        guard mysql_real_query(handle, sql, UInt(sql.utf8.count)) == 0, let result = mysql_store_result(handle) else {
            throw failure().running(phase, sql: nil)
        }
        defer { mysql_free_result(result) }
        let columns = Int(mysql_num_fields(result))
        var rows: [[String?]] = []
        while let row = mysql_fetch_row(result) {
            rows.append((0..<columns).map { column in row[column].map { String(cString: $0) } })
        }
        return rows
    }

    func failure() -> MariaDBFailure { MariaDBFailure(connection: handle) }
}
