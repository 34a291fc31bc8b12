/// Whether the text of a `json` or `jsonb` cell can stand in a reply as it is.
///
/// A real server has checked it. What is left: one that lies, whose text must not end our string or object early, and
/// nesting deeper than strict readers take. Such a cell is written as a string of its text instead.
enum PostgreSQLJSONCheck {
    /// A reply around a cell is some levels deep itself, and 64 is the limit of our own reader.
    static let depthMax = 48

    /// Follows RFC 8259's grammar. `text` is valid UTF-8.
    static func canBeEmbedded(_ text: UnsafeRawBufferPointer) -> Bool {
        var scan = Scan(text: text)
        return scan.document()
    }

    private struct Scan {
        let text: UnsafeRawBufferPointer
        var index = 0
        /// One bit a level: set inside an object.
        var levels: UInt64 = 0
        var depth = 0

        init(text: UnsafeRawBufferPointer) { self.text = text }

        private var byte: UInt8 { index < text.count ? text[index] : 0 }
        private var inObject: Bool { levels & 1 == 1 }

        private mutating func space() {
            while index < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[index]) { index &+= 1 }
        }

        private mutating func take(_ expected: UInt8) -> Bool {
            guard byte == expected, index < text.count else { return false }
            index &+= 1
            return true
        }

        mutating func document() -> Bool {
            while true {
                space()
                // A value is expected here.
                if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                    guard open() else { return false }
                    if closeEmpty() {
                        guard let goesOn = afterValue() else { return false }
                        if goesOn { continue }
                        return index == text.count
                    }
                    if inObject { guard key() else { return false } }
                    continue
                }
                guard scalar(), let goesOn = afterValue() else { return false }
                if !goesOn { return index == text.count }
            }
        }

        private mutating func open() -> Bool {
            depth += 1
            guard depth <= depthMax else { return false }
            levels = levels << 1 | (byte == UInt8(ascii: "{") ? 1 : 0)
            index += 1
            return true
        }

        private mutating func closeEmpty() -> Bool {
            space()
            guard byte == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")), index < text.count else { return false }
            close()
            return true
        }

        private mutating func close() {
            index += 1
            depth -= 1
            levels >>= 1
        }

        /// Closes what ends here. True where another value must follow, false at the end, nil for bad syntax.
        private mutating func afterValue() -> Bool? {
            while true {
                space()
                guard depth > 0 else { return false }
                if take(UInt8(ascii: ",")) {
                    if inObject {
                        space()
                        guard key() else { return nil }
                    }
                    return true
                }
                guard byte == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")), index < text.count else { return nil }
                close()
            }
        }

        private mutating func key() -> Bool {
            guard string() else { return false }
            space()
            return take(UInt8(ascii: ":"))
        }

        private mutating func scalar() -> Bool {
            switch byte {
            case UInt8(ascii: "\""): string()
            case UInt8(ascii: "t"): word("true")
            case UInt8(ascii: "f"): word("false")
            case UInt8(ascii: "n"): word("null")
            default: number()
            }
        }

        private mutating func word(_ expected: StaticString) -> Bool {
            let count = expected.utf8CodeUnitCount
            guard index + count <= text.count else { return false }
            for offset in 0..<count where text[index + offset] != expected.utf8Start[offset] { return false }
            index += count
            return true
        }

        private mutating func string() -> Bool {
            guard take(UInt8(ascii: "\"")) else { return false }
            while index < text.count {
                let current = text[index]
                index &+= 1
                if current == UInt8(ascii: "\"") { return true }
                if current < 0x20 { return false }
                if current == UInt8(ascii: "\\") { guard escape() else { return false } }
            }
            return false
        }

        private mutating func escape() -> Bool {
            let kind = byte
            index += 1
            switch kind {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                return true
            case UInt8(ascii: "u"):
                guard index + 4 <= text.count else { return false }
                for _ in 0..<4 {
                    guard Character(Unicode.Scalar(byte)).isHexDigit else { return false }
                    index += 1
                }
                return true
            default: return false
            }
        }

        private mutating func number() -> Bool {
            _ = take(UInt8(ascii: "-"))
            if !take(UInt8(ascii: "0")) { guard digits() else { return false } }
            if take(UInt8(ascii: ".")) { guard digits() else { return false } }
            if byte | 0x20 == UInt8(ascii: "e"), index < text.count {
                index += 1
                if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
                guard digits() else { return false }
            }
            return true
        }

        private mutating func digits() -> Bool {
            let start = index
            while index < text.count, text[index] &- 0x30 < 10 { index &+= 1 }
            return index > start
        }
    }
}
