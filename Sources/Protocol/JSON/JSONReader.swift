/// Reads one JSON text, value by value, in the order it is written.
///
/// The text has been checked by ``JSONScanner`` (well-formed, UTF-8, depth, no duplicate keys), so reading cannot meet bad
/// JSON; what it can meet is JSON that is not what the spec asks for, and then it throws ``JSONMismatch``.
/// Reading an object:
///
///     try reader.enterObject()
///     while let name = reader.nextMember() {
///         switch name.index(in: ["id", "name"]) { … read the value with one of the calls below … }
///     }
///
/// Every value must be read or skipped before the next member or element is asked for.
public struct JSONReader: ~Copyable {
    let bytes: UnsafeRawBufferPointer
    private(set) var position: Int

    /// Reads `bytes`, which must stay valid as long as the reader and must have passed the scanner.
    public init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        self.position = 0
        skipSpace()
    }

    /// Offset of the value or member that comes next.
    public var offset: Int { position }

    // MARK: What comes next

    /// The kind of the next value.
    public enum Kind: Sendable { case object, array, string, number, bool, null }

    public var kind: Kind {
        switch bytes[position] {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    // MARK: Containers

    /// Steps into an object.
    public mutating func enterObject() throws(JSONMismatch) {
        guard kind == .object else { throw JSONMismatch(at: position, "must be an object") }
        position += 1
        skipSpace()
    }

    /// The name of the next member, with the reader standing at its value; `nil` at the end of the object, stepping out.
    public mutating func nextMember() -> JSONMemberName? {
        if bytes[position] == UInt8(ascii: ",") {
            position += 1
            skipSpace()
        }
        guard bytes[position] == UInt8(ascii: "\"") else {
            position += 1
            skipSpace()
            return nil
        }
        let name = quotedText()
        position += 1
        skipSpace()
        return name
    }

    /// Steps over a string and the space behind it.
    mutating func quotedText() -> JSONMemberName {
        let start = position
        let escaped = skipString()
        let quoted = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
        skipSpace()
        return JSONMemberName(quoted: quoted, offset: start, escaped: escaped)
    }

    /// Steps into an array.
    public mutating func enterArray() throws(JSONMismatch) {
        guard kind == .array else { throw JSONMismatch(at: position, "must be an array") }
        position += 1
        skipSpace()
    }

    /// Whether another element follows (the reader stands at it); `false` at the end of the array, stepping out.
    public mutating func nextElement() -> Bool {
        if bytes[position] == UInt8(ascii: ",") {
            position += 1
            skipSpace()
            return true
        }
        if bytes[position] == UInt8(ascii: "]") {
            position += 1
            skipSpace()
            return false
        }
        return true
    }

    // MARK: Values

    /// Reads a string, unescaped.
    public mutating func string() throws(JSONMismatch) -> String {
        guard kind == .string else { throw JSONMismatch(at: position, "must be a string") }
        let start = position
        let escaped = skipString()
        let quoted = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
        skipSpace()
        return JSONString.decode(quoted: quoted, escaped: escaped)
    }

    /// Skips a string, which must come next, and answers what stands between its quotes, and whether that has escapes: for
    /// ``JSONWriter/unescaped(_:)``. The bytes live as long as the text.
    public mutating func stringSlice() -> (inside: UnsafeRawBufferPointer, isEscaped: Bool) {
        let start = position + 1
        let isEscaped = skipString()
        let inside = UnsafeRawBufferPointer(rebasing: bytes[start..<(position - 1)])
        skipSpace()
        return (inside, isEscaped)
    }

    /// Reads an integer: a number without a fraction, however it is written (`1`, `1.0`, `1e2`).
    public mutating func integer() throws(JSONMismatch) -> Int64 {
        guard kind == .number else { throw JSONMismatch(at: position, "must be an integer") }
        let start = position
        let token = skipNumber()
        if let value = JSONNumber.integer(token) { return value }
        throw JSONMismatch(at: start, "must be an integer")
    }

    /// Reads a number.
    public mutating func double() throws(JSONMismatch) -> Double {
        guard kind == .number else { throw JSONMismatch(at: position, "must be a number") }
        let start = position
        let token = skipNumber()
        guard let value = Double(String(decoding: token, as: UTF8.self)), value.isFinite else {
            throw JSONMismatch(at: start, "must be a number that fits a double")
        }
        return value
    }

    /// Reads `true` or `false`.
    public mutating func bool() throws(JSONMismatch) -> Bool {
        guard kind == .bool else { throw JSONMismatch(at: position, "must be true or false") }
        let value = bytes[position] == UInt8(ascii: "t")
        position += value ? 4 : 5
        skipSpace()
        return value
    }

    /// Reads `null` if it comes next, and says whether it did.
    public mutating func null() -> Bool {
        guard kind == .null else { return false }
        position += 4
        skipSpace()
        return true
    }

    /// Reads any value as it is written.
    public mutating func raw() -> JSONText { JSONText(copying: slice()) }

    /// Skips any value and answers its bytes, which live as long as the text.
    @discardableResult public mutating func slice() -> UnsafeRawBufferPointer {
        let start = position
        var depth = 0
        repeat {
            switch bytes[position] {
            case UInt8(ascii: "\""): _ = skipString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            default: position += 1
            }
            if depth == 0 { break }
        } while true
        // A number or a word ends where punctuation or space begins.
        while position < bytes.count, JSONNumber.isTokenByte(bytes[position]) { position += 1 }
        let end = position
        skipSpace()
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    // MARK: Steps

    private mutating func skipSpace() {
        while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    }

    /// Steps over a string, quotes and all, and says whether it has escapes.
    private mutating func skipString() -> Bool {
        position &+= 1
        var escaped = false
        while true {
            while position &+ 8 <= bytes.count {
                let plain = JSONEscape.plainBytes(in: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                position &+= plain
                if plain < 8 { break }
            }
            let byte = bytes[position]
            position &+= 1
            if byte == UInt8(ascii: "\"") { return escaped }
            if byte == UInt8(ascii: "\\") {
                escaped = true
                position &+= 1
            }
        }
    }

    private mutating func skipNumber() -> UnsafeRawBufferPointer {
        let start = position
        while position < bytes.count, JSONNumber.isTokenByte(bytes[position]) { position += 1 }
        let token = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
        skipSpace()
        return token
    }
}

/// The name of an object's member, as it stands in the text.
public struct JSONMemberName: ~Copyable {
    /// The name with its quotes.
    let quoted: UnsafeRawBufferPointer
    /// Offset of the opening quote.
    public let offset: Int
    let escaped: Bool

    /// Which of `names` this is, compared byte for byte after unescaping; `nil` if it is none of them.
    public func index(in names: [StaticString]) -> Int? {
        if escaped {
            let text = Array(JSONString.decode(quoted: quoted, escaped: true).utf8)
            return names.firstIndex { name in name.withUTF8Buffer { $0.elementsEqual(text) } }
        }
        let length = quoted.count - 2
        for (index, name) in names.enumerated() where name.utf8CodeUnitCount == length {
            if equal(name.utf8Start, length) { return index }
        }
        return nil
    }

    private func equal(_ other: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        for index in 0..<length where quoted[index + 1] != other[index] { return false }
        return true
    }

    /// The name, unescaped.
    public var text: String { JSONString.decode(quoted: quoted, escaped: escaped) }
}
