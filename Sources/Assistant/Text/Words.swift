/// Cuts names and sentences into words that can be compared.
enum Words {
    private enum Kind { case lower, upper, digit, ideograph, other }

    /// `orderTotal`, `order_total`, `ORDER-TOTAL` are the words `order` and `total`; `HTTPStatus2` is `http`, `status`, `2`. Letters
    /// are folded to lower case without accents. Chinese, Japanese and Korean are cut into pairs of characters.
    static func of(_ text: String) -> [String] {
        let scalars = Array(text.unicodeScalars)
        var words: [String] = []
        var start = 0
        var previous = Kind.other
        func end(_ index: Int) {
            guard start < index else { return }
            if previous == .ideograph {
                pairs(scalars[start..<index], &words)
            } else {
                words.append(folded(scalars[start..<index]))
            }
        }
        for (index, scalar) in scalars.enumerated() {
            // A combining mark belongs to its letter.
            if 0x300...0x36F ~= scalar.value, previous != .other { continue }
            let kind = kind(scalar)
            var isBreak = kind != previous && !(previous == .upper && kind == .lower)
            if previous == .upper, kind == .lower, index - start > 1 {
                // The last capital of several begins the next word.
                end(index - 1)
                start = index - 1
            }
            if kind == .other { isBreak = true }
            if isBreak {
                end(index)
                start = kind == .other ? index + 1 : index
            }
            previous = kind
        }
        end(scalars.count)
        return words
    }

    private static func kind(_ scalar: Unicode.Scalar) -> Kind {
        switch scalar.value {
        case 0x61...0x7A: return .lower
        case 0x41...0x5A: return .upper
        case 0x30...0x39: return .digit
        case 0..<0x80: return .other
        case 0x2E80...0x2FDF, 0x3040...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF,
            0x20000...0x3FFFF:
            return .ideograph
        default:
            let properties = scalar.properties
            if properties.isUppercase { return .upper }
            if properties.isAlphabetic || 0x300...0x36F ~= scalar.value { return .lower }
            return properties.numericType != nil ? .digit : .other
        }
    }

    private static func pairs(_ scalars: ArraySlice<Unicode.Scalar>, _ words: inout [String]) {
        var view = String.UnicodeScalarView()
        if scalars.count == 1 { view.append(contentsOf: scalars) }
        for index in scalars.indices.dropLast() {
            view = String.UnicodeScalarView([scalars[index], scalars[index + 1]])
            words.append(String(view))
        }
        if scalars.count == 1 { words.append(String(view)) }
    }

    // MARK: Folding

    /// Lower case, without the accents of Latin letters.
    static func folded(_ text: some Sequence<Unicode.Scalar>) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text {
            let value = scalar.value
            switch value {
            case 0x41...0x5A: out.append(Unicode.Scalar(UInt8(value | 0x20)))
            case 0..<0x80: out.append(scalar)
            case 0x300...0x36F: continue
            default:
                for lower in scalar.properties.lowercaseMapping.unicodeScalars where !(0x300...0x36F ~= lower.value) {
                    if let plain = withoutAccent[lower.value] {
                        out.append(contentsOf: plain.unicodeScalars)
                    } else {
                        out.append(lower)
                    }
                }
            }
        }
        return String(out)
    }

    static func folded(_ text: String) -> String { folded(text.unicodeScalars) }

    private static let withoutAccent: [UInt32: String] = {
        let groups: [(String, String)] = [
            ("a", "àáâãåāăą"), ("ae", "äæ"), ("c", "çćĉċč"), ("d", "ďđð"), ("e", "èéêëēĕėęě"), ("g", "ĝğġģ"), ("h", "ĥħ"),
            ("i", "ìíîïĩīĭįı"), ("j", "ĵ"), ("k", "ķ"), ("l", "ĺļľŀł"), ("n", "ñńņňŉ"), ("o", "òóôõøōŏő"), ("oe", "öœ"),
            ("r", "ŕŗř"), ("s", "śŝşšș"), ("ss", "ß"), ("t", "ţťŧț"), ("th", "þ"), ("u", "ùúûũūŭůűų"), ("ue", "ü"), ("w", "ŵ"),
            ("y", "ýÿŷ"), ("z", "źżž"),
        ]
        var table: [UInt32: String] = [:]
        for (plain, letters) in groups {
            for scalar in letters.unicodeScalars { table[scalar.value] = plain }
        }
        return table
    }()

    // MARK: Stems

    /// A folded word without its plural: `categories` and `category`, `boxes` and `box`, `orders` and `order` are the same.
    static func stem(_ word: String) -> String {
        let bytes = word.utf8
        guard bytes.count > 3, bytes.last == UInt8(ascii: "s") else { return word }
        if word.hasSuffix("ies"), bytes.count > 4 { return word.dropLast(3) + "y" }
        for ending in ["sses", "xes", "ches", "shes", "zes"] where word.hasSuffix(ending) { return String(word.dropLast(2)) }
        if word.hasSuffix("ss") || word.hasSuffix("us") || word.hasSuffix("is") { return word }
        return String(word.dropLast())
    }

    /// The stems of a text's words, in their order.
    static func stems(_ text: String) -> [String] { of(text).map(stem) }
}
