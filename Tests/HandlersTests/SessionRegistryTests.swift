import Protocol
import Synchronization
import Testing

@testable import Handlers

/// A connection that remembers what was sent.
final class RecordingChannel: ClientChannel {
    let connectionID: String
    let peerUID: UInt32? = 1000
    private let state = Mutex<(sent: [String], isAuthenticated: Bool)>(([], false))

    init(_ connectionID: String) { self.connectionID = connectionID }

    var sent: [String] { state.withLock { $0.sent } }
    var isAuthenticated: Bool { state.withLock { $0.isAuthenticated } }

    func notify(_ text: JSONText) { state.withLock { $0.sent.append(text.string) } }
    func stream(_ text: JSONText, done: @escaping @Sendable (Bool) -> Void) {
        notify(text)
        done(true)
    }
    func authenticated(_ isAuthenticated: Bool) { state.withLock { $0.isAuthenticated = isAuthenticated } }
    func close() {}
}

@Suite struct SessionRegistryTests {
    private func identity(_ session: String, expires: Int64 = 1_000, used: Int64 = 0) -> Identity {
        Identity(userID: "u", sessionID: session, expiresAtMs: expires, lastUsedAtMs: used)
    }

    @Test func theEndOfASessionReachesEveryConnectionThatHasIt() {
        let registry = SessionRegistry()
        let channels = ["a", "b", "c"].map(RecordingChannel.init)
        let clients = channels.map { ClientSession(channel: $0) }
        registry.bind(clients[0], identity("s"))
        registry.bind(clients[1], identity("s"))
        registry.bind(clients[2], identity("t"))
        registry.end(["s"], .revoked, requester: clients[0])
        #expect(clients[0].identity == nil && clients[1].identity == nil)
        #expect(clients[2].identity?.sessionID == "t")
        #expect(channels[0].sent.isEmpty)
        #expect(channels[1].sent == [#"{"jsonrpc":"2.0","method":"session/expired","params":{"reason":"revoked"}}"#])
        #expect(!channels[1].isAuthenticated && channels[2].isAuthenticated)
        registry.end(["s"], .revoked)
        #expect(channels[1].sent.count == 1)
    }

    @Test func aNewSessionTakesTheOldOnesPlace() {
        let registry = SessionRegistry()
        let channel = RecordingChannel("a")
        let client = ClientSession(channel: channel)
        registry.bind(client, identity("s"))
        registry.bind(client, identity("t"))
        registry.end(["s"], .revoked)
        #expect(client.identity?.sessionID == "t")
        #expect(channel.sent.isEmpty)
    }

    @Test func sessionsEndAtTheirTime() {
        let registry = SessionRegistry()
        let clients = (0..<3).map { ClientSession(channel: RecordingChannel("\($0)")) }
        registry.bind(clients[0], identity("late", expires: 500))
        registry.bind(clients[1], identity("idle", expires: 10_000, used: 100))
        registry.bind(clients[2], identity("live", expires: 10_000, used: 450))
        #expect(Set(registry.endOutlived(nowMs: 500, idleMs: 400)) == ["late", "idle"])
        #expect(clients[2].identity != nil)
        #expect(registry.endOutlived(nowMs: 849, idleMs: 400).isEmpty)
        #expect(registry.endOutlived(nowMs: 850, idleMs: 400) == ["live"])
    }
}

@Suite struct RunningQueriesTests {
    private let client = ClientSession(channel: RecordingChannel("a"))

    private func entry(_ id: String, user: String = "u", isWrite: Bool = false) -> RunningQueries.Entry {
        RunningQueries.Entry(id: id, userID: user, sessionID: "s", projectID: "p", client: client, isWrite: isWrite)
    }

    @Test func limitsAreThoseOfAUser() throws {
        let running = RunningQueries()
        try running.register(entry("1"), perUserMax: 2)
        try running.register(entry("2"), perUserMax: 2)
        #expect(throws: RunningQueries.Refusal.tooMany) { try running.register(entry("3"), perUserMax: 2) }
        try running.register(entry("4", user: "v"), perUserMax: 2)
        #expect(throws: RunningQueries.Refusal.idInUse) { try running.register(entry("4", user: "w"), perUserMax: 2) }
        running.remove("1")
        running.remove("1")
        try running.register(entry("3"), perUserMax: 2)
        #expect(running.count == 3)
    }

    @Test func aCancelThatComesBeforeTheBeginningIsNotLost() throws {
        let running = RunningQueries()
        let cancelled = Mutex(0)
        try running.register(entry("1"), perUserMax: 8)
        running.cancel("1", userID: "other")
        running.cancel("1", userID: "u")
        running.began("1") { cancelled.withLock { $0 += 1 } }
        #expect(cancelled.withLock { $0 } == 1)
    }

    @Test func onlyWritesAreStoppedWhenAProjectBecomesReadOnly() throws {
        let running = RunningQueries()
        let cancelled = Mutex<[String]>([])
        for (id, isWrite) in [("r", false), ("w", true)] {
            try running.register(entry(id, isWrite: isWrite), perUserMax: 8)
            running.began(id) { cancelled.withLock { $0.append(id) } }
        }
        running.cancelWrites(ofProject: "p")
        #expect(cancelled.withLock { $0 } == ["w"])
    }
}
