/// Cuts any text into the tokens that make a statement's shape. It never fails: what is not closed ends with the text, what is
/// not known is an operator. Each byte is looked at once or twice.
struct ShapeLexer {
    enum Kind {
        /// A keyword or a name without quotes.
        case word
        case quotedName
        /// A string or a number.
        case literal
        case placeholder
        /// One of `( ) [ ] , . ;`
        case punctuation
        case operation
    }

    struct Token {
        var kind: Kind
        var range: Range<Int>
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let dialect: SQLDialect
    private var index = 0
    /// Whether the token before can be followed by a point and a name.
    private var isAfterName = false

    init(_ bytes: UnsafeBufferPointer<UInt8>, _ dialect: SQLDialect) {
        self.bytes = bytes
        self.dialect = dialect
    }

    private func byte(_ offset: Int = 0) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }

    /// The next token; nil at the end.
    mutating func next() -> Token? {
        skipBlanks()
        guard index < bytes.count else { return nil }
        let start = index
        let kind = token()
        isAfterName = kind == .word || kind == .quotedName
        return Token(kind: kind, range: start..<min(index, bytes.count))
    }

    private mutating func token() -> Kind {
        let current = byte()
        switch current {
        case UInt8(ascii: "'"): return quoted(current, backslashes: dialect.hasBackslashes, .literal)
        case UInt8(ascii: "\""):
            let isString = dialect.doubleQuotesAreStrings
            return quoted(current, backslashes: isString && dialect.hasBackslashes, isString ? .literal : .quotedName)
        case UInt8(ascii: "`") where dialect.hasBackticks: return quoted(current, backslashes: false, .quotedName)
        case UInt8(ascii: "[") where dialect.hasBracketNames:
            return quoted(UInt8(ascii: "]"), backslashes: false, .quotedName)
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","), UInt8(ascii: ";"):
            index += 1
            return .punctuation
        case UInt8(ascii: ".") where isAfterName || !Self.isDigit(byte(1)):
            index += 1
            return .punctuation
        case UInt8(ascii: "."), 0x30...0x39: return number()
        case UInt8(ascii: "$"): return dollar()
        case UInt8(ascii: "?"):
            index += 1
            while Self.isDigit(byte()) { index += 1 }
            return .placeholder
        case UInt8(ascii: ":"), UInt8(ascii: "@"):
            return dialect.hasNamedPlaceholders && Self.isNamePart(byte(1)) ? named() : operation()
        default: return Self.isNameStart(current) ? word() : operation()
        }
    }

    // MARK: Blanks

    private mutating func skipBlanks() {
        while index < bytes.count {
            switch byte() {
            case 0...0x20, 0x7F: index += 1
            case UInt8(ascii: "-") where byte(1) == UInt8(ascii: "-") && (!dialect.hasMySQLComments || byte(2) <= 0x20):
                skipLine()
            case UInt8(ascii: "#") where dialect.hasMySQLComments: skipLine()
            case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): skipComment()
            default: return
            }
        }
    }

    private mutating func skipLine() {
        while index < bytes.count, byte() != 0x0A { index += 1 }
    }

    private mutating func skipComment() {
        var depth = 0
        while index < bytes.count {
            if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*"), depth == 0 || dialect.nestsComments {
                depth += 1
                index += 2
            } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
                depth -= 1
                index += 2
                if depth == 0 { return }
            } else {
                index += 1
            }
        }
    }

    // MARK: Strings, names, numbers

    /// From the opening quote on; the closing one doubled stands for itself.
    private mutating func quoted(_ end: UInt8, backslashes: Bool, _ kind: Kind) -> Kind {
        index += 1
        while index < bytes.count {
            let current = byte()
            index += 1
            if backslashes, current == UInt8(ascii: "\\") {
                index += 1
            } else if current == end {
                guard index < bytes.count, byte() == end, end != UInt8(ascii: "]") else { return kind }
                index += 1
            }
        }
        return kind
    }

    private mutating func word() -> Kind {
        let lowered = byte() | 0x20
        if byte(1) == UInt8(ascii: "'"), dialect.stringPrefixes.contains(lowered) {
            index += 1
            return quoted(UInt8(ascii: "'"), backslashes: dialect.hasBackslashes || lowered == dialect.escapePrefix, .literal)
        }
        if dialect.hasUnicodePrefix, lowered == UInt8(ascii: "u"), byte(1) == UInt8(ascii: "&"),
            byte(2) == UInt8(ascii: "'") || byte(2) == UInt8(ascii: "\"")
        {
            index += 2
            return quoted(byte(), backslashes: false, byte() == UInt8(ascii: "'") ? .literal : .quotedName)
        }
        while index < bytes.count, Self.isNamePart(byte()) { index += 1 }
        return .word
    }

    /// Digits with all that may follow them: a point, an exponent and its sign, `0x` and its digits.
    private mutating func number() -> Kind {
        let isHexadecimal = byte() == UInt8(ascii: "0") && byte(1) | 0x20 == UInt8(ascii: "x")
        while index < bytes.count {
            let current = byte()
            let isSigned = current | 0x20 == UInt8(ascii: "e") && !isHexadecimal
            guard Self.isNamePart(current) || current == UInt8(ascii: ".") else { break }
            index += 1
            if isSigned, byte() == UInt8(ascii: "+") || byte() == UInt8(ascii: "-"), Self.isDigit(byte(1)) { index += 1 }
        }
        return .literal
    }

    /// `$1`, `$name`, or a string in dollar quotes.
    private mutating func dollar() -> Kind {
        if dialect.hasDollarQuotes, !Self.isDigit(byte(1)), let tag = dollarTag() {
            index += tag.count
            while index < bytes.count {
                if byte() == UInt8(ascii: "$"), bytes[index...].starts(with: tag) {
                    index += tag.count
                    break
                }
                index += 1
            }
            return .literal
        }
        guard Self.isNamePart(byte(1)) else { return operation() }
        return named()
    }

    /// The opening `$tag$`, if there is one.
    private func dollarTag() -> Slice<UnsafeBufferPointer<UInt8>>? {
        var end = index + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "$"), Self.isNamePart(bytes[end]) { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "$") else { return nil }
        return bytes[index...end]
    }

    private mutating func named() -> Kind {
        index += 1
        while index < bytes.count, Self.isNamePart(byte()) { index += 1 }
        return .placeholder
    }

    // MARK: Operators

    /// Those of more than one character, of any engine, the longest first.
    private static let operators: [[UInt8]] = [
        "!~*", "->>", "#>>", "<=>", "<=", ">=", "<>", "!=", "==", "||", "&&", "::", ":=", "->", "#>", "#-", "@>", "<@", "@@",
        "@?",
        "<<", ">>", "!~", "~*", "=>",
    ].map { [UInt8]($0.utf8) }

    private mutating func operation() -> Kind {
        let known = Self.operators.first { bytes[index...].starts(with: $0) }
        index += known?.count ?? 1
        return .operation
    }

    static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
    private static func isNameStart(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte
    }
    private static func isNamePart(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) || byte == UInt8(ascii: "$") }
}
