import Synchronization

/// The keyring that a daemon works with, which an operator may change under it, and what is made of it.
///
/// Whoever signs, verifies, seals or opens asks it each time and keeps nothing of it for later.
public final class CurrentKeyring: Sendable {
    private struct State {
        var keyring: Keyring
        var issuer: TokenIssuer
        var verifier: TokenVerifier
        var sealer: Sealer
        /// What the file looked like when it was last taken over; nil before.
        var stamp: KeyringFile.Stamp?
    }

    private let path: String?
    private let clock = TokenClock()
    private let state: Mutex<State>

    /// - Parameter path: the file to look at in ``refresh()``; without one the keyring stays what it is.
    public init(_ keyring: Keyring, path: String? = nil) {
        self.path = path
        state = Mutex(
            State(
                keyring: keyring, issuer: TokenIssuer(keyring: keyring), verifier: TokenVerifier(keyring: keyring, clock: clock),
                sealer: Sealer(keyring: keyring)))
    }

    public var keyring: Keyring { state.withLock { $0.keyring } }
    public var issuer: TokenIssuer { state.withLock { $0.issuer } }
    public var verifier: TokenVerifier { state.withLock { $0.verifier } }
    public var sealer: Sealer { state.withLock { $0.sealer } }

    /// Which file the keys were taken from, by device and inode; nil before the first ``refresh()``.
    public var file: (device: UInt64, inode: UInt64)? { state.withLock { state in state.stamp.map { ($0.device, $0.inode) } } }

    /// Looks at the file, which costs one call of the kernel, and takes it over if it was replaced.
    ///
    /// What cannot be a later state of the same keyring is refused, and the one there is goes on: another installation's, and one
    /// that lacks a key in use, as an old copy would.
    /// - Returns: whether the keys are other ones now.
    /// - Throws: as ``Keyring/load(path:)``; `keyringReplaced`.
    @discardableResult
    public func refresh() throws(SecurityError) -> Bool {
        guard let path else { return false }
        let stamp = KeyringFile.stamp(path)
        guard stamp == nil || state.withLock({ $0.stamp != stamp }) else { return false }
        let found = try Keyring.load(path: path)
        let result: Result<Bool, SecurityError> = state.withLock { state in
            if let problem = state.keyring.problem(with: found, path) { return .failure(problem) }
            // The stamp is older than what was read: a change in between is seen next time.
            state.stamp = stamp
            guard KeyringText.encode(found) != KeyringText.encode(state.keyring) else { return .success(false) }
            state.keyring = found
            state.issuer = TokenIssuer(keyring: found)
            state.verifier = TokenVerifier(keyring: found, clock: clock)
            state.sealer = Sealer(keyring: found)
            return .success(true)
        }
        return try result.get()
    }
}

extension Keyring {
    /// Why `other`, which was found in this one's place, cannot be what became of it.
    fileprivate func problem(with other: Keyring, _ path: String) -> SecurityError? {
        guard other.installation == installation else {
            return SecurityError(
                .keyringReplaced, "\(path) is another installation's keyring now and is not used; put the right one back.")
        }
        for kind in KeyKind.allCases {
            let known = Set(other.entries(kind).map(\.id))
            if let lost = entries(kind).first(where: { $0.status != .retired && !known.contains($0.id) }) {
                return SecurityError(
                    .keyringReplaced,
                    "\(path) lacks the \(kind.rawValue) key \(lost.id) that is in use, and is not used; put the newest copy there."
                )
            }
        }
        return nil
    }
}
