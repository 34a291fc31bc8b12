/// A connection string, understood: what we will connect to, rebuilt from an allow-list of its parts.
public struct ConnectionTarget: Sendable, Equatable {
    public enum Location: Sendable, Hashable {
        case tcp(host: String, port: Int)
        /// A directory or socket path on this machine.
        case unixSocket(path: String, port: Int)
        /// An SQLite file, absolute path.
        case file(path: String)
    }

    public enum TLSMode: String, Sendable {
        case disable, prefer, require
        case verifyCA = "verify-ca"
        case verifyFull = "verify-full"
    }

    public var databaseType: DatabaseType
    public var location: Location
    public var database: String?
    public var user: String?
    /// Never shown, logged or compared outside the driver.
    public var password: String?
    public var tls: TLSMode
    /// Further keywords that passed the allow-list, as the engine's client library names them.
    public var options: [String: String]

    public init(
        databaseType: DatabaseType, location: Location, database: String? = nil, user: String? = nil, password: String? = nil,
        tls: TLSMode = .prefer, options: [String: String] = [:]
    ) {
        self.databaseType = databaseType
        self.location = location
        self.database = database
        self.user = user
        self.password = password
        self.tls = tls
        self.options = options
    }

    /// The target as a connection string that could be read again, but for the password, which is `***`: the only form that leaves the
    /// daemon.
    public var redacted: String {
        switch location {
        // A path in a home directory has no URI; as it is, it is one of the forms that are read.
        case .file(let path): return path.hasPrefix("/") ? "sqlite://" + PercentEncoding.path(path) : path
        case .tcp(let host, let port):
            return uri("\(host.contains(":") ? "[\(host)]" : PercentEncoding.name(host)):\(port)", query: [])
        case .unixSocket(let path, let port):
            let path = PercentEncoding.value(path)
            return uri("", query: databaseType == .mysql ? ["socket=\(path)"] : ["host=\(path)", "port=\(port)"])
        }
    }

    private func uri(_ authority: String, query: [String]) -> String {
        let login = PercentEncoding.name(user ?? "") + (password == nil ? "" : ":***")
        let more = options.sorted { $0.key < $1.key }.map { "\($0.key)=\(PercentEncoding.value($0.value))" }
        let rest = query + (tls == .prefer ? [] : ["sslmode=\(tls.rawValue)"]) + more
        return
            "\(databaseType.rawValue)://\(login.isEmpty ? "" : login + "@")\(authority)/\(PercentEncoding.name(database ?? ""))"
            + (rest.isEmpty ? "" : "?" + rest.joined(separator: "&"))
    }

    /// Reads a connection string in any of the forms people have.
    ///
    /// Errors: `invalid_connection_string` (phase `parse`), naming the keyword that is not allowed or what is missing;
    /// `policy` (phase `policy`) where the form is understood but never allowed, for example `sqlite::memory:`.
    public static func parse(_ text: String, as type: DatabaseType) throws(DatabaseError) -> ConnectionTarget {
        switch type {
        case .postgresql: try PostgreSQLConnectionString.parse(text)
        case .mysql: try MariaDBConnectionString.parse(text)
        case .sqlite: try SQLiteConnectionString.parse(text)
        }
    }
}
