/// Finds what a careless reader could take for the tag of a ``Boundary``.
enum TagLookalike {
    /// How many characters are looked at after a `<`; more blanks than that make no tag.
    private static let reach = 96

    private static let spellings: [[Unicode.Scalar]] = [
        "&lt;", "&lt", "&#60;", "&#60", "&#x3c;", "&#x3c", "\\u003c", "\\x3c", "%3c",
    ].map { Array($0.lowercased().unicodeScalars) }

    /// How many scalars a `<` takes that begins at `index`, in whatever spelling; nil if none begins there.
    static func opening(_ scalars: [Unicode.Scalar], at index: Int) -> Int? {
        switch scalars[index] {
        case "<", "\u{FF1C}", "\u{FE64}", "\u{2039}", "\u{27E8}", "\u{3008}", "\u{2329}": return 1
        case "&", "\\", "%": break
        default: return nil
        }
        if let zeros = leadingZeros(scalars, at: index) { return zeros }
        return spellings.first { spelling in
            index + spelling.count <= scalars.count
                && spelling.indices.allSatisfy { lowered(scalars[index + $0]) == spelling[$0] }
        }?.count
    }

    /// `&#0060;` and `&#x003C;`, with zeros in front as HTML allows.
    private static func leadingZeros(_ scalars: [Unicode.Scalar], at index: Int) -> Int? {
        var end = index
        func take(_ wanted: Unicode.Scalar) -> Bool {
            guard end < scalars.count, lowered(scalars[end]) == wanted else { return false }
            end += 1
            return true
        }
        guard take("&"), take("#") else { return nil }
        let isHexadecimal = take("x")
        while end - index < reach, take("0") {}
        guard isHexadecimal ? take("3") && take("c") : take("6") && take("0") else { return nil }
        _ = take(";")
        return end - index
    }

    /// Whether `data` with a dash, or `untrusted`, follows, whatever is hidden or blank in between.
    static func isTag(_ scalars: [Unicode.Scalar], from start: Int) -> Bool {
        var letters: [Unicode.Scalar] = []
        var index = start
        let end = min(scalars.count, start + reach)
        while index < end, letters.count < 9 {
            let (scalar, length) = decoded(scalars, at: index)
            index += length
            if HiddenScalars.classify(scalar, keepsJoiners: false) != .plain || scalar.properties.isWhitespace
                || scalar.properties.canonicalCombiningClass != .notReordered
                || scalar.properties.generalCategory == .nonspacingMark
                || 0xFE00...0xFE0F ~= scalar.value
            {
                continue
            }
            // A slash, a backslash or punctuation before the name; in it only letters and its dash.
            let folded = lowered(scalar)
            if letters.isEmpty, !("a"..."z" ~= folded) {
                if isSlash(folded) { continue }
                return false
            }
            letters.append(isDash(folded) ? "-" : folded)
        }
        return letters.starts(with: Array("data-".unicodeScalars)) || letters.starts(with: Array("untrusted".unicodeScalars))
    }

    private static func isSlash(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "/", "\\", "\u{2044}", "\u{2215}", "\u{29F8}", "<", "!", "?", "|": true
        default: false
        }
    }

    private static func isDash(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "-", "_", "\u{2010}"..."\u{2015}", "\u{2212}", "\u{FE58}", "\u{FE63}", ":": true
        default: false
        }
    }

    /// The character at `index`, an entity by number or an escape of JSON as what it stands for.
    private static func decoded(_ scalars: [Unicode.Scalar], at index: Int) -> (Unicode.Scalar, Int) {
        let scalar = scalars[index]
        var end = index + 1
        var radix: UInt32 = 16
        if scalar == "&", end < scalars.count, scalars[end] == "#" {
            end += 1
            radix = end < scalars.count && lowered(scalars[end]) == "x" ? 16 : 10
            if radix == 16 { end += 1 }
        } else if scalar == "\\", end < scalars.count, lowered(scalars[end]) == "u" || lowered(scalars[end]) == "x" {
            end += 1
        } else if scalar != "%" {
            return (scalar, 1)
        }
        let digitsMax = scalar == "&" ? 8 : scalar == "%" ? 2 : lowered(scalars[index + 1]) == "x" ? 2 : 4
        let first = end
        var value: UInt32 = 0
        while end < scalars.count, end - first < digitsMax, let digit = Character(scalars[end]).hexDigitValue, digit < Int(radix)
        {
            value = value * radix + UInt32(digit)
            end += 1
        }
        guard end > first, let meant = Unicode.Scalar(value) else { return (scalar, 1) }
        if scalar == "&", end < scalars.count, scalars[end] == ";" { end += 1 }
        return (meant, end - index)
    }

    /// In lower case, full width as ASCII.
    static func lowered(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        var value = scalar.value
        if 0xFF01...0xFF5E ~= value { value -= 0xFEE0 }
        if 0x41...0x5A ~= value { value |= 0x20 }
        return Unicode.Scalar(value) ?? scalar
    }
}
