import Glibc
import TestSupport
import Testing

/// A daemon, somebody who is logged in to it, and their project on each engine.
final class Workbench: Sendable {
    let daemon: DaemonProcess
    let client: TestClient
    let account: TestClient.Account
    private let projects: [Engine: String]

    /// Starts a daemon of its own, by `launcher` if there is one. Projects may be written to unless `readOnly`.
    static func start(
        _ settings: [String: String] = [:], readOnly: Bool = false, engines: [Engine] = Engine.allCases,
        in directory: TemporaryDirectory? = nil, launcher: [String] = []
    ) async throws -> Workbench {
        let daemon = try await DaemonProcess.start(settings, in: directory, launcher: launcher)
        return try await Workbench(daemon, readOnly: readOnly, engines: engines)
    }

    private init(_ daemon: DaemonProcess, readOnly: Bool, engines: [Engine]) async throws {
        self.daemon = daemon
        client = try daemon.client()
        account = try await client.signUp()
        var projects: [Engine: String] = [:]
        for engine in engines {
            let file = daemon.directory.appending("test.sqlite")
            if engine == .sqlite { try engine.script("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", file: file) }
            let project = try await client.call(
                "project.create",
                [
                    "name": .string(engine.rawValue), "databaseType": .string(engine.rawValue),
                    "connectionString": .string(try engine.connectionString(file: file)), "readOnly": .bool(readOnly),
                ])
            projects[engine] = project["id"].string
        }
        self.projects = projects
    }

    /// The SQLite project's file.
    var file: String { daemon.directory.appending("test.sqlite") }

    func project(_ engine: Engine) -> String { projects[engine] ?? "" }

    /// Another connection of the same session.
    func connect() async throws -> TestClient {
        let other = try daemon.client()
        try await other.attach(account.token)
        return other
    }

    /// The params of query.run.
    func query(_ engine: Engine, _ sql: String, _ parameters: [JSONValue]? = nil, _ options: JSONValue = [:]) -> JSONValue {
        guard case .object(let extra) = options else { return .null }
        var members: [(name: String, value: JSONValue)] = [("projectId", .string(project(engine))), ("sql", .string(sql))]
        if let parameters { members.append(("parameters", .array(parameters))) }
        return .object(members + extra)
    }

    /// Runs a statement.
    @discardableResult func run(
        _ engine: Engine, _ sql: String, _ parameters: [JSONValue]? = nil, _ options: JSONValue = [:]
    ) async throws -> JSONValue {
        try await client.call("query.run", query(engine, sql, parameters, options), timeoutMs: 60_000)
    }

    /// Runs a statement that changes something.
    @discardableResult func write(_ engine: Engine, _ sql: String, _ parameters: [JSONValue]? = nil) async throws -> JSONValue {
        try await run(engine, sql, parameters, ["mode": "write"])
    }

    /// Runs a statement that must fail, and answers how.
    func failure(
        _ engine: Engine, _ sql: String, _ parameters: [JSONValue]? = nil, _ options: JSONValue = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> TestClient.Failure {
        try await client.failure("query.run", query(engine, sql, parameters, options), sourceLocation: sourceLocation)
    }

    // MARK: Looking from outside

    /// Whether the engine's slow statement runs at the server; for SQLite, whether the daemon is using the processor.
    func isRunningSlowStatement(_ engine: Engine) async throws -> Bool {
        switch engine {
        case .postgresql:
            let count = try engine.script(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(61)%' AND pid <> pg_backend_pid()",
                asAdministrator: true)
            return count.hasPrefix("0") == false
        case .mysql:
            let count = try engine.script(
                "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%SLEEP(61)%' AND info NOT LIKE '%processlist%'",
                asAdministrator: true)
            return count.hasPrefix("0") == false
        case .sqlite:
            let before = daemon.processorTicks
            try await Task.sleep(for: .milliseconds(150))
            return daemon.processorTicks - before > 2
        }
    }

    /// Waits until the slow statement runs, or until it does not; answers whether that came ``promptly``.
    func waits(_ engine: Engine, untilRunning wanted: Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .promptly
        while try await isRunningSlowStatement(engine) != wanted {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(20))
        }
        return true
    }
}

extension DaemonProcess {
    /// Processor time it has used, in clock ticks (proc(5)).
    var processorTicks: Int {
        let text = (try? ChildProcess.run(["cat", "/proc/\(pid)/stat"])) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 14 ? (Int(fields[13]) ?? 0) + (Int(fields[14]) ?? 0) : 0
    }
}
