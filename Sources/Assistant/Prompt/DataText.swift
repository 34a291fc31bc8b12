/// Text of a database made fit for a prompt: what a reader could not see is shown, and what looks like a boundary is none.
public enum DataText {
    /// The same text with
    /// - control characters, but for line feeds and tabs, as their pictures (`␛`),
    /// - runs of hidden characters (zero width, direction marks, tags) as `[hidden U+200B]` with how many there were,
    /// - the `<` of anything like `<data-`, `</data-` or `<untrusted` as `‹`: in any case, with blanks, hidden characters or
    ///   combining marks between, in full width, or written as an entity, an escape of JSON or in percent.
    ///
    /// Takes time in proportion to the text.
    public static func neutralised(_ text: String) -> String {
        var text = text
        let isPlain = text.withUTF8 { utf8 in
            utf8.allSatisfy { (0x20..<0x7F ~= $0 || $0 == 0x0A || $0 == 0x09) && !Self.mayOpen($0) }
        }
        if isPlain { return text }
        let scalars = Array(text.unicodeScalars)
        var out = String.UnicodeScalarView()
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            if let opening = TagLookalike.opening(scalars, at: index), TagLookalike.isTag(scalars, from: index + opening) {
                out.append("\u{2039}")
                index += opening
                continue
            }
            switch HiddenScalars.classify(scalar, keepsJoiners: false) {
            case .plain: out.append(scalar)
            case .control: out.append(HiddenScalars.picture(scalar))
            case .hidden:
                let start = index
                while index + 1 < scalars.count, HiddenScalars.classify(scalars[index + 1], keepsJoiners: false) == .hidden {
                    index += 1
                }
                out.append(contentsOf: marker(scalar, count: index - start + 1).unicodeScalars)
            }
            index += 1
        }
        return String(out)
    }

    /// Whether a byte of ASCII may begin a `<` in one of its spellings.
    private static func mayOpen(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "<") || byte == UInt8(ascii: "&") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "%")
    }

    private static func marker(_ scalar: Unicode.Scalar, count: Int) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return "[hidden U+\(padded)\(count > 1 ? " and \(count - 1) more" : "")]"
    }
}
