import Security

/// Takes out of a text what a stranger who helps need not know: secrets, e-mail addresses, and whose home directory it is.
struct Anonymizer {
    private let redactor: Redactor
    private let home: String?

    init(secrets: [String], home: String?) {
        redactor = Redactor(secrets: secrets)
        self.home = home.flatMap { $0.utf8.count > 1 && $0.hasPrefix("/") ? $0 : nil }
    }

    func clean(_ text: String) -> String {
        var text = redactor.redact(text)
        if let home { text = Self.replacing(home, in: text, with: "~") }
        return Self.withoutAddresses(text)
    }

    /// Where `path` is a whole part of a path.
    private static func replacing(_ path: String, in text: String, with mark: String) -> String {
        var result = ""
        var rest = text[...]
        while let range = rest.firstRange(of: path) {
            let next = rest[range.upperBound...].first
            result += rest[..<range.lowerBound]
            result += next.map { $0.isLetter || $0.isNumber || "-_.".contains($0) } == true ? path : mark
            rest = rest[range.upperBound...]
        }
        return result + rest
    }

    /// `ada@example.com` becomes `***@***`: letters, digits and a few signs on both sides of an @, and a dot on the right.
    private static func withoutAddresses(_ text: String) -> String {
        guard text.contains("@") else { return text }
        func isPart(_ character: Character) -> Bool { character.isLetter || character.isNumber || ".-_+".contains(character) }
        var result = ""
        var rest = text[...]
        while let at = rest.firstIndex(of: "@") {
            let left = rest[..<at].reversed().prefix(while: isPart).count
            let right = rest[rest.index(after: at)...].prefix(while: isPart)
            let isAddress = left > 0 && right.dropLast().contains(".")
            result += rest[..<at].dropLast(isAddress ? left : 0)
            result += isAddress ? "\(Redactor.mark)@\(Redactor.mark)" : "@\(right)"
            rest = rest[right.endIndex...]
        }
        return result + rest
    }
}
