/// The 3,000 most used passwords of at least 8 bytes, in lower case (ASVS 5.0, 6.2.4).
enum CommonPasswords {
    /// Made on first use, about a millisecond; the daemon's start does not pay for it.
    private static let words: Set<String> = list.withUTF8Buffer { text in
        Set(text.split { $0 <= UInt8(ascii: " ") }.map { String(decoding: $0, as: UTF8.self) })
    }

    static var count: Int { words.count }

    static func contains(_ lowered: String) -> Bool { words.contains(lowered) }
}
