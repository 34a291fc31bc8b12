internal import CMariaDB

/// What the server or the client library said, turned into our errors.
///
/// Numbers below 2000 and from 3000 on are the server's (`mysqld_error.h`), 2000 to 2999 and 5000 on the library's
/// (`errmsg.h`). The library's own texts name hosts, plugins and files and are never repeated.
struct MariaDBFailure {
    var number: Int
    var sqlState: String
    var message: String

    init(connection: UnsafeMutablePointer<MYSQL>) {
        number = Int(mysql_errno(connection))
        sqlState = String(cString: mysql_sqlstate(connection))
        message = String(cString: mysql_error(connection))
    }

    init(statement: UnsafeMutablePointer<MYSQL_STMT>) {
        number = Int(mysql_stmt_errno(statement))
        sqlState = String(cString: mysql_stmt_sqlstate(statement))
        message = String(cString: mysql_stmt_error(statement))
    }

    init(number: Int, sqlState: String, message: String) {
        self.number = number
        self.sqlState = sqlState
        self.message = message
    }

    var isClientSide: Bool { (2000..<3000).contains(number) || (5000..<6000).contains(number) }

    /// Whether nothing more can be said over the connection: lost, or out of step with the server.
    var endsConnection: Bool {
        isClientSide || [1053, 1152, 1153, 1156, 1158, 1159, 1160, 1161, 1927, 3169, 4031].contains(number)
    }

    // MARK: Connecting

    /// `timedOut` is whether the time allowed had passed; the library says the same of refusal and silence.
    func connecting(timedOut: Bool) -> DatabaseError {
        switch number {
        case 1045, 1698: make(.authenticationFailed, .login, "The server refused the user name or password.")
        case 1130, 1129: make(.authenticationFailed, .login, "The server does not accept connections from this machine.")
        case 1049: make(.unknownDatabase, .database, "The server has no such database.")
        case 1044: make(.unknownDatabase, .database, "The user may not use that database.")
        case 1040, 1203, 1226: make(.busy, .login, "The server has no connection left.", retryable: true)
        case 1862, 1820: make(.authenticationFailed, .login, "The password has expired; change it at the server.")
        case 3159: make(.tlsRequired, .tls, "The server accepts only connections with TLS; set sslmode to require.")
        case 2026: tls()
        case 2005: make(.hostNotFound, .resolve, "The host was not found.", retryable: true)
        case 2002, 2003, 2004:
            timedOut
                ? make(.connectTimeout, .connect, "The server did not answer in time.", retryable: true)
                : make(
                    .connectionRefused, .connect, "Nothing accepts connections there; check host, port and server.",
                    retryable: true)
        case 2006, 2012, 2013, 2027, 2061:
            timedOut
                ? make(.connectTimeout, .connect, "The server did not answer in time.", retryable: true)
                : make(.connectionFailed, .login, "The server broke off the log-in; is it MySQL or MariaDB?", retryable: true)
        case 1251, 1275, 2049, 2058, 2059, 5010, 5011:
            make(
                .authenticationFailed, .login,
                "The server asks for a way of logging in that is not allowed; use mysql_native_password, ed25519 or caching_sha2_password."
            )
        case _ where isClientSide: make(.connectionFailed, .connect, "The connection could not be made.", retryable: true)
        default: make(.connectionFailed, .login, "The server refused the connection (error \(number)).")
        }
    }

    private func tls() -> DatabaseError {
        if message.contains("does not support") {
            return make(.tlsRequired, .tls, "TLS is required, but the server does not offer it.")
        }
        return make(.tlsFailed, .tls, "TLS could not be established: the certificate or protocol was not accepted.")
    }

    // MARK: Running

    /// A statement's failure. The server's own text about the user's statement is theirs to see.
    func running(_ phase: DatabaseError.Phase, sql: String?) -> DatabaseError {
        switch number {
        case 1792, 1290, 1836, 4089:
            return make(.readOnly, phase, message, keep: true)
        case 1317: return make(.cancelled, phase, "The statement was cancelled.")
        case 1927: return make(.cancelled, phase, "The server ended the connection while the statement ran.")
        case 1969, 3024: return make(.timeout, phase, "The statement ran longer than its timeout allows.")
        case 1205: return make(.busy, phase, message, retryable: true, keep: true)
        case 1213: return make(.queryFailed, phase, message, retryable: true, keep: true)
        case 1295:
            return make(.queryFailed, phase, "This server cannot prepare such a statement, so it cannot be run here.")
        case 2020: return make(.queryFailed, phase, "A row is larger than 64 MiB; select less of it.")
        case 1053, 1152, 1156, 1158, 1159, 1160, 1161, 3169, 4031, 2006, 2013, 2055:
            return make(.connectionLost, phase, "The connection to the server was lost.", retryable: true)
        case 2026, 2027, 2014, 2000, 2008:
            return make(
                .connectionLost, phase, "The connection broke or the server does not keep to the protocol.", retryable: true)
        case 4166, 1148, 2068:
            return make(.policy, phase, "Reading files of the daemon's machine is refused.")
        case _ where isClientSide:
            return make(.connectionLost, phase, "The client library gave up (error \(number)).", retryable: true)
        default:
            var error = make(.queryFailed, phase, message, keep: true)
            if let sql { error.position = MariaDBFailure.position(of: message, in: sql) }
            return error
        }
    }

    private func make(
        _ code: DatabaseError.Code, _ phase: DatabaseError.Phase, _ text: String, retryable: Bool = false, keep: Bool = false
    ) -> DatabaseError {
        DatabaseError(
            code, phase: phase, text, sqlState: sqlState == "00000" ? nil : sqlState, nativeCode: number, retryable: retryable,
            debugDescription: "MariaDB \(number) (\(sqlState))")
    }

    // MARK: Position

    /// Where `… near 'text' at line N` points, in Unicode scalars from 1, if only one place fits.
    ///
    /// The server quotes what is left of the statement from the offending token on, at most 80 bytes of it.
    static func position(of message: String, in sql: String) -> Int? {
        guard let open = range(of: " near '", in: message), let close = lastRange(of: "' at line ", in: message),
            open.upperBound <= close.lowerBound, let line = Int(message[close.upperBound...])
        else { return nil }
        let near = Array(message[open.upperBound..<close.lowerBound].utf8)
        let bytes = Array(sql.utf8)
        guard near.count <= bytes.count else { return nil }
        if near.isEmpty { return sql.unicodeScalars.count + 1 }
        var found: Int?
        var currentLine = 1
        for start in 0...(bytes.count - near.count) {
            let isRest = start + near.count == bytes.count
            if currentLine == line, isRest || near.count >= 77, bytes[start...].starts(with: near) {
                if found != nil { return nil }
                found = start
            }
            if start < bytes.count, bytes[start] == 0x0A { currentLine += 1 }
        }
        return found.map { String(decoding: bytes[..<$0], as: UTF8.self).unicodeScalars.count + 1 }
    }

    private static func range(of needle: String, in text: String) -> Range<String.Index>? {
        text.firstRange(of: needle)
    }

    private static func lastRange(of needle: String, in text: String) -> Range<String.Index>? {
        text.ranges(of: needle).last
    }
}
