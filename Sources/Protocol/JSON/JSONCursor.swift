/// A position in bytes that may be anything, and the steps over JSON's tokens: the lexical half of ``JSONScanner``.
struct JSONCursor {
    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }

    /// The byte here; 0, which is never valid where it matters, at the end.
    @inline(__always) func peek() -> UInt8 { position < bytes.count ? bytes[position] : 0 }

    @inline(__always) mutating func advance() { position &+= 1 }

    func error(_ reason: JSONSyntaxError.Reason) -> JSONSyntaxError { JSONSyntaxError(offset: position, reason: reason) }

    @inline(__always) mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position &+= 1
            default: return
            }
        }
    }

    mutating func word(_ word: StaticString) throws(JSONSyntaxError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard peek() == word.utf8Start[index] else { throw error(isAtEnd ? .truncated : .unexpected) }
            position &+= 1
        }
    }

    /// Steps over a number.
    mutating func number() throws(JSONSyntaxError) {
        if peek() == UInt8(ascii: "-") { position &+= 1 }
        if peek() == UInt8(ascii: "0") {
            position &+= 1
        } else {
            try digits()
        }
        if peek() == UInt8(ascii: ".") {
            position &+= 1
            try digits()
        }
        if peek() | 0x20 == UInt8(ascii: "e") {
            position &+= 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position &+= 1 }
            try digits()
        }
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = position
        while peek() &- UInt8(ascii: "0") < 10 { position &+= 1 }
        guard position > start else { throw error(isAtEnd ? .truncated : .invalidNumber) }
    }

    /// Steps over a string and says whether it has escapes.
    mutating func string() throws(JSONSyntaxError) -> Bool {
        position &+= 1
        var escaped = false
        while true {
            // Eight bytes at a time while they are ASCII and none of them ends or escapes anything.
            while position &+ 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                let ascii = (word & 0x8080_8080_8080_8080).trailingZeroBitCount &>> 3
                let plain = min(ascii, JSONEscape.plainBytes(in: word))
                position &+= plain
                if plain < 8 { break }
            }
            guard position < bytes.count else { throw error(.truncated) }
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position &+= 1
                return escaped
            case UInt8(ascii: "\\"):
                escaped = true
                try escape()
            case 0..<0x20: throw error(.controlCharacter)
            case 0x20..<0x80: position &+= 1
            default: try multibyte()
            }
        }
    }

    private mutating func escape() throws(JSONSyntaxError) {
        position &+= 1
        switch peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position &+= 1
        case UInt8(ascii: "u"):
            let first = try hex()
            if (0xDC00..<0xE000).contains(first) { throw error(.loneSurrogate) }
            guard (0xD800..<0xDC00).contains(first) else { return }
            guard peek() == UInt8(ascii: "\\"), position &+ 1 < bytes.count, bytes[position &+ 1] == UInt8(ascii: "u")
            else { throw error(.loneSurrogate) }
            position &+= 1
            guard (0xDC00..<0xE000).contains(try hex()) else { throw error(.loneSurrogate) }
        default: throw error(isAtEnd ? .truncated : .invalidEscape)
        }
    }

    /// Steps over `uXXXX` and answers its value.
    private mutating func hex() throws(JSONSyntaxError) -> UInt32 {
        position &+= 1
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = JSONString.hexValue(peek()) else { throw error(isAtEnd ? .truncated : .invalidEscape) }
            value = value << 4 | UInt32(digit)
            position &+= 1
        }
        return value
    }

    /// Steps over one character of two to four bytes: shortest form, no surrogates, at most U+10FFFF (RFC 3629).
    private mutating func multibyte() throws(JSONSyntaxError) {
        let length = UTF8Check.length(bytes, at: position)
        guard length > 0 else { throw error(.invalidUTF8) }
        position &+= length
    }
}
