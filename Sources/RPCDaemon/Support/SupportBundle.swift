import Databases
import Glibc
import Models
import Security
import Store
import Synchronization
import Transport

/// What somebody who helps needs to know of an installation, as one text that its owner can read first. A part that cannot be had says
/// why, and the others follow.
struct SupportBundle {
    private static let patienceMs = 5000
    private static let preface = """
        # dbassistd support bundle

        Passwords, keys, tokens and e-mail addresses are taken out (***), your home directory is ~. Statements and rows are not in here;
        names of files and hosts are. Read it before you send it.
        """

    private let overrides: SettingOverrides
    private let log: LogTail?

    init(_ overrides: SettingOverrides, log: LogTail?) {
        self.overrides = overrides
        self.log = log
    }

    var text: String {
        let settings = Result { () throws(ConfigurationError) in try Settings.load(overrides) }
        let configuration = settings.flatMap { settings in
            Result { () throws(ConfigurationError) in try Configuration(settings) }
        }
        let known = try? configuration.get()
        var parts: [(String, [String])] = [
            ("Versions", Self.columns(versions)),
            ("Machine", Self.columns(Machine.facts(stateDirectory: known?.stateDirectory))),
            ("Doctor", doctor),
        ]
        switch settings {
        case .success(let settings):
            let unchanged = settings.values.count { $0.isDefault }
            parts.append(
                (
                    "Configuration",
                    settings.listing { !$0.isDefault } + ["\(unchanged) others as this version has them by default"]
                ))
        case .failure(let error): parts.append(("Configuration", [error.description]))
        }
        if let known {
            parts.append(("State directory", Machine.listing(known.stateDirectory)))
            parts.append(("Store", Self.store(known.store)))
            parts.append(("Keys", Self.keys(known.keyringPath)))
            parts.append(("Daemon", Self.daemon(known)))
            parts.append(("Metrics", Self.metrics(known.metricsSocketPath)))
        }
        parts.append(("Log", log.map { $0.lines.map(String.init) } ?? ["not given; see dbassistd support-bundle --help"]))
        let anonymizer = Anonymizer(secrets: Self.modelKey.map { [$0] } ?? [], home: Environment.variables["HOME"])
        let body = parts.map { "## \($0)\n\n\($1.map(Self.printable).joined(separator: "\n"))\n" }.joined(separator: "\n")
        return "\(Self.preface)\n\n\(anonymizer.clean(body))"
    }

    private static var modelKey: String? {
        guard case .value(let key)? = Main.modelKey.withLock({ $0 }) else { return nil }
        return key
    }

    private var versions: [(String, String)] {
        [("dbassistd", daemonVersion)] + ClientLibraries.versions.map { ($0.name, $0.version) }
    }

    private var doctor: [String] {
        var lines: [String] = []
        var diagnosis = Diagnosis { lines.append($0.shown) }
        diagnosis.run(overrides)
        return lines
    }

    private static func store(_ location: StoreLocation) -> [String] {
        do throws(StoreError) {
            let survey = try Store.survey(location)
            let place = location.path == nil ? "PostgreSQL" : "SQLite"
            let counts = (survey.tables + survey.kinds).map { ($0.name, "\($0.rows)") }
            return columns([("engine", place), ("schema", "\(survey.schema)")] + counts)
        } catch {
            return [error.debugDescription]
        }
    }

    private static func keys(_ path: String) -> [String] {
        do throws(SecurityError) {
            return try Keyring.load(path: path).keys.map { key in
                "\(key.kind.rawValue)  \(key.id)  \(key.state.rawValue)  made \(Timestamp.format(key.createdAtMs))"
            }
        } catch {
            return [error.message]
        }
    }

    private static func daemon(_ configuration: Configuration) -> [String] {
        let request = #"{"jsonrpc":"2.0","id":1,"method":"system.health"}"# + "\n"
        do throws(TransportError) {
            let answer = try UnixClient.exchange(configuration.socketPath, request, timeoutMs: patienceMs)
            let processes = [answer.listenerPID, Store.holder(configuration.store)].compactMap { $0 }
            let process = processes.lazy.compactMap(Machine.process).first ?? []
            return columns(
                [("health", String(decoding: answer.bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))] + process)
        } catch {
            return [error.description]
        }
    }

    private static func metrics(_ path: String?) -> [String] {
        guard let path else { return ["metricsSocket is not set"] }
        do throws(TransportError) {
            let answer = try UnixClient.exchange(path, "GET /metrics HTTP/1.0\r\n\r\n", timeoutMs: patienceMs)
            return String(decoding: answer.bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
                .filter { $0.hasPrefix("dbassistd_") }
        } catch {
            return [error.description]
        }
    }

    private static func columns(_ facts: [(String, String)]) -> [String] {
        let width = facts.map(\.0.count).max() ?? 0
        return facts.map { "\($0.padded(to: width))  \($1)" }
    }

    /// One line, whatever a log or a file's name has in it.
    private static func printable(_ line: String) -> String {
        String(line.map { $0.isNewline || $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? " " : $0 })
    }
}
