import Protocol
import Synchronization

/// A session bound to a connection: who its requests act for.
final class Identity: Sendable {
    let userID: String
    /// The token's `jti`.
    let sessionID: String
    let expiresAtMs: Int64
    /// The key that vouched for the token it was attached with; nil where it began on this connection, with a password.
    let keyID: String?
    private let lastUsed: Atomic<Int64>

    init(userID: String, sessionID: String, expiresAtMs: Int64, lastUsedAtMs: Int64, keyID: String? = nil) {
        self.userID = userID
        self.sessionID = sessionID
        self.expiresAtMs = expiresAtMs
        self.keyID = keyID
        self.lastUsed = Atomic(lastUsedAtMs)
    }

    var lastUsedAtMs: Int64 { lastUsed.load(ordering: .relaxed) }

    func touch(_ nowMs: Int64) { lastUsed.store(nowMs, ordering: .relaxed) }

    /// Why it may not be used at `nowMs` any more; nil while it may.
    func endReason(nowMs: Int64, idleMs: Int64) -> SessionEndReason? {
        if nowMs >= expiresAtMs { return .expired }
        return nowMs - lastUsedAtMs >= idleMs ? .idle : nil
    }
}
