import CLibpq

/// Reads PostgreSQL connection strings: URIs (`postgresql://`, `postgres://`) and the keyword form (`host=… dbname=…`).
///
/// libpq reads the values; what may be said is decided here, by an allow-list (``PostgreSQLKeyword``). Nothing has a
/// default from the environment, a dot-file or the operating system's user: `host` and `user` must be named, `port` is
/// 5432 and `dbname` the user's name where they are not. Messages never repeat a value: half of a password with an
/// unescaped `/` in it looks like a port to a parser.
enum PostgreSQLConnectionString {
    static let defaultPort = 5432
    static let bytesMax = 8192

    static func parse(_ text: String) throws(DatabaseError) -> ConnectionTarget {
        let text = trimmed(text)
        guard !text.utf8.contains(0) else { throw invalid("The connection string has a NUL character.") }
        guard text.utf8.count <= bytesMax else { throw invalid("The connection string is longer than \(bytesMax) bytes.") }
        guard !text.isEmpty else { throw invalid("The connection string is empty; write postgresql://user@host/database.") }
        try checkKeywords(try PostgreSQLKeywordScanner.keywords(in: text))
        let values = try parsedByLibpq(text)
        for keyword in values.keys.sorted() where PostgreSQLKeyword(rawValue: keyword) == nil {
            throw PostgreSQLKeyword.refusal(of: keyword)
        }
        return try target(values)
    }

    /// Refuses a keyword that is not allowed or is given twice.
    private static func checkKeywords(_ keywords: [PostgreSQLKeywordScanner.Found]) throws(DatabaseError) {
        var seen: Set<String> = []
        for found in keywords {
            // libpq translates JDBC's `ssl=true` in a URI to `sslmode=require`.
            let name = found.isURIParameter && found.name == "ssl" ? "sslmode" : found.name
            guard PostgreSQLKeyword(rawValue: name) != nil else {
                if found.mayBePassword {
                    throw invalid("An unknown keyword follows the password; quote a password that has spaces.")
                }
                throw PostgreSQLKeyword.refusal(of: name)
            }
            guard seen.insert(name).inserted else { throw invalid("The keyword \"\(name)\" is given twice.") }
        }
    }

    private static func parsedByLibpq(_ text: String) throws(DatabaseError) -> [String: String] {
        try ClientLibrary.libpq.load()
        var message: UnsafeMutablePointer<CChar>?
        let options = PQconninfoParse(text, &message)
        defer {
            PQconninfoFree(options)
            PQfreemem(message)
        }
        guard let options else { throw invalid(explanation(message.map { String(cString: $0) } ?? "")) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                let name = String(cString: keyword)
                guard let decoded = String(validatingCString: value) else {
                    throw invalid("The value of \"\(name)\" is not valid UTF-8.")
                }
                if !decoded.isEmpty { values[name] = decoded }
            }
            option += 1
        }
        return values
    }

    /// libpq's complaint in our words: it repeats parts of the string, which may be parts of a password.
    private static func explanation(_ message: String) -> String {
        if message.hasPrefix("invalid percent-encoded") { return "A % is not followed by two hexadecimal digits; write %25." }
        if message.hasPrefix("forbidden value %00") { return "The connection string has a NUL character (%00)." }
        if message.contains("IPv6") { return "The IPv6 address in the URI is not closed; write [::1]." }
        if message.hasPrefix("unterminated quoted") { return "A quoted value has no closing quote." }
        return "The connection string cannot be read; write postgresql://user:password@host:port/database."
    }

    private static func target(_ values: [String: String]) throws(DatabaseError) -> ConnectionTarget {
        for (name, value) in values where name != PostgreSQLKeyword.password.rawValue {
            guard value.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
                throw invalid("The value of \"\(name)\" has a control character.")
            }
        }
        func value(_ keyword: PostgreSQLKeyword) -> String? { values[keyword.rawValue] }
        guard let host = value(.host) else {
            throw invalid("The connection string names no host; nothing is taken from the environment.")
        }
        guard let user = value(.user) else {
            throw invalid("The connection string names no user; nothing is taken from the environment or the operating system.")
        }
        let database = value(.dbname) ?? user
        guard !database.contains("="), !database.hasPrefix("postgresql://"), !database.hasPrefix("postgres://") else {
            throw invalid("The database name is itself a connection string.")
        }
        var options: [String: String] = [:]
        for keyword in PostgreSQLKeyword.passedOn {
            if let value = value(keyword) { options[keyword.rawValue] = try keyword.checked(value) }
        }
        return ConnectionTarget(
            databaseType: .postgresql, location: try location(host, port: try port(value(.port))), database: database,
            user: user, password: value(.password), tls: try tlsMode(value(.sslmode)), options: options)
    }

    private static func location(_ host: String, port: Int) throws(DatabaseError) -> ConnectionTarget.Location {
        guard !host.contains(",") else { throw invalid("The connection string names several hosts; name one.") }
        if host.hasPrefix("/") { return .unixSocket(path: host, port: port) }
        guard !host.hasPrefix("@") else {
            throw DatabaseError(.policy, phase: .policy, "Abstract Unix sockets are not allowed: they have no owner or mode.")
        }
        return .tcp(host: host, port: port)
    }

    private static func port(_ text: String?) throws(DatabaseError) -> Int {
        guard let text else { return defaultPort }
        guard !text.contains(",") else { throw invalid("The connection string names several hosts; name one.") }
        guard text.utf8.count <= 5, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let port = Int(text), 1...65535 ~= port else {
            throw portRefused
        }
        return port
    }

    static let portRefused = invalid("The port is not a number from 1 to 65535; a / in a password is written %2F.")

    private static func tlsMode(_ text: String?) throws(DatabaseError) -> ConnectionTarget.TLSMode {
        switch text {
        case nil: return .prefer
        // Stronger than asked: TLS where the server has it.
        case "allow": return .prefer
        case let text?:
            guard let mode = ConnectionTarget.TLSMode(rawValue: text) else {
                throw invalid("sslmode is one of disable, prefer, require, verify-ca, verify-full.")
            }
            return mode
        }
    }

    private static func trimmed(_ text: String) -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || 0x09...0x0D ~= scalar.value }
        let scalars = text.unicodeScalars.drop(while: isSpace)
        guard let last = scalars.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(scalars[...last])
    }

    static func invalid(_ message: String) -> DatabaseError {
        DatabaseError(.invalidConnectionString, phase: .parse, message)
    }
}
