import Protocol
import Synchronization

/// What the daemon knows of one connection: who is logged in on it, and how far its life cycle has come.
public final class ClientSession: Sendable {
    private struct State {
        var identity: Identity?
        var clientInfo: ClientInfo?
        var isInitialized = false
        var isShutDown = false
    }

    let channel: any ClientChannel
    /// Of the peer's requests.
    let rate: RateBucket?
    private let state = Mutex(State())

    init(channel: any ClientChannel, rate: RateBucket? = nil) {
        self.channel = channel
        self.rate = rate
    }

    /// Whether the client must `initialize` before anything else: LSP's rule, kept on stdio.
    var mustInitialize: Bool { channel.peerUID == nil }

    var identity: Identity? { state.withLock { $0.identity } }
    var isInitialized: Bool { state.withLock { $0.isInitialized } }
    var isShutDown: Bool { state.withLock { $0.isShutDown } }

    /// `name/version` of the client program, as `initialize` told; empty where it did not.
    var clientName: String {
        state.withLock { state in
            guard let info = state.clientInfo else { return "" }
            return info.version.map { "\(info.name)/\($0)" } ?? info.name
        }
    }

    /// The peer, as a key for throttling.
    var peerKey: String { channel.peerKey }

    func initialize(_ info: ClientInfo?) {
        state.withLock { state in
            state.isInitialized = true
            state.clientInfo = info
        }
    }

    func shutDown() { state.withLock { $0.isShutDown = true } }

    /// Only ``SessionRegistry`` sets the identity, so that a session's end finds every connection that has it.
    func bind(_ identity: Identity?) {
        state.withLock { $0.identity = identity }
        channel.authenticated(identity != nil)
    }

    /// Unbinds the session if it is still the one named.
    func unbind(ifSession sessionID: String) -> Bool {
        let isBound = state.withLock { state in
            guard state.identity?.sessionID == sessionID else { return false }
            state.identity = nil
            return true
        }
        if isBound { channel.authenticated(false) }
        return isBound
    }
}
