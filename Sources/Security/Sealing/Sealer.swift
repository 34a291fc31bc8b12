import CSodium

/// Seals secrets for storage, each bound to the place it is stored in.
///
/// XChaCha20-Poly1305 under the keyring's newest active sealing key, with a random nonce. A record is
///
///     version (1) ‖ key id (8) ‖ nonce (24) ‖ ciphertext ‖ tag (16)
///
/// and its associated data is `PAE([purpose, user, row, key id])`: copied to another column, user or row it does not open.
public struct Sealer: Sendable {
    private static let version: UInt8 = 1
    private static let nonceBytes = Int(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
    private static let tagBytes = Int(crypto_aead_xchacha20poly1305_ietf_ABYTES)
    private static let headerBytes = 1 + SealingKey.idBytes + nonceBytes
    /// How much longer a record is than what is sealed in it.
    public static let overheadBytes = headerBytes + tagBytes

    private let current: SealingKey
    private let keys: [[UInt8]: SealingKey]
    /// The ids of the keys before the current one.
    public let olderKeyIDs: [[UInt8]]

    public init(keyring: Keyring) {
        current = keyring.sealingKey
        keys = Dictionary(keyring.sealingKeys.map { ($0.id, $0) }) { first, _ in first }
        olderKeyIDs = keyring.sealingKeys.map(\.id).prefix { [current = keyring.sealingKey.id] in $0 != current }.map(\.self)
    }

    /// Seals `plaintext` for one place.
    /// - Parameters:
    ///   - purpose: which kind of secret, with a version of its own: `connstr.v1`.
    ///   - user: the id of the user it belongs to.
    ///   - row: the id of the row it is stored in.
    public func seal(_ plaintext: [UInt8], purpose: String, user: String, row: String) -> [UInt8] {
        let nonce = SecureRandom.bytes(Self.nonceBytes)
        let associated = Self.associated(purpose, user, row, current.id)
        var sealed = [UInt8](repeating: 0, count: plaintext.count + Self.tagBytes)
        current.key.withBytes { key in
            _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                &sealed, nil, plaintext, UInt64(plaintext.count), associated, UInt64(associated.count), nil, nonce, key)
        }
        return [Self.version] + current.id + nonce + sealed
    }

    /// What was sealed for exactly this place.
    /// - Throws: `unsealFailed`, the same whatever is wrong; the cause is in `debugDescription`.
    public func open(_ sealed: [UInt8], purpose: String, user: String, row: String) throws(SecurityError) -> [UInt8] {
        guard sealed.count >= Self.overheadBytes else { throw .unsealFailed("too short") }
        guard sealed[0] == Self.version else { throw .unsealFailed("unknown version \(sealed[0])") }
        let id = Array(sealed[1..<(1 + SealingKey.idBytes)])
        guard let sealingKey = keys[id] else { throw .unsealFailed("no such sealing key") }
        let nonce = Array(sealed[(1 + SealingKey.idBytes)..<Self.headerBytes])
        let ciphertext = Array(sealed[Self.headerBytes...])
        let associated = Self.associated(purpose, user, row, id)
        var plaintext = [UInt8](repeating: 0, count: ciphertext.count - Self.tagBytes)
        let opened = sealingKey.key.withBytes { key in
            crypto_aead_xchacha20poly1305_ietf_decrypt(
                &plaintext, nil, nil, ciphertext, UInt64(ciphertext.count), associated, UInt64(associated.count), nonce, key)
        }
        guard opened == 0 else { throw .unsealFailed("it was changed, or belongs to another place") }
        return plaintext
    }

    /// The id of the key that seals.
    public var keyID: [UInt8] { current.id }

    /// Whether a record should be sealed again: it is under an older key. One under a newer key, which another daemon uses already, or
    /// under none that we have, is not ours to touch.
    public func needsReseal(_ sealed: [UInt8]) -> Bool {
        guard sealed.count >= Self.overheadBytes else { return false }
        return olderKeyIDs.contains { sealed[1..<(1 + SealingKey.idBytes)].elementsEqual($0) }
    }

    private static func associated(_ purpose: String, _ user: String, _ row: String, _ id: [UInt8]) -> [UInt8] {
        PAE.encode([Array(purpose.utf8), Array(user.utf8), Array(row.utf8), id])
    }
}
