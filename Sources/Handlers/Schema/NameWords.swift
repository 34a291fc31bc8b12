/// A name taken apart: `orderTotal`, `order_total` and `ORDER-TOTAL` are the words `order` and `total`.
struct NameWords {
    /// In lower case.
    let words: [String]
    /// The words, run together.
    let joined: String

    init(_ name: String) {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        var wasLower = false
        func end() {
            if !word.isEmpty { words.append(String(word).lowercased()) }
            word = .init()
        }
        for scalar in name.unicodeScalars {
            let properties = scalar.properties
            guard properties.isAlphabetic || properties.numericType != nil || properties.canonicalCombiningClass != .notReordered
            else {
                end()
                wasLower = false
                continue
            }
            if properties.isUppercase, wasLower { end() }
            word.append(scalar)
            wasLower = properties.isLowercase
        }
        end()
        self.words = words
        joined = words.joined()
    }

    /// Whether a word is one of these, or the beginning of one.
    func hasWord(_ wanted: String) -> Bool { words.contains { $0.hasPrefix(wanted) } }
}

/// Looks for a word in texts, fast: most of a catalogue has nothing of what is looked for.
struct WordFinder {
    /// In lower case, letters and digits only.
    let word: String
    private let bytes: [UInt8]
    private let isASCII: Bool

    init(_ word: String) {
        self.word = word
        bytes = Array(word.utf8)
        isASCII = bytes.allSatisfy { $0 < 0x80 }
    }

    /// Whether the text has the word somewhere, in any case and whatever stands between its letters.
    func isIn(_ text: String) -> Bool {
        guard text.utf8.count >= bytes.count else { return false }
        var text = text
        let isPlain = text.withUTF8 { utf8 in utf8.allSatisfy { $0 < 0x80 } }
        if !isPlain { text = NameWords(text).joined } else if !isASCII { return false }
        return text.withUTF8 { utf8 in
            for start in 0..<utf8.count where Self.folded(utf8[start]) == bytes[0] {
                if matches(utf8, from: start) { return true }
            }
            return false
        }
    }

    private func matches(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Bool {
        var matched = 0
        for index in start..<text.count {
            let byte = Self.folded(text[index])
            if byte == bytes[matched] {
                matched += 1
                if matched == bytes.count { return true }
            } else if Self.isLetter(byte) {
                return false
            }
        }
        return false
    }

    private static func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte >= 0x80
    }
}
