/// A pattern for names: `*` is any text, `?` one character, in any case. With a dot, what is before it is for the schema.
struct NamePattern {
    private let name: [Unicode.Scalar]
    private let schema: [Unicode.Scalar]?
    /// All of it, for names that have a dot themselves.
    private let whole: [Unicode.Scalar]

    init(_ pattern: String) {
        let folded = pattern.lowercased()
        whole = Array(folded.unicodeScalars)
        let parts = folded.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        schema = parts.count == 2 ? Array(parts[0].unicodeScalars) : nil
        name = Array(parts.last.map { $0.unicodeScalars } ?? folded[...].unicodeScalars)
    }

    func matches(schema: String, name: String) -> Bool {
        let text = Array(name.lowercased().unicodeScalars)
        guard let pattern = self.schema else { return Self.matches(whole, text) }
        if Self.matches(self.name, text), Self.matches(pattern, Array(schema.lowercased().unicodeScalars)) { return true }
        return Self.matches(whole, text)
    }

    /// Goes back only to the last `*`: at most the product of both lengths in steps, whatever the pattern.
    private static func matches(_ pattern: [Unicode.Scalar], _ text: [Unicode.Scalar]) -> Bool {
        var (at, place) = (0, 0)
        var star: (at: Int, place: Int)?
        while place < text.count {
            if at < pattern.count, pattern[at] == "*" {
                star = (at, place)
                at += 1
            } else if at < pattern.count, pattern[at] == "?" || pattern[at] == text[place] {
                at += 1
                place += 1
            } else if let last = star {
                star = (last.at, last.place + 1)
                at = last.at + 1
                place = last.place + 1
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == "*" }
    }
}
