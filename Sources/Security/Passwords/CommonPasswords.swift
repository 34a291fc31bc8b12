/// The list of `common-passwords.txt`: the 3,000 most used passwords of at least 8 bytes, in lower case (ASVS 5.0, 6.2.4).
enum CommonPasswords {
    /// Made on first use, about a millisecond; the daemon's start does not pay for it.
    private static let words: Set<String> = {
        let lines = PackageResources.common_passwords_txt.split(separator: UInt8(ascii: "\n"))
        return Set(lines.map { String(decoding: $0, as: UTF8.self) })
    }()

    static var count: Int { words.count }

    static func contains(_ lowered: String) -> Bool { words.contains(lowered) }
}
