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
        #expect(Set(registry.endOutlived(nowMs: 500, idleMs: 400).sessions) == ["late", "idle"])
        #expect(clients[2].identity != nil && registry.ids == ["live"])
        #expect(registry.endOutlived(nowMs: 849, idleMs: 400) == SessionRegistry.Ended())
        #expect(registry.endOutlived(nowMs: 850, idleMs: 400).sessions == ["live"])
    }
}
