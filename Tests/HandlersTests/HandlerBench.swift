import Databases
import Logging
import Protocol
import Security
import Store
import TestSupport

@testable import Handlers

/// The handlers on a store of their own, and two people who are logged in, each with a project.
struct HandlerBench {
    let services: Services
    let methods: Methods
    let owner: RequestContext
    let stranger: RequestContext
    let project: StoredProject
    private let directory: TemporaryDirectory

    var store: Store { services.store }
    var userID: String { project.userID }

    /// Closes the store after `body`, whatever happened.
    static func run(_ body: (HandlerBench) async throws -> Void) async throws {
        let bench = try await HandlerBench()
        do {
            try await body(bench)
        } catch {
            await bench.store.close()
            throw error
        }
        await bench.store.close()
    }

    private init() async throws {
        directory = try TemporaryDirectory()
        let nowMs = Timestamp.now()
        let store = try await Store.open(.sqlite(path: directory.appending("state/store.db")), nowMs: nowMs)
        services = Services(
            store: store, keyring: try Keyring.loadOrCreate(path: directory.appending("state/keys")), limits: Limits(),
            policy: ConnectionPolicy(), version: "0", spoolDirectory: directory.path, logger: Logger(label: "test"),
            clientCount: { 0 })
        methods = Methods(services)
        var people: [(RequestContext, StoredProject)] = []
        for name in ["ada", "grace"] {
            let user = StoredUser(
                id: Identifier.make(), name: name, email: "\(name)@example.org", passwordHash: "", createdAtMs: nowMs,
                updatedAtMs: nowMs)
            try await store.createUser(user)
            let project = StoredProject(
                id: Identifier.make(), userID: user.id, name: name, databaseType: .sqlite, sealedConnectionString: [1],
                createdAtMs: nowMs)
            try await store.createProject(project)
            let client = ClientSession(channel: RecordingChannel(name))
            let identity = Identity(userID: user.id, sessionID: name, expiresAtMs: .max, lastUsedAtMs: nowMs)
            client.bind(identity)
            people.append((RequestContext(client: client, boundIdentity: identity), project))
        }
        (owner, project) = people[0]
        stranger = people[1].0
    }

    func addThread(_ title: String = "t", atMs: Int64 = Timestamp.now()) async throws -> ThreadRecord {
        let thread = ThreadRecord(id: Identifier.make(), projectID: project.id, title: title, createdAtMs: atMs)
        try await store.insertThread(thread, userID: userID)
        return thread
    }

    func message(
        _ thread: ThreadRecord, _ role: ChatRecordRole, _ content: String, _ detail: ChatDetail = ChatDetail(), atMs: Int64
    ) -> ChatMessageRecord {
        ChatMessageRecord(
            id: Identifier.make(), threadID: thread.id, projectID: thread.projectID, userID: userID, role: role, content: content,
            detail: detail.text, createdAtMs: atMs)
    }
}
