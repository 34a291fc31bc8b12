import Protocol

/// Names and values as each engine's SQL has them.
extension JSONWriter {
    mutating func identifier(_ name: String, _ engine: DatabaseType) {
        let mark = engine == .mysql ? UInt8(ascii: "`") : UInt8(ascii: "\"")
        var name = name
        byte(mark)
        name.withUTF8 { doubling(mark, in: UnsafeRawBufferPointer($0)) }
        byte(mark)
    }

    /// PostgreSQL with `standard_conforming_strings`, its default: a backslash is one.
    mutating func postgreSQLLiteral(_ cell: Cell, _ encoding: Column.Encoding, _ scratch: inout JSONWriter) {
        switch cell {
        case .null, .cut: raw("NULL")
        case .boolean(let value): bool(value)
        // As a number it would be an integer's zero, which has no sign.
        case .number(let digits) where encoding == .float && digits.isNegativeZero: quoted(digits)
        case .number(let digits): raw(digits)
        case .notFinite(let name): quoted(name)
        case .text(let inside, let isEscaped):
            scratch.withCharacters(inside, isEscaped: isEscaped) { quoted($0) }
        case .json(let text): quoted(text)
        case .binary(let text, let isText):
            raw("'\\x")
            hex(Base64Bytes(text))
            raw("'")
            // Bytes of a text column of a database whose encoding is SQL_ASCII.
            if isText || encoding != .base64 { rewriteAsText(from: text) }
        }
    }

    private mutating func rewriteAsText(from text: UnsafeRawBufferPointer) {
        truncate(to: count - Base64Bytes.count(text) * 2 - 4)
        raw("convert_from('\\x")
        hex(Base64Bytes(text))
        raw("', 'SQL_ASCII')")
    }

    /// MySQL and MariaDB without `NO_BACKSLASH_ESCAPES`, as is their default.
    mutating func mySQLLiteral(_ cell: Cell, _ encoding: Column.Encoding, _ scratch: inout JSONWriter) {
        switch cell {
        case .null, .cut: raw("NULL")
        case .boolean(let value): bool(value)
        case .number(let digits):
            if encoding == .float, digits.isNegativeZero {
                raw("-0e0")
            } else {
                raw(digits)
                // Without an exponent it would be a decimal, and pass through one.
                if encoding == .float, !digits.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }) { raw("e0") }
            }
        case .notFinite(let name): quoted(name)
        case .text(let inside, let isEscaped):
            scratch.withCharacters(inside, isEscaped: isEscaped) { backslashed($0) }
        case .json(let text): backslashed(text)
        case .binary(let text, _): hexLiteral(text)
        }
    }

    /// SQLite, whose strings have no escapes and must not hold a NUL.
    mutating func sqliteLiteral(_ cell: Cell, _ scratch: inout JSONWriter) {
        switch cell {
        case .null, .cut: raw("NULL")
        case .boolean(let value): raw(value ? "1" : "0")
        case .number(let digits): raw(digits)
        case .notFinite(let name): raw(name.first == UInt8(ascii: "-") ? "-9e999" : "9e999")
        case .text(let inside, let isEscaped):
            scratch.withCharacters(inside, isEscaped: isEscaped) { text in
                guard isEscaped, text.contains(0) else { return quoted(text) }
                raw("CAST(x'")
                hex(text)
                raw("' AS TEXT)")
            }
        case .json(let text): quoted(text)
        case .binary(let text, isText: false): hexLiteral(text)
        case .binary(let text, isText: true):
            raw("CAST(")
            hexLiteral(text)
            raw(" AS TEXT)")
        }
    }

    // MARK: Parts

    private mutating func quoted(_ bytes: UnsafeRawBufferPointer) {
        byte(UInt8(ascii: "'"))
        doubling(UInt8(ascii: "'"), in: bytes)
        byte(UInt8(ascii: "'"))
    }

    private mutating func hexLiteral(_ base64: UnsafeRawBufferPointer) {
        raw("x'")
        hex(Base64Bytes(base64))
        raw("'")
    }

    private mutating func backslashed(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.has(UInt8(ascii: "\\")) || bytes.has(0) || bytes.has(0x1A) else { return quoted(bytes) }
        byte(UInt8(ascii: "'"))
        var start = 0
        for index in bytes.indices {
            let escape: StaticString
            switch bytes[index] {
            case UInt8(ascii: "'"): escape = "''"
            case UInt8(ascii: "\\"): escape = "\\\\"
            case 0: escape = "\\0"
            // Ends a file on Windows.
            case 0x1A: escape = "\\Z"
            default: continue
            }
            raw(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
            raw(escape)
            start = index + 1
        }
        raw(UnsafeRawBufferPointer(rebasing: bytes[start...]))
        byte(UInt8(ascii: "'"))
    }
}

extension UnsafeRawBufferPointer {
    /// Whether a number is zero with a minus sign.
    fileprivate var isNegativeZero: Bool {
        guard first == UInt8(ascii: "-") else { return false }
        for byte in dropFirst() {
            if byte | 0x20 == UInt8(ascii: "e") { return true }
            if byte != UInt8(ascii: "0"), byte != UInt8(ascii: ".") { return false }
        }
        return true
    }
}
