import Databases
import Glibc
import Logging
import Models
import Protocol
import Store

/// The configuration in the daemon's own terms.
struct Configuration: Sendable {
    let stateDirectory: String
    let socketPath: String
    /// nil: figures are only in `system.metrics`.
    let metricsSocketPath: String?
    /// nil: nothing is traced.
    let traceFile: String?
    /// Which part of all traces is kept.
    let traceSampling: Double
    let mode: ConnectionPolicy.Mode
    /// nil: whoever the permissions of the socket let connect.
    let allowedUIDs: Set<UInt32>?
    let policy: ConnectionPolicy
    let logLevel: Logger.Level
    let logsJSON: Bool
    let limits: Limits
    /// The models there are, the first of them or ``defaultModel`` where none is named.
    let models: [ModelSettings]
    let defaultModel: String?

    /// Where the store is.
    let store: StoreLocation
    var keyringPath: String { stateDirectory + "/keyring" }

    init(_ settings: Settings) throws(ConfigurationError) {
        let environment = settings.environment
        stateDirectory = try Self.stateDirectory(settings["stateDir"].text, environment)
        store = try Self.store(settings["store"].text, stateDirectory)
        socketPath = try Self.socketPath(settings["socket"].text, environment)
        let metricsSocket = settings["metricsSocket"].text
        metricsSocketPath = metricsSocket.isEmpty ? nil : try Self.absolute(metricsSocket, "metricsSocket")
        let traceFile = settings["traceFile"].text
        self.traceFile = traceFile.isEmpty ? nil : try Self.absolute(traceFile, "traceFile")
        traceSampling = Double(settings["traceSampling"].text) ?? 1
        mode = settings["mode"].text == "shared" ? .shared : .personal
        allowedUIDs = try Self.allowedUIDs(Self.list(settings["allowedUserIds"].text), mode)
        policy = ConnectionPolicy(
            mode: mode, fileRoots: Self.list(settings["fileRoots"].text),
            socketDirectories: Self.list(settings["socketDirectories"].text),
            allowPrivateAddresses: settings["allowPrivateAddresses"].text == "true",
            requireTLSForRemote: settings["requireTlsForRemote"].text == "true")
        logLevel = Logger.Level(rawValue: settings["logLevel"].text) ?? .info
        let format = settings["logFormat"].text
        logsJSON = format == "json" || (format == "auto" && isatty(STDERR_FILENO) == 0)
        var limits = Limits()
        for entry in Limits.table where entry.isConfigurable {
            if let value = Int(settings["limits.\(entry.name)"].text) { entry.set(&limits, value) }
        }
        self.limits = limits
        models = try Self.models(settings)
        defaultModel = try Self.defaultModel(settings, models)
    }

    func tracer(logger: Logger) throws(ConfigurationError) -> FileTracer? {
        guard let traceFile else { return nil }
        return FileTracer(
            file: try TraceFile(path: traceFile, bytesMax: limits.traceFileBytes, logger: logger), sampling: traceSampling)
    }

    private static func allowedUIDs(
        _ list: [String], _ mode: ConnectionPolicy.Mode
    ) throws(ConfigurationError) -> Set<UInt32>? {
        var uids: Set<UInt32> = [geteuid()]
        if list == ["any"], mode == .shared { return nil }
        for text in list {
            guard let uid = UInt32(text) else {
                throw ConfigurationError(
                    "allowedUserIds: \"\(text)\" is not a user id; the word any alone, in shared mode, leaves it to the permissions of a socket that systemd made."
                )
            }
            uids.insert(uid)
        }
        return mode == .shared ? uids : [geteuid()]
    }

    private static func store(_ text: String, _ stateDirectory: String) throws(ConfigurationError) -> StoreLocation {
        guard !text.isEmpty else { return .sqlite(path: stateDirectory + "/store.sqlite") }
        // The value is not repeated: it has a password.
        guard let database = StoreLocation(uri: text) else {
            throw ConfigurationError(
                "store must be a PostgreSQL URI, postgresql://user:password@host/database; leave it out for a file in stateDir.")
        }
        return database
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").compactMap { item in
            var item = item.drop { $0.isWhitespace }
            while item.last?.isWhitespace == true { item.removeLast() }
            return item.isEmpty ? nil : String(item)
        }
    }

    private static func stateDirectory(_ text: String, _ environment: [String: String]) throws(ConfigurationError) -> String {
        if !text.isEmpty { return try absolute(text, "stateDir") }
        if let base = environment["XDG_STATE_HOME"], base.hasPrefix("/") { return base + "/dbassist" }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw ConfigurationError("There is no home directory; name a place with --state-dir or DBASSIST_STATE_DIR.")
        }
        return home + "/.local/state/dbassist"
    }

    /// Never below /tmp: others could be there first.
    private static func socketPath(_ text: String, _ environment: [String: String]) throws(ConfigurationError) -> String {
        if !text.isEmpty { return try absolute(text, "socket") }
        if let base = environment["XDG_RUNTIME_DIR"], base.hasPrefix("/") { return base + "/dbassist/dbassistd.sock" }
        let base = "/run/user/\(geteuid())"
        if access(base, W_OK) == 0 { return base + "/dbassist/dbassistd.sock" }
        // No login session made a runtime directory: the state directory is as private, if not as short-lived.
        return try stateDirectory("", environment) + "/run/dbassistd.sock"
    }

    static func absolute(_ path: String, _ name: String) throws(ConfigurationError) -> String {
        if path.hasPrefix("/") { return path }
        guard let current = getcwd(nil, 0) else { throw ConfigurationError("\(name) must be an absolute path.") }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }
}

extension StoreLocation {
    /// A database named by its URI; nil where the text is none of PostgreSQL's.
    init?(uri text: String) {
        guard text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") else { return nil }
        self = .postgresql(connectionString: text, applicationName: "dbassistd/\(daemonVersion) store")
    }
}
