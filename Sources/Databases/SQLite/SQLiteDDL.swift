/// What SQLite's own pragmas do not tell of a table or index, read from the text that made it, which SQLite has already found to
/// be correct.
struct SQLiteDDL {
    private enum Kind { case word, quoted, open, close, comma, other }

    private struct Token {
        var kind: Kind
        var range: Range<Int>
        /// How many parentheses are open around it.
        var depth: Int
    }

    private let bytes: [UInt8]
    private var tokens: [Token] = []

    init(_ sql: String) {
        bytes = Array(sql.utf8)
        scan()
    }

    /// The table's check constraints, in order.
    var checks: [CatalogueCheck] {
        var found: [CatalogueCheck] = []
        for (index, token) in tokens.enumerated() where token.depth == 1 && isWord("CHECK", index) {
            guard let open = tokens[safe: index + 1], open.kind == .open,
                let close = tokens[(index + 2)...].first(where: { $0.kind == .close && $0.depth == 1 })
            else { continue }
            let name = isWord("CONSTRAINT", index - 2) ? unquoted(tokens[index - 1].range) : nil
            found.append(CatalogueCheck(name: name, expression: text(open.range.upperBound..<close.range.lowerBound)))
        }
        return found
    }

    /// What an index is sorted by, each as it is written.
    var indexTerms: [String] {
        guard let open = tokens.first(where: { $0.kind == .open && $0.depth == 0 }) else { return [] }
        var terms: [String] = []
        var start = open.range.upperBound
        for token in tokens where token.range.lowerBound >= start {
            let isEnd = token.kind == .close && token.depth == 0
            guard isEnd || (token.kind == .comma && token.depth == 1) else { continue }
            terms.append(text(start..<token.range.lowerBound))
            start = token.range.upperBound
            if isEnd { break }
        }
        return terms
    }

    /// Which rows an index has.
    var indexPredicate: String? {
        guard let index = tokens.indices.first(where: { tokens[$0].depth == 0 && isWord("WHERE", $0) }) else { return nil }
        return text(tokens[index].range.upperBound..<bytes.count)
    }

    /// The module of a virtual table.
    var module: String? {
        guard let index = tokens.indices.first(where: { tokens[$0].depth == 0 && isWord("USING", $0) }) else { return nil }
        return tokens[safe: index + 1].map { unquoted($0.range) }
    }

    /// The query of a view.
    var viewQuery: String? {
        guard let index = tokens.indices.first(where: { tokens[$0].depth == 0 && isWord("AS", $0) }) else { return nil }
        return text(tokens[index].range.upperBound..<bytes.count)
    }

    /// When a trigger fires: `BEFORE` where nothing is said, as SQLite has it.
    var triggerHead: (timing: CatalogueTrigger.Timing, event: CatalogueTrigger.Event?) {
        guard let start = tokens.indices.first(where: { isWord("TRIGGER", $0) }) else { return (.before, nil) }
        // The name comes first, and may be any word, with a schema before it: only what stands before ON is looked at, from its end.
        var timing = CatalogueTrigger.Timing.before
        var event: CatalogueTrigger.Event?
        for index in tokens.indices.dropFirst(start + 1) {
            if event == nil, index > start + 1 {
                event = CatalogueTrigger.Event.allCases.first { isWord($0.rawValue.uppercased(), index) }
                if isWord("AFTER", index) { timing = .after }
                if isWord("INSTEAD", index) { timing = .insteadOf }
            }
            if event != nil || isWord("BEGIN", index) { break }
        }
        return (timing, event)
    }

    // MARK: Tokens

    private func isWord(_ word: String, _ index: Int) -> Bool {
        guard let token = tokens[safe: index], token.kind == .word else { return false }
        return String(decoding: bytes[token.range], as: UTF8.self).uppercased() == word
    }

    private func text(_ range: Range<Int>) -> String {
        let slice = bytes[range]
        let rest = slice.drop(while: Self.isSpace)
        let end = rest.lastIndex { !Self.isSpace($0) }.map { $0 + 1 } ?? rest.startIndex
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    private func unquoted(_ range: Range<Int>) -> String {
        guard let first = bytes[range].first, Self.closing(first) != nil, range.count >= 2 else { return text(range) }
        let inner = String(decoding: bytes[range].dropFirst().dropLast(), as: UTF8.self)
        let quote = String(Unicode.Scalar(first))
        return first == UInt8(ascii: "[") ? inner : inner.replacing(quote + quote, with: quote)
    }

    private mutating func scan() {
        var index = 0
        var depth = 0
        while index < bytes.count {
            let start = index
            let byte = bytes[index]
            index += 1
            var kind = Kind.other
            switch byte {
            case _ where Self.isSpace(byte): continue
            case UInt8(ascii: "-") where index < bytes.count && bytes[index] == UInt8(ascii: "-"):
                while index < bytes.count, bytes[index] != 0x0A { index += 1 }
                continue
            case UInt8(ascii: "/") where index < bytes.count && bytes[index] == UInt8(ascii: "*"):
                index += 2
                while index < bytes.count, !(bytes[index] == UInt8(ascii: "/") && bytes[index - 1] == UInt8(ascii: "*")) {
                    index += 1
                }
                index = min(index + 1, bytes.count)
                continue
            case UInt8(ascii: "("): kind = .open
            case UInt8(ascii: ")"):
                kind = .close
                depth -= 1
            case UInt8(ascii: ","): kind = .comma
            case _ where Self.closing(byte) != nil:
                kind = .quoted
                index = endOfQuoted(from: index, closing: Self.closing(byte) ?? byte)
            case _ where Self.isWordByte(byte):
                kind = .word
                while index < bytes.count, Self.isWordByte(bytes[index]) { index += 1 }
            default: break
            }
            tokens.append(Token(kind: kind, range: start..<index, depth: depth))
            if kind == .open { depth += 1 }
        }
    }

    /// Behind a quoted text, in which a doubled quote stands for one.
    private func endOfQuoted(from start: Int, closing: UInt8) -> Int {
        var index = start
        while index < bytes.count {
            if bytes[index] == closing {
                guard closing != UInt8(ascii: "]"), index + 1 < bytes.count, bytes[index + 1] == closing else { return index + 1 }
                index += 1
            }
            index += 1
        }
        return bytes.count
    }

    private static func closing(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): byte
        case UInt8(ascii: "["): UInt8(ascii: "]")
        default: nil
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }
}

extension Array {
    fileprivate subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
