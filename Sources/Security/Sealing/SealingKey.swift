import CSodium

/// A key that seals records, derived from a master in the keyring.
struct SealingKey: Sendable {
    static let idBytes = 8

    /// The name sealed records know this key by: the first 8 bytes of a hash of the master.
    let id: [UInt8]
    /// The 32 bytes for XChaCha20-Poly1305, derived with `crypto_kdf` (subkey 1, context `sealrow_`).
    let key: SecretBytes
    /// The 32 bytes for authenticating what clients hand back (subkey 2, context `handback`).
    let authenticationKey: SecretBytes

    var idText: String { Hexadecimal.text(id) }

    /// - Throws: `invalidKey` unless the master has 32 bytes.
    init(master: SecretBytes) throws(SecurityError) {
        try Self.check(master)
        key = Self.derive(1, "sealrow_", master)
        authenticationKey = Self.derive(2, "handback", master)
        id = Self.id(master)
    }

    /// The name of the key with this master, as text. - Throws: `invalidKey` unless the master has 32 bytes.
    static func idText(master: SecretBytes) throws(SecurityError) -> String {
        try check(master)
        return Hexadecimal.text(id(master))
    }

    private static func check(_ master: SecretBytes) throws(SecurityError) {
        guard master.count == Int(crypto_kdf_KEYBYTES) else {
            throw SecurityError(.invalidKey, "A sealing key has 32 bytes.")
        }
    }

    private static func id(_ master: SecretBytes) -> [UInt8] {
        let context = Array("dbassist sealing key id".utf8)
        var digest = [UInt8](repeating: 0, count: 32)
        master.withBytes { master in
            _ = crypto_generichash(&digest, digest.count, context, UInt64(context.count), master, 32)
        }
        return Array(digest.prefix(idBytes))
    }

    /// `context` has 8 characters (`crypto_kdf_CONTEXTBYTES`).
    private static func derive(_ number: UInt64, _ context: String, _ master: SecretBytes) -> SecretBytes {
        SecretBytes(
            count: 32,
            bytes: { target in
                master.withBytes { master in _ = crypto_kdf_derive_from_key(target, 32, number, context, master) }
            })
    }
}
