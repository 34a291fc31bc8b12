/// Checks that bytes are one JSON text, strictly as RFC 8259 has it, before anything else looks at them.
///
/// Strictly: UTF-8 without a byte-order mark, surrogates only in pairs, no trailing commas or comments, nothing after the
/// value, nesting at most ``depthMax``, and no object with two equal keys (compared after unescaping, byte for byte, so
/// `"\u0061"` is `"a"` and the two Unicode spellings of "é" are different keys). It never recurses and its work is linear in
/// the bytes, whatever they are.
///
/// A scanner keeps its key table from one text to the next; use one per connection, from one thread at a time.
public final class JSONScanner {
    /// How deep arrays and objects may nest. At most 64, the width of the stack.
    public let depthMax: Int

    private var keys = JSONKeyTable()

    public init(depthMax: Int = 64) {
        precondition(depthMax > 0 && depthMax <= 64)
        self.depthMax = depthMax
    }

    /// Checks one text with a scanner of its own.
    public static func check(_ bytes: UnsafeRawBufferPointer, depthMax: Int = 64) throws(JSONSyntaxError) {
        try JSONScanner(depthMax: depthMax).check(bytes)
    }

    /// Checks one text.
    public func check(_ bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
        keys.clear()
        var cursor = JSONCursor(bytes)
        // One bit a level says whether it is an object; `object[level]` numbers it for the key table.
        var objects: UInt64 = 0
        var depth = 0
        cursor.skipSpace()
        value: while true {
            switch cursor.peek() {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = cursor.peek() == UInt8(ascii: "{")
                guard depth < depthMax else { throw cursor.error(.tooDeep) }
                objects = isObject ? objects | 1 << UInt64(depth) : objects & ~(1 << UInt64(depth))
                depth += 1
                cursor.advance()
                cursor.skipSpace()
                if isObject {
                    keys.enter(depth)
                    if cursor.peek() != UInt8(ascii: "}") {
                        try member(&cursor, depth)
                        continue value
                    }
                } else if cursor.peek() != UInt8(ascii: "]") {
                    continue value
                }
            case UInt8(ascii: "\""):
                _ = try cursor.string()
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                try cursor.number()
            case UInt8(ascii: "t"): try cursor.word("true")
            case UInt8(ascii: "f"): try cursor.word("false")
            case UInt8(ascii: "n"): try cursor.word("null")
            default: throw cursor.error(cursor.isAtEnd ? .truncated : .unexpected)
            }
            // A value has ended: close what ends here, or go on to the next value.
            while true {
                cursor.skipSpace()
                guard depth > 0 else {
                    guard cursor.isAtEnd else { throw cursor.error(.unexpected) }
                    return
                }
                let inObject = objects & 1 << UInt64(depth - 1) != 0
                if cursor.peek() == UInt8(ascii: ",") {
                    cursor.advance()
                    cursor.skipSpace()
                    if inObject { try member(&cursor, depth) }
                    continue value
                }
                guard cursor.peek() == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw cursor.error(cursor.isAtEnd ? .truncated : .unexpected)
                }
                cursor.advance()
                depth -= 1
            }
        }
    }

    /// A member's name and its colon.
    private func member(_ cursor: inout JSONCursor, _ depth: Int) throws(JSONSyntaxError) {
        guard cursor.peek() == UInt8(ascii: "\"") else { throw cursor.error(cursor.isAtEnd ? .truncated : .unexpected) }
        let start = cursor.position
        let escaped = try cursor.string()
        guard keys.insert(cursor.bytes, start: start, end: cursor.position, escaped: escaped, depth: depth) else {
            throw JSONSyntaxError(offset: start, reason: .duplicateKey)
        }
        cursor.skipSpace()
        guard cursor.peek() == UInt8(ascii: ":") else { throw cursor.error(cursor.isAtEnd ? .truncated : .unexpected) }
        cursor.advance()
        cursor.skipSpace()
    }
}

/// Why bytes are not JSON, and where.
public struct JSONSyntaxError: Error, Sendable, Equatable {
    public enum Reason: String, Sendable {
        case unexpected = "an unexpected character"
        case truncated = "the end of the text inside a value"
        case tooDeep = "nesting deeper than the limit"
        case duplicateKey = "a key that this object already has"
        case invalidUTF8 = "bytes that are not UTF-8"
        case controlCharacter = "a control character inside a string"
        case invalidEscape = "an invalid escape in a string"
        case loneSurrogate = "half of a surrogate pair"
        case invalidNumber = "an invalid number"
    }

    /// Offset of the byte in question.
    public var offset: Int
    public var reason: Reason

    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }
}
