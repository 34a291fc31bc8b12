import CSodium

/// A secret key for PASETO v4.public, and nothing else: Ed25519, made from a 32-byte seed.
public struct SigningKey: Sendable {
    /// The 64 bytes libsodium signs with: seed and public key.
    let secret: SecretBytes
    /// The public half.
    public let verificationKey: VerificationKey

    /// The key of a seed. - Throws: `invalidKey` unless it has 32 bytes.
    public init(seed: SecretBytes) throws(SecurityError) {
        guard seed.count == Int(crypto_sign_ed25519_SEEDBYTES) else {
            throw SecurityError(.invalidKey, "A signing key's seed has 32 bytes.")
        }
        var publicKey = [UInt8](repeating: 0, count: VerificationKey.byteCount)
        secret = SecretBytes(
            count: Int(crypto_sign_ed25519_SECRETKEYBYTES),
            bytes: { target in
                seed.withBytes { seed in _ = crypto_sign_ed25519_seed_keypair(&publicKey, target, seed) }
            })
        verificationKey = try VerificationKey(bytes: publicKey)
    }

    /// The 64-byte detached signature of `message`.
    func sign(_ message: [UInt8]) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: PASETO.signatureBytes)
        secret.withBytes { key in
            _ = crypto_sign_ed25519_detached(&signature, nil, message, UInt64(message.count), key)
        }
        return signature
    }
}

/// A public key for PASETO v4.public, and nothing else.
public struct VerificationKey: Sendable, Equatable {
    static let byteCount = 32

    let bytes: [UInt8]
    /// The name tokens know this key by.
    public let id: KeyID

    /// - Throws: `invalidKey` unless there are 32 bytes.
    public init(bytes: [UInt8]) throws(SecurityError) {
        guard bytes.count == Self.byteCount else { throw SecurityError(.invalidKey, "A verification key has 32 bytes.") }
        self.bytes = bytes
        id = KeyID(publicKey: bytes)
    }

    /// Whether `signature` is this key's over `message`. libsodium refuses malleable and small-order ones.
    func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        signature.count == PASETO.signatureBytes
            && crypto_sign_ed25519_verify_detached(signature, message, UInt64(message.count), bytes) == 0
    }
}

/// The name of a verification key: PASERK `k4.pid` (paserk `operations/ID.md`).
public struct KeyID: Sendable, Hashable, CustomStringConvertible {
    /// `k4.pid.` and 44 characters of base64url.
    public let description: String

    /// BLAKE2b-264 over `k4.pid.` and the key's own PASERK text.
    init(publicKey: [UInt8]) {
        Sodium.require()
        let input = Array("k4.pid.k4.public.\(Base64URL.encode(publicKey))".utf8)
        var digest = [UInt8](repeating: 0, count: 33)
        crypto_generichash(&digest, digest.count, input, UInt64(input.count), nil, 0)
        description = "k4.pid.\(Base64URL.encode(digest))"
    }
}
