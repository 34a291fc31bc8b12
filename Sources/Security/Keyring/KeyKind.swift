/// What a key of a keyring is for.
public enum KeyKind: String, Sendable, CaseIterable {
    /// Signs tokens.
    case signing
    /// Seals what the store keeps.
    case sealing
}

/// What a key of a keyring does now.
public enum KeyState: String, Sendable {
    /// Known, but not used yet: it verifies or opens what others made with it.
    case staged
    /// Signs or seals.
    case active
    /// Verifies or opens what was made before the active one.
    case old
    /// Does nothing.
    case retired
}

/// A key as an operator sees it.
public struct KeyDescription: Sendable, Equatable {
    public var kind: KeyKind
    /// `k4.pid.…` of a signing key, 16 hexadecimal digits of a sealing key.
    public var id: String
    public var state: KeyState
    /// In Unix milliseconds.
    public var createdAtMs: Int64
    /// From when on it signed or sealed; nil while it is staged.
    public var usedFromMs: Int64?
    /// Until when it did: when the next one was put to use; nil for the newest.
    public var usedUntilMs: Int64?
}

extension Keyring {
    /// Every key, the oldest of each kind first.
    public var keys: [KeyDescription] { KeyKind.allCases.flatMap(descriptions) }

    /// The key with this id.
    public func key(_ id: String) -> KeyDescription? { keys.first { $0.id == id } }

    private func descriptions(_ kind: KeyKind) -> [KeyDescription] {
        let entries = self.entries(kind)
        let current = Self.current(entries)?.id
        let sorted = entries.sorted { ($0.usedFromMs, $0.createdAtMs) < ($1.usedFromMs, $1.createdAtMs) }
        return sorted.enumerated().map { index, entry in
            let state: KeyState =
                switch entry.status {
                case .staged: .staged
                case .retired: .retired
                case .active: entry.id == current ? .active : .old
                }
            let next = sorted[(index + 1)...].first { $0.status != .staged }
            return KeyDescription(
                kind: kind, id: entry.id, state: state, createdAtMs: entry.createdAtMs,
                usedFromMs: state == .staged ? nil : entry.usedFromMs,
                usedUntilMs: state == .staged || state == .active ? nil : next?.usedFromMs)
        }
    }
}
