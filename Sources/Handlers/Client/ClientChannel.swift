public import Protocol

/// A connection as the handlers see it, whatever carries it.
public protocol ClientChannel: Sendable {
    /// Names the connection in logs; unique in this process.
    var connectionID: String { get }
    /// The user id of the process at the other end; nil for the process that started us (stdio).
    var peerUID: UInt32? { get }
    /// Sends a notification: whole JSON-RPC text.
    func notify(_ text: JSONText)
    /// Sends a large notification when its turn comes: replies go first. `done` hears once, with true when the client has taken it,
    /// with false when the connection is gone; how much is on its way is the caller's to bound.
    func stream(_ text: JSONText, done: @escaping @Sendable (Bool) -> Void)
    /// Says whether somebody is logged in, which raises the size of requests accepted.
    func authenticated(_ isAuthenticated: Bool)
    func close()
}

extension ClientChannel {
    /// The peer, as a key for counting what it does.
    var peerKey: String { peerUID.map { "peer:\($0)" } ?? "peer:stdio" }
}
