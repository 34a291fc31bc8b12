import CSodium

/// Marks what the daemon gives to clients and takes back unread: list cursors, approval tickets.
///
/// Keyed BLAKE2b over `PAE([purpose, bytes])`, under a sub-key of the keyring's newest sealing key, so that a cursor is
/// not a ticket; a client that changes one is found out. What is marked stays readable.
public struct Authenticator: Sendable {
    /// Length of a tag.
    public static let tagBytes = 32

    private let key: SecretBytes

    public init(keyring: Keyring) { key = keyring.sealingKey.authenticationKey }

    /// The tag of `bytes` for `purpose`.
    public func tag(_ bytes: [UInt8], purpose: String) -> [UInt8] {
        let input = PAE.encode([Array(purpose.utf8), bytes])
        var tag = [UInt8](repeating: 0, count: Self.tagBytes)
        key.withBytes { key in
            _ = crypto_generichash(&tag, tag.count, input, UInt64(input.count), key, 32)
        }
        return tag
    }

    /// Whether `tag` is the one of `bytes` for `purpose`, in constant time.
    public func accepts(_ tag: [UInt8], of bytes: [UInt8], purpose: String) -> Bool {
        ConstantTime.equal(tag, self.tag(bytes, purpose: purpose))
    }
}
