/// The words of a statement, as PostgreSQL's lexer would see them: enough to tell its first keyword and what it calls,
/// not its grammar. Comments, strings, dollar quotes and quoted identifiers (`U&"…"` included) are understood.
struct PostgreSQLSQLScanner {
    /// The first words of the statement, upper case, at most four; empty where there is no statement.
    private(set) var firstWords: [String] = []
    /// Names before a parenthesis, as the server folds them, without their schema.
    private(set) var calledNames: Set<String> = []
    /// `UESCAPE` re-spells the identifier before it; we do not follow that.
    private(set) var usesUnicodeEscapeClause = false
    /// Every word and every quoted name, as the server folds them; empty unless asked for.
    private(set) var names: Set<String> = []

    private let bytes: [UInt8]
    private var index = 0
    private var lastName: String? {
        didSet { if collectsNames, let lastName { names.insert(lastName) } }
    }
    private let collectsNames: Bool

    init(_ sql: String, collectsNames: Bool = false) {
        self.collectsNames = collectsNames
        bytes = Array(sql.utf8)
        while index < bytes.count { step() }
    }

    private func byte(_ offset: Int = 0) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }

    private mutating func step() {
        let current = byte()
        switch current {
        case 0x20, 0x09...0x0D: index += 1
        case UInt8(ascii: "-") where byte(1) == UInt8(ascii: "-"): skipLineComment()
        case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): skipBlockComment()
        case UInt8(ascii: "'"): skipQuoted(UInt8(ascii: "'"), backslashes: false)
        case UInt8(ascii: "\""): lastName = String(decoding: quotedIdentifier(), as: UTF8.self)
        case UInt8(ascii: "$"): dollar()
        case UInt8(ascii: "("):
            if let lastName { calledNames.insert(lastName) }
            lastName = nil
            index += 1
        case 0x30...0x39: number()
        default:
            if isIdentifierStart(current) {
                word()
            } else {
                lastName = nil
                index += 1
            }
        }
    }

    private func isIdentifierStart(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte
    }

    private func isIdentifierPart(_ byte: UInt8) -> Bool {
        isIdentifierStart(byte) || 0x30...0x39 ~= byte || byte == UInt8(ascii: "$")
    }

    private mutating func number() {
        lastName = nil
        while 0x30...0x39 ~= byte() || byte() == UInt8(ascii: ".") { index += 1 }
    }

    private mutating func word() {
        let start = index
        let lowered = byte() | 0x20
        if byte(1) == UInt8(ascii: "'"), [0x65, 0x62, 0x78, 0x6E].contains(lowered) {
            index += 1
            return skipQuoted(UInt8(ascii: "'"), backslashes: lowered == UInt8(ascii: "e"))
        }
        if lowered == UInt8(ascii: "u"), byte(1) == UInt8(ascii: "&") {
            if byte(2) == UInt8(ascii: "'") {
                index += 2
                return skipQuoted(UInt8(ascii: "'"), backslashes: false)
            }
            if byte(2) == UInt8(ascii: "\"") {
                index += 2
                lastName = Self.unicodeUnescaped(quotedIdentifier())
                return
            }
        }
        while index < bytes.count, isIdentifierPart(byte()) { index += 1 }
        let folded = bytes[start..<index].map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
        let name = String(decoding: folded, as: UTF8.self)
        if firstWords.count < 4 { firstWords.append(name.uppercased()) }
        if name == "uescape" { usesUnicodeEscapeClause = true }
        lastName = name
    }

    private mutating func skipLineComment() {
        while index < bytes.count, byte() != 0x0A, byte() != 0x0D { index += 1 }
    }

    private mutating func skipBlockComment() {
        var depth = 0
        while index < bytes.count {
            if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
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

    private mutating func skipQuoted(_ quote: UInt8, backslashes: Bool) {
        lastName = nil
        index += 1
        while index < bytes.count {
            if backslashes, byte() == UInt8(ascii: "\\") {
                index += 2
            } else if byte() == quote {
                index += 1
                guard byte() == quote, index < bytes.count else { return }
                index += 1
            } else {
                index += 1
            }
        }
    }

    private mutating func quotedIdentifier() -> [UInt8] {
        var name: [UInt8] = []
        index += 1
        while index < bytes.count {
            if byte() == UInt8(ascii: "\"") {
                index += 1
                guard byte() == UInt8(ascii: "\""), index < bytes.count else { return name }
            }
            name.append(byte())
            index += 1
        }
        return name
    }

    /// `$1`, or a dollar-quoted string.
    private mutating func dollar() {
        lastName = nil
        var end = index + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "$"), isIdentifierPart(bytes[end]) { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "$"), !(0x30...0x39 ~= byte(1)) else {
            index += 1
            return
        }
        let tag = bytes[index...end]
        index = end + 1
        while index < bytes.count {
            if byte() == UInt8(ascii: "$"), bytes[index...].starts(with: tag) {
                index += tag.count
                return
            }
            index += 1
        }
    }

    /// `\0061` and `\+000061`, with the default escape character.
    private static func unicodeUnescaped(_ name: [UInt8]) -> String {
        var text = ""
        var scalars = String(decoding: name, as: UTF8.self).unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            guard scalar == "\\" else {
                text.unicodeScalars.append(scalar)
                continue
            }
            if scalars.first == "\\" {
                text.unicodeScalars.append("\\")
                scalars.removeFirst()
                continue
            }
            let digits = scalars.first == "+" ? 6 : 4
            if digits == 6 { scalars.removeFirst() }
            let code = UInt32(String(String.UnicodeScalarView(scalars.prefix(digits))), radix: 16)
            scalars = scalars.dropFirst(digits)
            if let decoded = code.flatMap(Unicode.Scalar.init) { text.unicodeScalars.append(decoded) }
        }
        return text
    }
}
