import Protocol
import Security
import Synchronization

/// A session bound to a connection: who its requests act for.
final class Identity: Sendable {
    let userID: String
    /// The token's `jti`.
    let sessionID: String
    let expiresAtMs: Int64
    /// The key that vouched for the token it was attached with; nil where it began on this connection, with a password.
    let keyID: String?
    /// What its token allows.
    let scope: TokenScope
    /// What narrower tokens are made from; nil in tests.
    let chain: TokenChain?
    /// Whether its token ends before the session does.
    let endsEarly: Bool
    /// Of the account's requests.
    let rate: RateBucket?
    private let lastUsed: Atomic<Int64>

    init(userID: String, sessionID: String, expiresAtMs: Int64, lastUsedAtMs: Int64, rate: RateBucket? = nil) {
        (keyID, scope, chain, endsEarly) = (nil, .everything, nil, false)
        self.userID = userID
        self.sessionID = sessionID
        self.expiresAtMs = expiresAtMs
        self.rate = rate
        self.lastUsed = Atomic(lastUsedAtMs)
    }

    /// - Parameter token: what it was attached with, or what was issued for it.
    /// - Parameter isAttached: whether the token brought the session to this connection.
    init(
        userID: String, sessionID: String, expiresAtMs: Int64, lastUsedAtMs: Int64, token: VerifiedToken, chain: TokenChain,
        isAttached: Bool, rate: RateBucket? = nil
    ) {
        self.userID = userID
        self.sessionID = sessionID
        self.expiresAtMs = min(expiresAtMs, token.scope.expiresAtMs ?? .max)
        endsEarly = token.scope.expiresAtMs.map { $0 < expiresAtMs } ?? false
        keyID = isAttached ? token.keyID : nil
        scope = token.scope
        self.chain = chain
        self.rate = rate
        lastUsed = Atomic(lastUsedAtMs)
    }

    var lastUsedAtMs: Int64 { lastUsed.load(ordering: .relaxed) }

    func touch(_ nowMs: Int64) { lastUsed.store(nowMs, ordering: .relaxed) }

    /// Why it may not be used at `nowMs` any more; nil while it may.
    func endReason(nowMs: Int64, idleMs: Int64) -> SessionEndReason? {
        if nowMs >= expiresAtMs { return .expired }
        return nowMs - lastUsedAtMs >= idleMs ? .idle : nil
    }
}
