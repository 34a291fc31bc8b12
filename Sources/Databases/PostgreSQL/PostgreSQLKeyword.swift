/// What a connection string may say. Everything else is refused by name.
enum PostgreSQLKeyword: String, CaseIterable {
    case host, port, dbname, user, password, sslmode
    case applicationName = "application_name"
    case connectTimeout = "connect_timeout"
    case targetSessionAttributes = "target_session_attrs"
    case channelBinding = "channel_binding"
    case keepalives
    case keepalivesIdle = "keepalives_idle"
    case keepalivesInterval = "keepalives_interval"
    case keepalivesCount = "keepalives_count"

    /// Those that go to libpq as options, after ``checked(_:)``.
    static let passedOn: [PostgreSQLKeyword] = [
        .applicationName, .connectTimeout, .targetSessionAttributes, .channelBinding, .keepalives, .keepalivesIdle,
        .keepalivesInterval, .keepalivesCount,
    ]

    /// The value, in range. `connect_timeout` is clamped to 1…3600 seconds; the daemon's own limit still applies.
    func checked(_ value: String) throws(DatabaseError) -> String {
        switch self {
        case .applicationName: return value
        case .connectTimeout: return String(min(max(try number(value), 1), 3600))
        case .targetSessionAttributes:
            return try oneOf(["any", "read-write", "read-only", "primary", "standby", "prefer-standby"], value)
        case .channelBinding: return try oneOf(["disable", "prefer", "require"], value)
        case .keepalives, .keepalivesIdle, .keepalivesInterval, .keepalivesCount: return String(try number(value))
        case .host, .port, .dbname, .user, .password, .sslmode: return value
        }
    }

    private func number(_ value: String) throws(DatabaseError) -> Int {
        guard value.utf8.count <= 6, let number = Int(value), number >= 0 else {
            throw PostgreSQLConnectionString.invalid("\(rawValue) is a number from 0 to 999999.")
        }
        return number
    }

    private func oneOf(_ allowed: [String], _ value: String) throws(DatabaseError) -> String {
        guard allowed.contains(value) else {
            throw PostgreSQLConnectionString.invalid("\(rawValue) is one of \(allowed.joined(separator: ", ")).")
        }
        return value
    }

    /// The refusal of a keyword that is not one of ours, with the reason where it is a known one.
    static func refusal(of name: String) -> DatabaseError {
        let isWord = (1...40).contains(name.utf8.count) && name.utf8.allSatisfy(isWordByte)
        guard isWord else { return PostgreSQLConnectionString.invalid("A keyword of the connection string is not allowed.") }
        let reason =
            switch name {
            case "passfile", "service", "servicefile", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslcrldir",
                "sslkeylogfile":
                "it names a file on the daemon's machine"
            case "options": "it sets server parameters that keep statements read-only"
            case "replication": "it asks for the replication protocol"
            case "hostaddr": "the address is resolved and checked from host"
            default: "allowed are " + allCases.map(\.rawValue).joined(separator: ", ")
            }
        return PostgreSQLConnectionString.invalid("The keyword \"\(name)\" is not allowed: \(reason).")
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
