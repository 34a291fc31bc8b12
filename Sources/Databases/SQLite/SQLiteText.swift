/// Just enough of SQL's lexical grammar to skip blanks and to name a statement. Nothing is allowed or refused by it alone.
struct SQLiteText {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// Whether there is nothing here but white space and comments.
    static func isBlank(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var text = SQLiteText(bytes)
        text.skipBlanks()
        return text.index >= bytes.count
    }

    /// The statement's own word: `SELECT`, `INSERT`, `CREATE TABLE`; what a WITH leads to.
    static func command(_ sql: String) -> String {
        var sql = sql
        return sql.withUTF8 { utf8 in
            var text = SQLiteText(utf8)
            return text.command()
        }
    }

    private static let main: Set<String> = ["SELECT", "VALUES", "INSERT", "REPLACE", "UPDATE", "DELETE"]

    private mutating func command() -> String {
        while peek == UInt8(ascii: ";") || skipBlanks() { if peek == UInt8(ascii: ";") { index += 1 } }
        guard let first = nextWord() else { return "" }
        switch first {
        case "CREATE", "DROP", "ALTER":
            while let word = nextWord() {
                if ["TABLE", "INDEX", "VIEW", "TRIGGER"].contains(word) { return first + " " + word }
            }
            return first
        case "WITH":
            var depth = 0
            while index < bytes.count {
                if let word = nextWord() {
                    if depth == 0, SQLiteText.main.contains(word) { return word }
                } else if let byte = peek {
                    if byte == UInt8(ascii: "(") { depth += 1 }
                    if byte == UInt8(ascii: ")") { depth -= 1 }
                    skipToken(byte)
                }
            }
            return first
        default: return first
        }
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    /// Skips white space and comments; whether there were any.
    @discardableResult private mutating func skipBlanks() -> Bool {
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0C, 0x0D: index += 1
            case UInt8(ascii: "-") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "-"):
                while index < bytes.count, bytes[index] != 0x0A { index += 1 }
            case UInt8(ascii: "/") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "*"):
                index += 3
                while index < bytes.count, !(bytes[index] == UInt8(ascii: "/") && bytes[index - 1] == UInt8(ascii: "*")) {
                    index += 1
                }
                index = min(index + 1, bytes.count)
            default: return index > start
            }
        }
        return index > start
    }

    /// The next word, upper-cased, if a word is next.
    private mutating func nextWord() -> String? {
        skipBlanks()
        let start = index
        while index < bytes.count, SQLiteText.isWordByte(bytes[index]) { index += 1 }
        guard index > start else { return nil }
        return String(decoding: bytes[start..<index], as: UTF8.self).uppercased()
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...:
            true
        default: false
        }
    }

    /// Skips one token that is not a word: a quoted name or text, or a byte.
    private mutating func skipToken(_ first: UInt8) {
        index += 1
        let end: UInt8
        switch first {
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): end = first
        case UInt8(ascii: "["): end = UInt8(ascii: "]")
        default: return
        }
        while index < bytes.count, bytes[index] != end { index += 1 }
        index = min(index + 1, bytes.count)
    }
}
