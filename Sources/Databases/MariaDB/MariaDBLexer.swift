/// Cuts a statement into the few kinds of tokens the gate looks at, by MySQL's and MariaDB's rules.
///
/// It has to agree with the server about where strings and comments end, and with nothing else: so it is told the two SQL modes
/// that move those ends, and the session's character set is always `utf8mb4`, in which no byte of a longer character can be
/// mistaken for a quote or a backslash.
struct MariaDBLexer {
    enum Token: Equatable {
        /// A keyword, a plain identifier, or a number with letters; upper-cased.
        case word(String)
        /// An identifier in backticks, or in double quotes under `ANSI_QUOTES`.
        case quotedIdentifier
        case string
        /// A single other character.
        case symbol(UInt8)
    }

    /// Why a text cannot be one statement.
    enum Failure: Error, Equatable {
        case executableComment
        case unterminatedComment
        case unterminatedString
        case null
        /// Something follows the terminator.
        case secondStatement
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let ansiQuotes: Bool
    private let backslashEscapes: Bool
    /// Where the next token begins to be looked for.
    private(set) var position = 0
    /// Where the token last returned begins.
    private(set) var tokenStart = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>, ansiQuotes: Bool, backslashEscapes: Bool) {
        self.bytes = bytes
        self.ansiQuotes = ansiQuotes
        self.backslashEscapes = backslashEscapes
    }

    /// The next token, or nil at the end of the text.
    mutating func next() throws(Failure) -> Token? {
        try skipSpaceAndComments()
        guard position < bytes.count else { return nil }
        tokenStart = position
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "'"):
            try skipQuoted(byte, escapes: backslashEscapes)
            return .string
        case UInt8(ascii: "\""):
            try skipQuoted(byte, escapes: backslashEscapes && !ansiQuotes)
            return ansiQuotes ? .quotedIdentifier : .string
        case UInt8(ascii: "`"):
            try skipQuoted(byte, escapes: false)
            return .quotedIdentifier
        case let byte where MariaDBLexer.isWord(byte):
            return .word(word())
        default:
            position += 1
            return .symbol(byte)
        }
    }

    // MARK: Pieces

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }

    private mutating func word() -> String {
        let start = position
        while position < bytes.count, MariaDBLexer.isWord(bytes[position]) { position += 1 }
        // No keyword is longer; a megabyte of letters need not be copied to know that it is none.
        return String(decoding: bytes[start..<min(position, start + 64)], as: UTF8.self).uppercased()
    }

    private func byte(_ offset: Int) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    private mutating func skipSpaceAndComments() throws(Failure) {
        while let current = byte(0) {
            switch current {
            case 0: throw .null
            case 0x09...0x0D, 0x20: position += 1
            case UInt8(ascii: "#"): skipLine()
            case UInt8(ascii: "-") where byte(1) == UInt8(ascii: "-") && endsDashes(byte(2)): skipLine()
            case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): try skipBlockComment()
            default: return
            }
        }
    }

    /// `--` begins a comment only before white space or a control character.
    private func endsDashes(_ byte: UInt8?) -> Bool {
        guard let byte else { return true }
        return byte <= 0x20 || byte == 0x7F
    }

    private mutating func skipLine() {
        while let current = byte(0), current != 0x0A { position += 1 }
    }

    /// Executable comments hide statements from whoever does not execute them, so there are none here.
    private mutating func skipBlockComment() throws(Failure) {
        if byte(2) == UInt8(ascii: "!") { throw .executableComment }
        if byte(2) == UInt8(ascii: "M") || byte(2) == UInt8(ascii: "m"), byte(3) == UInt8(ascii: "!") { throw .executableComment }
        position += 2
        while let current = byte(0) {
            if current == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
                position += 2
                return
            }
            position += 1
        }
        throw .unterminatedComment
    }

    private mutating func skipQuoted(_ quote: UInt8, escapes: Bool) throws(Failure) {
        position += 1
        while let current = byte(0) {
            position += 1
            if current == UInt8(ascii: "\\"), escapes {
                position += 1
            } else if current == quote {
                guard byte(0) == quote else { return }
                position += 1
            }
        }
        throw .unterminatedString
    }
}
