import Synchronization
import TestSupport
import Testing

/// A daemon, what its clients have made, and what they know of it.
///
/// Two people work on projects, with several clients each, and further clients make accounts and sessions. Names of things tell
/// who made them and when: `w3.12.40` is the fortieth of the third worker in round 12.
final class CrashWorld: Sendable {
    let model = CrashModel()
    let bench: Workbench
    /// Whose projects there are.
    let owners: [TestClient.Account]
    /// The database of the store, where it is one of PostgreSQL.
    let store: (server: PostgreSQLServer, database: String)?
    /// What may be refused.
    let excuses: Excuses
    /// What the daemon is started with.
    let settings: [String: String]
    let accounts = AccountBook()
    private let isOver = Mutex(false)
    /// Connections that have been tried, by project.
    private let tried = Mutex<[String: String]>([:])

    static let workers = 6
    static let registrars = 2

    enum Excuses: Sendable {
        case nothing
        /// The store may be out of reach while the daemon runs.
        case store
        case everything
    }

    static func start(
        in store: (server: PostgreSQLServer, database: String)? = nil, excuses: Excuses = .nothing
    ) async throws -> CrashWorld {
        // What is cut off stays counted as failed, and what is asked here no person would ask.
        var settings = [
            "DBASSIST_LIMITS_LOGIN_FAILURES": "1000000", "DBASSIST_LIMITS_LOGIN_FAILURES_MAX": "1000000",
            "DBASSIST_LIMITS_LOGINS_PER_MINUTE": "1000000", "DBASSIST_LIMITS_CHAT_TURNS_PER_MINUTE": "1000000",
            "DBASSIST_LIMITS_CHAT_TURNS_PER_USER": "16", "DBASSIST_LIMITS_QUERIES_PER_USER": "64",
        ]
        if let store { settings["DBASSIST_STORE"] = store.server.socketURI(database: store.database) }
        let bench = try await Workbench.start(settings, engines: [])
        let other = try await bench.daemon.client().signUp()
        return try CrashWorld(bench, [bench.account, other], store, excuses, settings)
    }

    private init(
        _ bench: Workbench, _ owners: [TestClient.Account], _ store: (server: PostgreSQLServer, database: String)?,
        _ excuses: Excuses, _ settings: [String: String]
    ) throws {
        self.bench = bench
        self.owners = owners
        self.store = store
        self.excuses = excuses
        self.settings = settings
        for worker in 0..<Self.workers {
            for place in Place.allCases {
                try ChildProcess.run([
                    "sqlite3", "-batch", file(worker, place),
                    "PRAGMA journal_mode = WAL; CREATE TABLE journal (id TEXT); CREATE TABLE place (name TEXT); "
                        + "INSERT INTO place VALUES ('\(place.rawValue)')",
                ])
            }
        }
    }

    /// The databases that a worker's projects move between.
    enum Place: String, CaseIterable, Sendable { case home, away }

    func file(_ worker: Int, _ place: Place) -> String {
        bench.daemon.directory.appending("\(place.rawValue)\(worker).sqlite")
    }

    // MARK: A round

    var isRoundOver: Bool { isOver.withLock { $0 } }

    func endRound() { isOver.withLock { $0 = true } }

    /// Lets all clients loose on a daemon. They end when it is gone, or by ``endRound()``.
    func startRound(_ round: Int, _ daemon: DaemonProcess) -> [Task<Void, Never>] {
        isOver.withLock { $0 = false }
        let workers = (0..<Self.workers).map { number in
            Task {
                do {
                    let client = try daemon.client()
                    try await client.attach(owners[number % owners.count].token)
                    var seat = WorkerSeat(self, number, round: round, client)
                    await seat.work()
                } catch { if !(error is WireConnection.Closed) { Issue.record("\(error)") } }
            }
        }
        let registrars = (0..<Self.registrars).map { number in
            Task {
                var seat = RegistrarSeat(self, number, round: round, daemon)
                await seat.work()
            }
        }
        return workers + registrars
    }

    /// Lets the clients work until they were told of `count` more writes that they are done, and a moment longer; at most some seconds,
    /// since nobody may be told anything.
    func waitForWrites(_ count: Int, seconds: Int = 4) async throws {
        let (target, until) = (model.figures.total + count, ContinuousClock.now + .seconds(seconds))
        while model.figures.total < target, ContinuousClock.now < until { try await Task.sleep(for: .milliseconds(1)) }
        try await Task.sleep(for: .microseconds(Int.random(in: 0...10_000)))
    }

    /// A moment in which a store that is out of reach may come back.
    func pause() async throws { if excuses == .store { try await Task.sleep(for: .milliseconds(50)) } }

    /// Whether a project leads elsewhere than when this was asked last.
    func isNew(_ connection: String, of project: String) -> Bool {
        tried.withLock { $0.updateValue(connection, forKey: project) != connection }
    }

    // MARK: Beside the daemon

    /// Asks the store's database itself; columns are divided by `|`.
    func look(_ sql: String) throws -> [[String]] {
        let text =
            try store.map { try $0.server.psql(sql, database: $0.database) }
            ?? ChildProcess.run(["sqlite3", "-batch", bench.daemon.stateDirectory + "/store.sqlite", sql])
        return text.split(separator: "\n").map { $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init) }
    }

    /// What is wrong with the store as such.
    func problemsOfStore() throws -> [String] {
        var problems: [String] = []
        if store == nil {
            let check = try look("PRAGMA integrity_check; PRAGMA foreign_key_check").map { $0.joined(separator: "|") }
            if check != ["ok"] { problems += check }
        }
        let settings = store.map { ["DBASSIST_STORE": $0.server.socketURI(database: $0.database)] } ?? [:]
        let check = try Command(["store", "check"], in: bench.daemon.directory, settings)
        if check.status != 0 || check.output != "sound\n" { problems.append(check.output) }
        return problems
    }
}

/// What there is to know about a project besides what goes with it.
struct ProjectFacts: Sendable, Equatable {
    var name: String
    var connection: String
    var assistant: String

    init(name: String, file: String, assistant: String = "") {
        self.name = name
        connection = "sqlite://" + file
        self.assistant = assistant
    }

    init(_ project: JSONValue) {
        name = project["name"].string ?? "?"
        connection = project["connection"].string ?? "?"
        assistant = Self.text(project["assistant"])
    }

    /// Settings of the assistant, in one order.
    static func text(_ settings: JSONValue) -> String {
        settings.names.sorted().map { "\($0)=\(settings[$0])" }.joined(separator: " ")
    }

    var state: String { "\(name) at \(connection) [\(assistant)]" }
}
