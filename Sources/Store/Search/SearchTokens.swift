internal import Databases

/// What a query has in the index of texts, as numbers. They are kept, so a version that counts otherwise must fill the index anew.
enum SearchTokens {
    /// A document with more is a candidate for every search of its user.
    static let documentMax = 4_096
    /// Of a long search text so many groups of three are asked for; the rest is looked at in the rows.
    static let searchMax = 12

    private enum Kind: UInt8 {
        case project, status, mode, source, text, error, long
    }

    static func of(_ document: SearchDocument) -> [Int32] {
        let user = Hash(document.userID)
        var tokens: Set<Int32> = [
            user.token(.project, document.projectID), user.token(.status, document.status.rawValue),
            user.token(.mode, document.mode.rawValue), user.token(.source, document.source.rawValue),
        ]
        let others = tokens
        for (kind, text) in [(Kind.text, document.text), (.error, document.error)] {
            var (first, second): (Unicode.Scalar?, Unicode.Scalar?)
            let isShort = text.utf8.count <= SearchDocument.textBytesMax
            // As the rows are looked at: a text is folded as it is kept, and of what is left both engines' `lower` changes ASCII.
            for scalar in isShort ? Folding.foldedASCII(text).unicodeScalars : String.UnicodeScalarView() {
                if let first, let second { tokens.insert(user.token(kind, first, second, scalar)) }
                (first, second) = (second, scalar)
            }
            guard isShort, tokens.count <= documentMax else {
                return others.union([user.token(.long, "")]).sorted()
            }
        }
        return tokens.sorted()
    }

    /// Those that what is found has, and those that what is too long to be told has; nil where no text has three characters.
    static func of(_ terms: SearchTerms) -> (tokens: [Int32], long: [Int32])? {
        let user = Hash(terms.userID)
        var others: Set<Int32> = []
        if let projectID = terms.projectID { others.insert(user.token(.project, projectID)) }
        if let status = terms.status { others.insert(user.token(.status, status.rawValue)) }
        if let mode = terms.mode { others.insert(user.token(.mode, mode.rawValue)) }
        if let source = terms.source { others.insert(user.token(.source, source.rawValue)) }
        var texts: Set<Int32> = []
        for (kind, text) in [(Kind.text, terms.text), (.error, terms.error)] {
            let scalars = Array(Folding.foldedASCII(text).unicodeScalars)
            for start in TextGroups.starts(count: scalars.count, max: searchMax) {
                texts.insert(user.token(kind, scalars[start], scalars[start + 1], scalars[start + 2]))
            }
        }
        guard !texts.isEmpty else { return nil }
        return (others.union(texts).sorted(), others.union([user.token(.long, "")]).sorted())
    }

    /// FNV-1a of 64 bits, folded to 32. http://www.isthe.com/chongo/tech/comp/fnv/
    private struct Hash {
        private var value: UInt64 = 0xCBF2_9CE4_8422_2325

        init(_ userID: String) { add(userID) }

        private mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        private mutating func add(_ text: String) { for byte in text.utf8 { add(byte) } }
        private var folded: Int32 { Int32(truncatingIfNeeded: value ^ value >> 32) }

        func token(_ kind: Kind, _ word: String) -> Int32 {
            var hash = self
            hash.add(kind.rawValue)
            hash.add(word)
            return hash.folded
        }

        func token(_ kind: Kind, _ first: Unicode.Scalar, _ second: Unicode.Scalar, _ third: Unicode.Scalar) -> Int32 {
            var hash = self
            hash.add(kind.rawValue)
            for scalar in [first, second, third] {
                // As PostgreSQL keeps NUL, so that it is found as well.
                let value = scalar.value == 0 ? 0xFFFD : scalar.value
                for shift in [0, 8, 16] as [UInt32] { hash.add(UInt8(truncatingIfNeeded: value >> shift)) }
            }
            return hash.folded
        }
    }
}

/// Groups of three characters of a search text.
enum TextGroups {
    /// Where at most `max` groups begin, spread over a text of `count` characters.
    static func starts(count: Int, max: Int) -> [Int] {
        let groups = count - 2
        guard groups > 0 else { return [] }
        return groups <= max ? Array(0..<groups) : (0..<max).map { $0 * (groups - 1) / (max - 1) }
    }
}
