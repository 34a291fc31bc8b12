/// The daemon's own keys: what signs tokens, what seals stored secrets, and the name of this installation.
///
/// A value, read from its file (``load(path:)``, ``create(path:now:)``); rotation writes a new file and answers a new value. Of
/// several keys of a kind the newest active one signs or seals, every active and every staged one verifies or opens, a retired one
/// does nothing.
public struct Keyring: Sendable {
    enum Status: String, Sendable { case staged, active, retired }

    /// One key as the file has it.
    struct Entry: Sendable {
        /// Derived from the key, so that a damaged key is noticed.
        let id: String
        /// 32 bytes: an Ed25519 seed, or the master that sealing keys are derived from.
        let secret: SecretBytes
        let createdAtMs: Int64
        var status: Status
        /// When it was put to use, where that was after it was made.
        var activatedAtMs: Int64?

        var usedFromMs: Int64 { activatedAtMs ?? createdAtMs }
    }

    /// How many keys of a kind a keyring may have. Past it the oldest retired one is dropped for a new one.
    static let keysMax = 64

    /// The name of this installation, a UUID: tokens are bound to it.
    public let installation: String
    /// The newest active signing key.
    public let signingKey: SigningKey
    /// The public halves of all active and staged signing keys.
    public var verificationKeys: [VerificationKey] { signingKeys.map(\.verificationKey) }
    let signingKeys: [SigningKey]

    let signing: [Entry]
    let sealing: [Entry]
    let sealingKey: SealingKey
    /// All that open: the active ones from the oldest to the newest, then those that are only staged.
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
        for entry in Self.usable(signing) { signingKeys.append(try SigningKey(seed: entry.secret)) }
        var sealingKeys: [SealingKey] = []
        for entry in Self.usable(sealing) { sealingKeys.append(try SealingKey(master: entry.secret)) }
        guard let signer = Self.current(signing), let sealer = Self.current(sealing),
            let signingKey = signingKeys.first(where: { $0.verificationKey.id.description == signer.id }),
            let sealingKey = sealingKeys.first(where: { $0.idText == sealer.id })
        else { throw .keyringDamaged("it has no active signing key or no active sealing key") }
        self.installation = installation
        self.signing = signing
        self.sealing = sealing
        self.signingKey = signingKey
        self.sealingKey = sealingKey
        self.sealingKeys = sealingKeys
        self.signingKeys = signingKeys
    }

    /// A keyring with new keys that is in no file: for tests, and for a daemon that is to forget everything.
    public static func generate(now: Int64 = Timestamp.now()) throws(SecurityError) -> Keyring {
        try Keyring(
            installation: Identifier.make(now: now), signing: [newEntry(.signing, now, .active)],
            sealing: [newEntry(.sealing, now, .active)])
    }

    func entries(_ kind: KeyKind) -> [Entry] { kind == .signing ? signing : sealing }

    /// The key of a kind that signs or seals.
    static func current(_ entries: [Entry]) -> Entry? { usable(entries).last { $0.status == .active } }

    /// What verifies or opens: the active ones, oldest first (of the same age, as the file has them), then the staged ones.
    private static func usable(_ entries: [Entry]) -> [Entry] {
        entries.enumerated().filter { $0.element.status != .retired }
            .sorted { left, right in
                let (a, b) = (left.element, right.element)
                guard a.status == b.status else { return a.status == .active }
                return (a.usedFromMs, left.offset) < (b.usedFromMs, right.offset)
            }
            .map(\.element)
    }

    static func newEntry(_ kind: KeyKind, _ now: Int64, _ status: Status) throws(SecurityError) -> Entry {
        let secret = SecretBytes.random(count: 32)
        let id =
            switch kind {
            case .signing: try SigningKey(seed: secret).verificationKey.id.description
            case .sealing: try SealingKey(master: secret).idText
            }
        return Entry(id: id, secret: secret, createdAtMs: now, status: status)
    }
}

extension TokenIssuer {
    /// An issuer that signs with the keyring's newest active key.
    public init(keyring: Keyring) { self.init(key: keyring.signingKey, installation: keyring.installation) }
}

extension TokenVerifier {
    /// A verifier that accepts the keyring's active and staged keys. `clock` is that of the verifier it takes the place of.
    public convenience init(keyring: Keyring, clock: TokenClock = TokenClock()) {
        self.init(
            keys: keyring.verificationKeys, signers: keyring.signingKeys, installation: keyring.installation, clock: clock)
    }
}
