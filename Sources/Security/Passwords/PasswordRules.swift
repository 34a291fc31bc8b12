/// Why a password is not accepted for an account.
public enum PasswordProblem: Sendable, Equatable, CustomStringConvertible {
    case tooShort(bytesMin: Int)
    case tooLong(bytesMax: Int)
    /// It is one of the 3,000 most used passwords.
    case common
    /// It is the name of this product.
    case productName
    /// It is the account's own name or e-mail address.
    case ownName

    /// One sentence that says what to do.
    public var description: String {
        switch self {
        case .tooShort(let min): "The password must have at least \(min) bytes; a few unrelated words make a good one."
        case .tooLong(let max): "The password must have at most \(max) bytes."
        case .common: "This password is one of the most used ones and would be guessed first; choose another."
        case .productName: "The password must not be the name of this product."
        case .ownName: "The password must not be your own name or e-mail address."
        }
    }
}

/// Which passwords an account may have (NIST SP 800-63B, OWASP ASVS 5.0 section 6.2): long enough, and not one that
/// is guessed first.
///
/// Any characters, in any composition, NUL and white space too; nothing is trimmed or normalised.
public enum PasswordRules {
    /// The shortest password that can be configured, and the default.
    public static let passwordBytesMin = 8

    /// What is wrong with `password` for the account of `name` and `email`; `nil` if nothing is.
    ///
    /// Names and addresses are compared without regard to case and to digits or punctuation at the end, the address
    /// also by the part before the `@`.
    /// - Parameter bytesMin: a stricter minimum; never below ``passwordBytesMin``.
    public static func check(
        _ password: String, name: String, email: String, bytesMin: Int = passwordBytesMin
    ) -> PasswordProblem? {
        let bytesMin = max(bytesMin, passwordBytesMin)
        guard password.utf8.count >= bytesMin else { return .tooShort(bytesMin: bytesMin) }
        guard password.utf8.count <= PasswordHasher.passwordBytesMax else {
            return .tooLong(bytesMax: PasswordHasher.passwordBytesMax)
        }
        let lowered = password.lowercased()
        if CommonPasswords.contains(lowered) { return .common }
        let whole = words(lowered)
        let base = words(withoutSuffix(lowered))
        for product in ["dbassist", "dbassistd", "databaseassistant"] where whole == product || base == product {
            return .productName
        }
        let local = email.prefix { $0 != "@" }
        for own in [name, email, String(local)] {
            let own = own.lowercased()
            guard !own.isEmpty else { continue }
            let ownWords = words(own)
            // A name of digits or punctuation only has no words left to compare.
            if lowered == own || (!ownWords.isEmpty && (whole == ownWords || base == ownWords)) { return .ownName }
            if !base.isEmpty, base == words(withoutSuffix(own)) { return .ownName }
        }
        return nil
    }

    /// Without the digits and punctuation at the end, which are what people add to a refused password.
    private static func withoutSuffix(_ text: String) -> String {
        var text = text[...]
        while let last = text.last, !last.isLetter { text.removeLast() }
        return String(text)
    }

    /// Letters and digits only: `Ada Lovelace`, `ada.lovelace` and `ada_lovelace` are one.
    private static func words(_ text: String) -> String { String(text.filter { $0.isLetter || $0.isNumber }) }
}
