/// The daemon's own keys: what signs tokens, what seals stored secrets, and the name of this installation.
///
/// A value, read once from its file (``load(path:)``, ``create(path:now:)``); rotation writes a new file and answers a new value.
/// Of several keys the newest active one signs or seals, every active one verifies or opens, a retired one does nothing.
public struct Keyring: Sendable {
    enum Status: String, Sendable { case active, retired }

    /// One key as the file has it.
    struct Entry: Sendable {
        /// Derived from the key, so that a damaged key is noticed.
        let id: String
        /// 32 bytes: an Ed25519 seed, or the master that sealing keys are derived from.
        let secret: SecretBytes
        let createdAtMs: Int64
        var status: Status
    }

    /// How many keys of a kind a keyring may have.
    static let keysMax = 64

    /// The name of this installation, a UUID: tokens are bound to it.
    public let installation: String
    /// The newest active signing key.
    public let signingKey: SigningKey
    /// The public halves of all active signing keys.
    public let verificationKeys: [VerificationKey]

    let signing: [Entry]
    let sealing: [Entry]
    let sealingKey: SealingKey
    let sealingKeys: [SealingKey]

    /// - Throws: `keyringDuplicateKey`; `keyringDamaged` if a kind has no active key or too many keys; `invalidKey`.
    init(installation: String, signing: [Entry], sealing: [Entry]) throws(SecurityError) {
        for entries in [signing, sealing] {
            guard Set(entries.map(\.id)).count == entries.count else {
                throw SecurityError(.keyringDuplicateKey, "The keyring has two keys with one id; restore it from a backup.")
            }
            guard entries.count <= Self.keysMax else {
                throw .keyringDamaged("it has more than \(Self.keysMax) keys of a kind")
            }
        }
        var signingKeys: [SigningKey] = []
        for entry in Self.active(signing) { signingKeys.append(try SigningKey(seed: entry.secret)) }
        var sealingKeys: [SealingKey] = []
        for entry in Self.active(sealing) { sealingKeys.append(try SealingKey(master: entry.secret)) }
        guard let signingKey = signingKeys.last, let sealingKey = sealingKeys.last else {
            throw .keyringDamaged("it has no active signing key or no active sealing key")
        }
        self.installation = installation
        self.signing = signing
        self.sealing = sealing
        self.signingKey = signingKey
        self.sealingKey = sealingKey
        self.sealingKeys = sealingKeys
        verificationKeys = signingKeys.map(\.verificationKey)
    }

    /// A keyring with new keys that is in no file: for tests, and for a daemon that is to forget everything.
    public static func generate(now: Int64 = Timestamp.now()) throws(SecurityError) -> Keyring {
        try Keyring(
            installation: Identifier.make(now: now), signing: [newSigningEntry(now)], sealing: [newSealingEntry(now)])
    }

    // MARK: Rotation

    func addingSigningKey(now: Int64) throws(SecurityError) -> Keyring {
        // Never older than the newest: it must sign from now on even where the clock was set back.
        let now = max(now, (signing.map(\.createdAtMs).max() ?? now) + 1)
        return try Keyring(installation: installation, signing: signing + [Self.newSigningEntry(now)], sealing: sealing)
    }

    func addingSealingKey(now: Int64) throws(SecurityError) -> Keyring {
        let now = max(now, (sealing.map(\.createdAtMs).max() ?? now) + 1)
        return try Keyring(installation: installation, signing: signing, sealing: sealing + [Self.newSealingEntry(now)])
    }

    func retiring(_ id: String) throws(SecurityError) -> Keyring {
        guard (signing + sealing).contains(where: { $0.id == id }) else {
            throw SecurityError(.invalidKey, "The keyring has no key \(id).")
        }
        guard id != signingKey.verificationKey.id.description, id != sealingKey.idText else {
            throw SecurityError(.keyringKeyInUse, "Key \(id) is in use; add a new one before retiring it.")
        }
        let retire = { (entry: Entry) in
            entry.id == id
                ? Entry(id: id, secret: entry.secret, createdAtMs: entry.createdAtMs, status: .retired) : entry
        }
        return try Keyring(installation: installation, signing: signing.map(retire), sealing: sealing.map(retire))
    }

    // MARK: Parts

    /// Active entries, oldest first; of the same age, as the file has them.
    private static func active(_ entries: [Entry]) -> [Entry] {
        entries.enumerated().filter { $0.element.status == .active }
            .sorted { ($0.element.createdAtMs, $0.offset) < ($1.element.createdAtMs, $1.offset) }
            .map(\.element)
    }

    private static func newSigningEntry(_ now: Int64) throws(SecurityError) -> Entry {
        let seed = SecretBytes.random(count: 32)
        let id = try SigningKey(seed: seed).verificationKey.id.description
        return Entry(id: id, secret: seed, createdAtMs: now, status: .active)
    }

    private static func newSealingEntry(_ now: Int64) throws(SecurityError) -> Entry {
        let master = SecretBytes.random(count: 32)
        return Entry(id: try SealingKey(master: master).idText, secret: master, createdAtMs: now, status: .active)
    }
}

extension TokenIssuer {
    /// An issuer that signs with the keyring's newest active key.
    public init(keyring: Keyring) { self.init(key: keyring.signingKey, installation: keyring.installation) }
}

extension TokenVerifier {
    /// A verifier that accepts the keyring's active keys.
    public convenience init(keyring: Keyring) {
        self.init(keys: keyring.verificationKeys, installation: keyring.installation)
    }
}
