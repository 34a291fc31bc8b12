/// Rotation, as values; ``Keyring/rotate(_:path:now:)`` and its like do it to the file.
extension Keyring {
    /// Puts a new key of a kind to use: the staged one where there is one, else one made now.
    func rotating(_ kind: KeyKind, now: Int64) throws(SecurityError) -> Keyring {
        var entries = self.entries(kind)
        let now = Self.after(entries, now)
        guard let staged = entries.lastIndex(where: { $0.status == .staged }) else { return try adding(kind, .active, now) }
        entries[staged].status = .active
        entries[staged].activatedAtMs = now
        return try replacing(kind, entries)
    }

    /// Adds a key that is known but not used yet. A keyring that has one of the kind already stays as it is.
    func staging(_ kind: KeyKind, now: Int64) throws(SecurityError) -> Keyring {
        guard !entries(kind).contains(where: { $0.status == .staged }) else { return self }
        return try adding(kind, .staged, Self.after(entries(kind), now))
    }

    func retiring(_ id: String) throws(SecurityError) -> Keyring {
        guard let kind = KeyKind.allCases.first(where: { self.entries($0).contains { $0.id == id } }) else {
            throw SecurityError(.invalidKey, "The keyring has no key \(id).")
        }
        var entries = self.entries(kind)
        guard id != Self.current(entries)?.id else {
            throw SecurityError(.keyringKeyInUse, "Key \(id) is in use; put a new one to use before you retire it.")
        }
        guard !entries.contains(where: { $0.id == id && $0.status == .staged }) else {
            throw SecurityError(.keyringKeyInUse, "Key \(id) is staged for the next rotation; rotate before you retire it.")
        }
        for index in entries.indices where entries[index].id == id { entries[index].status = .retired }
        return try replacing(kind, entries)
    }

    private func adding(_ kind: KeyKind, _ status: Status, _ now: Int64) throws(SecurityError) -> Keyring {
        var entries = self.entries(kind)
        if entries.count >= Self.keysMax {
            guard let oldest = entries.firstIndex(where: { $0.status == .retired }) else {
                throw SecurityError(
                    .keyringKeyInUse, "The keyring has \(Self.keysMax) \(kind.rawValue) keys; retire old ones first.")
            }
            entries.remove(at: oldest)
        }
        return try replacing(kind, entries + [Self.newEntry(kind, now, status)])
    }

    private func replacing(_ kind: KeyKind, _ entries: [Entry]) throws(SecurityError) -> Keyring {
        try Keyring(
            installation: installation, signing: kind == .signing ? entries : signing,
            sealing: kind == .sealing ? entries : sealing)
    }

    /// Never older than the newest: a key must be used from now on even where the clock was set back.
    private static func after(_ entries: [Entry], _ now: Int64) -> Int64 {
        max(now, (entries.map(\.usedFromMs).max() ?? now - 1) + 1)
    }
}
