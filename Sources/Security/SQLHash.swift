internal import CSodium

/// BLAKE2b-256 of a statement's bytes, to name it without showing it.
public enum SQLHash {
    private static let bytes = 32

    /// 64 hexadecimal digits.
    public static func hexadecimal(_ sql: String) -> String {
        var hash = [UInt8](repeating: 0, count: bytes)
        let text = Array(sql.utf8)
        crypto_generichash(&hash, hash.count, text, UInt64(text.count), nil, 0)
        return Hexadecimal.text(hash)
    }
}
