/// Finds what may be names in a text of words: runs of letters, digits, `_`, `$` and points, and whatever stands in quotes.
enum SpeltNames {
    private static let quotedMax = 128
    private static let namesMax = 200

    /// What closes a quote that opens with this; nil for what opens none.
    private static func closing(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar {
        case "\"", "`", "'": scalar
        case "[": "]"
        case "\u{201C}": "\u{201D}"
        case "\u{201E}": "\u{201C}"
        case "\u{2018}": "\u{2019}"
        case "\u{00AB}": "\u{00BB}"
        default: nil
        }
    }

    /// All names of a text, however long it is, those inside of quotes too.
    static func all(of text: String) -> [String] {
        var names: [String] = []
        var name = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isPart(scalar) {
                name.append(scalar)
            } else if !name.isEmpty {
                names.append(String(name))
                name = .init()
            }
        }
        if !name.isEmpty { names.append(String(name)) }
        return names + find(text, namesMax: .max).filter(\.isQuoted).map(\.text)
    }

    static func of(_ text: String) -> [(text: String, isQuoted: Bool)] { find(text, namesMax: namesMax) }

    private static func find(_ text: String, namesMax: Int) -> [(text: String, isQuoted: Bool)] {
        let scalars = Array(text.unicodeScalars)
        var names: [(text: String, isQuoted: Bool)] = []
        var index = 0
        while index < scalars.count, names.count < namesMax {
            let scalar = scalars[index]
            if let close = closing(scalar), let end = end(scalars, from: index, close: close) {
                names.append((String(String.UnicodeScalarView(scalars[(index + 1)..<end])), true))
                index = end + 1
            } else if isPart(scalar) {
                let start = index
                // A quote inside a qualified name belongs to it: public."Order".
                while index < scalars.count, isPart(scalars[index]) || scalars[index] == "." { index += 1 }
                var end = index
                while end > start, scalars[end - 1] == "." { end -= 1 }
                let isQualifier = index > end && index < scalars.count && (scalars[index] == "\"" || scalars[index] == "`")
                if isQualifier, let close = self.end(scalars, from: index, close: scalars[index]) {
                    names.append((String(String.UnicodeScalarView(scalars[start...close])), true))
                    index = close + 1
                } else {
                    names.append((String(String.UnicodeScalarView(scalars[start..<end])), false))
                }
            } else {
                index += 1
            }
        }
        return names
    }

    /// Where the quote that opens at `start` closes; nil for one that is an apostrophe or closes too far away.
    private static func end(_ scalars: [Unicode.Scalar], from start: Int, close: Unicode.Scalar) -> Int? {
        if start > 0, close == "'" || close == "\u{2019}", isPart(scalars[start - 1]) { return nil }
        var index = start + 1
        while index < scalars.count, index - start <= quotedMax {
            if scalars[index] == close {
                let isInside = close == "'" && index + 1 < scalars.count && isPart(scalars[index + 1])
                if !isInside { return index > start + 1 ? index : nil }
            }
            index += 1
        }
        return nil
    }

    static func isPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x24: true
        case 0..<0x80: false
        default:
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || scalar.properties.canonicalCombiningClass != .notReordered
        }
    }
}
