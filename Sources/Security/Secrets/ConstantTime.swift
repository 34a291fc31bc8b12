import CSodium

/// Comparisons whose time says nothing about where two values differ.
public enum ConstantTime {
    /// Whether two byte strings are equal. The lengths are not secret.
    public static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && sodium_memcmp(left, right, left.count) == 0
    }
}
