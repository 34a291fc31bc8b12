/// `mysql://` and `mariadb://` URIs, taken apart and rebuilt from an allow-list; nothing comes from the environment or a file.
///
///     mariadb://user:password@host:3306/database?sslmode=require
///     mysql://user@localhost/database?socket=/run/mysqld/mysqld.sock
enum MariaDBConnectionString {
    static let defaultPort = 3306

    static func parse(_ text: String) throws(DatabaseError) -> ConnectionTarget {
        guard text.utf8.count <= 8192 else { throw invalid("The connection string is longer than 8192 bytes.") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw invalid(
                "The connection string has a space, control or non-ASCII character; write it percent-encoded (a space is %20).")
        }
        let rest = try afterScheme(text[...])
        guard !rest.contains("#") else { throw invalid("A connection string has no fragment; write # as %23.") }
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let query = try Query(parts.count > 1 ? parts[1] : "")

        guard let at = path[0].lastIndex(of: "@") else {
            throw invalid("The user is missing; write mysql://user:password@host:3306/database.")
        }
        let (user, password) = try login(path[0][..<at])
        let location = try location(path[0][path[0].index(after: at)...], socket: query.socket)
        let database = path.count > 1 && !path[1].isEmpty ? try name(path[1], "database") : nil
        return ConnectionTarget(
            databaseType: .mysql, location: location, database: database, user: user, password: password,
            tls: query.tls ?? .prefer)
    }

    // MARK: Authority

    private static func afterScheme(_ text: Substring) throws(DatabaseError) -> Substring {
        for scheme in ["mysql://", "mariadb://"] where text.lowercased().hasPrefix(scheme) {
            return text.dropFirst(scheme.count)
        }
        throw invalid("A MySQL or MariaDB connection string begins with mysql:// or mariadb://.")
    }

    private static func login(_ text: Substring) throws(DatabaseError) -> (user: String, password: String?) {
        guard !text.contains("@") else {
            throw invalid("The connection string has more than one @; write it in a password as %40.")
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = parts.first, !user.isEmpty else { throw invalid("The user is missing before the @.") }
        let password = parts.count > 1 ? try decode(parts[1], "password") : nil
        return (try name(user, "user"), password)
    }

    private static func location(_ text: Substring, socket: String?) throws(DatabaseError) -> ConnectionTarget.Location {
        if let socket {
            // `localhost` before the socket is what other clients want to see there; a port would be ignored.
            guard text.isEmpty || text.lowercased() == "localhost" else {
                throw invalid("A socket= cannot go together with a host and port; leave the host empty or localhost.")
            }
            return .unixSocket(path: socket, port: defaultPort)
        }
        guard !text.contains(",") else { throw invalid("Lists of hosts are not supported; name one host.") }
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { throw invalid("The IPv6 address is not closed with ].") }
            let host = String(text[text.index(after: text.startIndex)..<close])
            guard host.contains(":") else { throw invalid("The brackets around the host must hold an IPv6 address.") }
            return .tcp(host: host, port: try port(text[text.index(after: close)...]))
        }
        let end = text.firstIndex(of: ":") ?? text.endIndex
        let host = try decode(text[..<end], "host")
        guard !host.isEmpty else {
            throw invalid("The host is missing; write mysql://user@host:3306/database, or add socket=/path.")
        }
        guard !host.contains("/"), !host.contains(","), !host.contains(":") else {
            throw invalid("The host is neither a name nor an address; for a Unix socket add ?socket=/path.")
        }
        return .tcp(host: host, port: try port(text[end...]))
    }

    private static func port(_ text: Substring) throws(DatabaseError) -> Int {
        guard !text.isEmpty else { return defaultPort }
        guard text.first == ":", (1...5).contains(text.utf8.count - 1),
            text.dropFirst().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = Int(text.dropFirst()), (1...65535).contains(port)
        else { throw invalid("The port must be a number from 1 to 65535.") }
        return port
    }

    // MARK: Query

    private struct Query {
        var tls: ConnectionTarget.TLSMode?
        var socket: String?

        init(_ text: Substring) throws(DatabaseError) {
            var seen: Set<String> = []
            for pair in text.split(separator: "&", omittingEmptySubsequences: true) {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let key = try decode(parts[0], "option name").lowercased()
                let value = parts.count > 1 ? try decode(parts[1], "value of \(shown(key))") : ""
                let canonical = ["ssl-mode", "tls", "ssl"].contains(key) ? "sslmode" : key
                guard seen.insert(canonical).inserted else {
                    throw invalid("The option \"\(shown(key))\" is given twice.")
                }
                switch canonical {
                case "sslmode": tls = try mode(value, key)
                case "socket": socket = try path(value)
                case "charset":
                    guard ["utf8mb4", "utf8"].contains(value.lowercased()) else {
                        throw invalid("The only charset is utf8mb4; leave charset out.")
                    }
                default: throw invalid("The option \"\(shown(key))\" is not allowed; allowed are sslmode, socket and charset.")
                }
            }
        }

        /// The words libpq, the `mysql` client, Connector/C, Go's and PHP's drivers use.
        private func mode(_ value: String, _ key: String) throws(DatabaseError) -> ConnectionTarget.TLSMode {
            let value = value.lowercased()
            // What `true` means differs: Go's tls=true verifies everything, ssl=true elsewhere only encrypts.
            let yes: ConnectionTarget.TLSMode = key == "tls" ? .verifyFull : .require
            switch value {
            case "disable", "disabled", "false", "0", "off": return .disable
            case "prefer", "preferred": return .prefer
            case "require", "required", "skip-verify": return .require
            case "verify-ca", "verify_ca": return .verifyCA
            case "verify-full", "verify_full", "verify-identity", "verify_identity": return .verifyFull
            case "true", "1", "on": return yes
            default: throw invalid("The value of \(key) must be disable, prefer, require, verify-ca or verify-full.")
            }
        }

        private func path(_ value: String) throws(DatabaseError) -> String {
            guard value.hasPrefix("/"), value.utf8.count <= 107 else {
                throw invalid("The socket must be an absolute path of at most 107 bytes.")
            }
            return value
        }
    }

    // MARK: Text

    private static func name(_ text: Substring, _ what: String) throws(DatabaseError) -> String {
        let name = try decode(text, what)
        guard !name.isEmpty, name.utf8.count <= 256 else { throw invalid("The \(what) must have 1 to 256 bytes.") }
        return name
    }

    /// Percent-decodes, strictly: two hexadecimal digits each, valid UTF-8, no NUL. Says `what`, never the text.
    private static func decode(_ text: Substring, _ what: String) throws(DatabaseError) -> String {
        var bytes: [UInt8] = []
        var left = text.utf8[...]
        while let byte = left.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = left.popFirst().flatMap(digit), let low = left.popFirst().flatMap(digit) else {
                throw invalid("The \(what) has a % that is not followed by two hexadecimal digits; write % as %25.")
            }
            bytes.append(high << 4 | low)
        }
        guard !bytes.contains(0) else { throw invalid("The \(what) contains a NUL character.") }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw invalid("The \(what) is not valid UTF-8.") }
        return decoded
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// An option's name as an error may repeat it: people put anything there.
    private static func shown(_ key: String) -> String {
        let plain = key.prefix(40).filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        return plain.count == key.count ? String(plain) : "\(plain)…"
    }

    private static func invalid(_ message: String) -> DatabaseError {
        DatabaseError(.invalidConnectionString, phase: .parse, message)
    }
}
