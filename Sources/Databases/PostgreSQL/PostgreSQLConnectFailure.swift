/// What libpq says when a connection fails, made into a code, a phase and a sentence of ours.
///
/// libpq has only text for it. With verbose errors the text of a server's refusal has its SQLSTATE, whatever the language.
struct PostgreSQLConnectFailure {
    let text: String
    /// How far the connection got.
    let furthest: DatabaseError.Phase
    let target: ConnectionTarget

    var error: DatabaseError {
        guard let (state, message) = serverRefusal else { return libraryError }
        switch state {
        case "28000" where message.contains("no encryption") || message.contains("SSL off"):
            return make(
                .tlsRequired, .tls, "The server accepts this user and database only with TLS; set sslmode to require.", state)
        case "28000", "28P01":
            return make(.authenticationFailed, .login, "The server refused the user name or password.", state)
        case "3D000": return make(.unknownDatabase, .database, "The server has no database of that name.", state)
        case "42501":
            return make(.connectionFailed, .database, "The user may not connect to this database.", state)
        case "53300":
            return make(.connectionFailed, .login, "The server has too many connections; try again.", state, retryable: true)
        case "57P01", "57P02", "57P03":
            return make(
                .connectionFailed, .login, "The server is starting up or shutting down; try again.", state, retryable: true)
        case "08P01":
            if message.contains("startup parameter") {
                return make(
                    .settingsRefused, .login, "A connection pooler is there that refuses settings; name the server behind it.",
                    state)
            }
            fallthrough
        default:
            if let pooler = Self.pooler(message) {
                return make(pooler.code, furthest, pooler.message, state, retryable: pooler.retryable)
            }
            return make(.connectionFailed, furthest, "The server refused the connection (SQLSTATE \(state)).", state)
        }
    }

    /// A failure after the login, while the connection is made ready.
    static func error(of failure: PostgreSQLFailure) -> DatabaseError {
        if let pooler = pooler(failure.message) {
            return DatabaseError(
                pooler.code, phase: .login, pooler.message, sqlState: failure.sqlState, retryable: pooler.retryable,
                debugDescription: failure.message)
        }
        return failure.error(phase: .readOnlyCheck, mode: .read)
    }

    /// What PgBouncer says, nearly always with the SQLSTATE 08P01, even where it repeats the server's words.
    private static func pooler(_ text: String) -> (code: DatabaseError.Code, message: String, retryable: Bool)? {
        func has(_ words: String...) -> Bool { words.contains { text.contains($0) } }
        if has("no such database", "is disabled") || has("database \"") && has("does not exist") {
            return (.unknownDatabase, "The pooler has no database of that name.", false)
        }
        if has("no such user", "authentication failed", "login rejected", "wrong password type") {
            return (.authenticationFailed, "The pooler refused the user name or password.", false)
        }
        if has("no more connections allowed", "client connections exceeded") {
            return (.connectionFailed, "The pooler has too many clients; try again.", true)
        }
        if has("query_wait_timeout") {
            return (
                .connectionFailed, "The pooler had no free server connection in time; raise its pool size, or try again.", true
            )
        }
        if has("server_login_retry", "server login", "server conn crashed", "connect failed", "server down", "shutting down") {
            return (.connectionFailed, "The pooler cannot reach the server behind it; check that it runs, then try again.", true)
        }
        return nil
    }

    /// SQLSTATE and text of the first `FATAL:  28P01: …`. libpq may try again without TLS; the first answer is the cause.
    private var serverRefusal: (state: String, message: String)? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
            for index in parts.indices.dropLast() where index > 0 && isState(parts[index]) {
                return (String(parts[index]), parts[(index + 1)...].joined(separator: ":"))
            }
        }
        return nil
    }

    private func isState(_ text: Substring) -> Bool {
        text.utf8.count == 5 && text.utf8.allSatisfy { 0x30...0x39 ~= $0 || 0x41...0x5A ~= $0 }
            && text.utf8.contains { 0x30...0x39 ~= $0 }
    }

    private var libraryError: DatabaseError {
        func has(_ words: String...) -> Bool { words.contains { text.contains($0) } }
        if has("server does not support SSL") {
            return make(.tlsRequired, .tls, "TLS is required, and the server does not have it; set sslmode or enable TLS there.")
        }
        if has("Connection refused", "No such file or directory") {
            return make(
                .connectionRefused, .connect, "No database server is listening there; check host, port and that it runs.", nil,
                retryable: true)
        }
        if has("password supplied", "SCRAM", "SASL", "channel binding", "authentication") {
            return make(.authenticationFailed, .login, "The server asked for a way to log in that failed; check the password.")
        }
        if has("session is read-only", "session is not read-only", "server is in hot standby", "server is not in hot standby") {
            return make(.connectionFailed, .readOnlyCheck, "The server is not of the kind target_session_attrs asks for.")
        }
        if has("timeout expired", "Connection timed out") {
            return make(
                .connectTimeout, furthest, "The database server did not answer in time; check host, port and firewall.", nil,
                retryable: true)
        }
        if furthest == .tls || has("SSL", "certificate", "TLS") {
            return make(.tlsFailed, .tls, "TLS with the server failed; check its certificate and sslmode.")
        }
        if has("Permission denied") {
            return make(.connectionFailed, .connect, "The daemon may not use that Unix socket.")
        }
        return make(
            .connectionFailed, furthest, "The connection could not be made; check that it is a PostgreSQL server.", nil,
            retryable: true)
    }

    private func make(
        _ code: DatabaseError.Code, _ phase: DatabaseError.Phase, _ message: String, _ state: String? = nil,
        retryable: Bool = false
    ) -> DatabaseError {
        DatabaseError(code, phase: phase, message, sqlState: state, retryable: retryable, debugDescription: redactedText)
    }

    private var redactedText: String {
        guard let password = target.password, !password.isEmpty else { return text }
        return text.split(separator: password, omittingEmptySubsequences: false).joined(separator: "***")
    }
}

extension DatabaseError.Code {
    /// A pooler refuses settings at the start of a connection. Never leaves ``PostgreSQLOpener``.
    static let settingsRefused = DatabaseError.Code("settings_refused")
}
