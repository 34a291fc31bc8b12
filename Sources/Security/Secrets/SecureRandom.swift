import CSodium

/// Random bytes from the system's generator (`getrandom`), through libsodium.
public enum SecureRandom {
    /// `count` unpredictable bytes.
    public static func bytes(_ count: Int) -> [UInt8] {
        Sodium.require()
        var bytes = [UInt8](repeating: 0, count: count)
        randombytes_buf(&bytes, count)
        return bytes
    }

    /// An unpredictable name of `count` random bytes in base64url: for boundaries, cursors, challenges. 16 bytes are 128 bits.
    public static func text(bytes count: Int = 16) -> String { Base64URL.encode(bytes(count)) }

    static func word() -> UInt64 {
        Sodium.require()
        var word: UInt64 = 0
        randombytes_buf(&word, MemoryLayout<UInt64>.size)
        return word
    }
}
