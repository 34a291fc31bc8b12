import Protocol

/// A cell of a kept result, told from its JSON and its column's encoding: the way back from the table of ``Column/Encoding``.
///
/// Slices point into the page, and are good as long as it is.
enum Cell {
    case null
    case boolean(Bool)
    /// Decimal digits; perhaps a sign, a fraction, an exponent.
    case number(UnsafeRawBufferPointer)
    /// `NaN`, `Infinity` or `-Infinity`.
    case notFinite(UnsafeRawBufferPointer)
    case text(UnsafeRawBufferPointer, isEscaped: Bool)
    /// Base64. `isText`: of text that is not UTF-8.
    case binary(UnsafeRawBufferPointer, isText: Bool)
    /// JSON as it is.
    case json(UnsafeRawBufferPointer)
    /// Only the beginning of a cell of `bytes` bytes was kept: text, or base64.
    case cut(prefix: UnsafeRawBufferPointer, isEscaped: Bool, bytes: Int)

    /// Reads the cell that comes next.
    @inline(__always)
    init(_ reader: inout JSONReader, _ encoding: Column.Encoding) {
        switch reader.kind {
        case .null:
            _ = reader.null()
            self = .null
        case .number where encoding != .json: self = .number(reader.slice())
        case .string where encoding != .json:
            let (inside, isEscaped) = reader.stringSlice()
            self = Self.string(inside, isEscaped, encoding)
        case .bool where encoding != .json: self = .boolean(reader.slice().first == UInt8(ascii: "t"))
        case .object:
            let slice = reader.slice()
            self = Self.tagged(slice, encoding) ?? .json(slice)
        default: self = .json(reader.slice())
        }
    }

    private static func string(_ inside: UnsafeRawBufferPointer, _ isEscaped: Bool, _ encoding: Column.Encoding) -> Cell {
        switch encoding {
        case .base64: .binary(inside, isText: false)
        case .integer, .decimal, .float:
            isNumber(inside) ? .number(inside) : isNotFinite(inside) ? .notFinite(inside) : .text(inside, isEscaped: isEscaped)
        default: .text(inside, isEscaped: isEscaped)
        }
    }

    /// What drivers write as a string is a number if it begins like one.
    private static func isNumber(_ inside: UnsafeRawBufferPointer) -> Bool {
        let start = inside.first == UInt8(ascii: "-") ? 1 : 0
        return start < inside.count && inside[start] &- 0x30 < 10
    }

    private static func isNotFinite(_ inside: UnsafeRawBufferPointer) -> Bool {
        ["NaN", "Infinity", "-Infinity"].contains { inside.elementsEqual($0.utf8) }
    }

    // MARK: Tagged cells

    /// An object that is a tag of ours; nil for one that is data. What is allowed depends on the column.
    private static func tagged(_ slice: UnsafeRawBufferPointer, _ encoding: Column.Encoding) -> Cell? {
        // Drivers write no space after a tag, and most JSON of a database is told from one by its third byte.
        guard slice.count > 4, slice[1] == UInt8(ascii: "\""), slice[2] == UInt8(ascii: "$") else { return nil }
        var reader = JSONReader(slice)
        do throws(JSONMismatch) {
            try reader.enterObject()
            guard let tag = member(&reader) else { return nil }
            switch tag {
            case "$truncated": return try cut(&reader)
            case "$base64":
                let cell = try binary(&reader)
                if encoding == .json, case .binary(let inside, _) = cell, isUTF8(inside) { return nil }
                return cell
            case "$text" where reader.kind == .object: return tagged(reader.slice(), .string)
            case "$text" where reader.kind == .string:
                let (inside, isEscaped) = reader.stringSlice()
                guard reader.nextMember() == nil, encoding != .json || !isJSON(inside) else { return nil }
                return .text(inside, isEscaped: isEscaped)
            case "$integer" where encoding != .json, "$float" where encoding != .json:
                guard reader.kind == .string else { return .number(reader.slice()) }
                let inside = reader.stringSlice().inside
                return isNumber(inside) ? .number(inside) : .notFinite(inside)
            default: return nil
            }
        } catch {
            return nil
        }
    }

    // In a JSON column what looks like a tag may be data. A driver tags a cell there only because it is not JSON, or not UTF-8.

    private static func isUTF8(_ base64: UnsafeRawBufferPointer) -> Bool {
        Array(Base64Bytes(base64)).withUnsafeBytes { UTF8Check.isValid($0) }
    }

    private static func isJSON(_ inside: UnsafeRawBufferPointer) -> Bool {
        var text = JSONWriter(capacity: inside.count)
        text.unescaped(inside)
        return text.withUnsafeBytes { (try? JSONScanner.check($0)) != nil }
    }

    private static func member(_ reader: inout JSONReader) -> String? {
        guard let name = reader.nextMember() else { return nil }
        return name.text
    }

    /// `{"bytes":N,"prefix":"…"}`, and nothing behind it.
    private static func cut(_ reader: inout JSONReader) throws(JSONMismatch) -> Cell? {
        try reader.enterObject()
        guard member(&reader) == "bytes" else { return nil }
        let bytes = Int(try reader.integer())
        guard member(&reader) == "prefix", reader.kind == .string else { return nil }
        let (prefix, isEscaped) = reader.stringSlice()
        guard reader.nextMember() == nil, reader.nextMember() == nil else { return nil }
        return .cut(prefix: prefix, isEscaped: isEscaped, bytes: bytes)
    }

    /// A string, then nothing, `"text":true` or `"$truncated":{"bytes":N}`.
    private static func binary(_ reader: inout JSONReader) throws(JSONMismatch) -> Cell? {
        guard reader.kind == .string else { return nil }
        let inside = reader.stringSlice().inside
        switch member(&reader) {
        case nil: return .binary(inside, isText: false)
        case "text": return .binary(inside, isText: true)
        case "$truncated":
            try reader.enterObject()
            guard member(&reader) == "bytes" else { return nil }
            return .cut(prefix: inside, isEscaped: false, bytes: Int(try reader.integer()))
        default: return nil
        }
    }
}

extension JSONWriter {
    /// Calls `body` with the characters that the inside of a JSON string stands for; this writer is where they go if they must be made.
    @inline(__always)
    mutating func withCharacters(
        _ inside: UnsafeRawBufferPointer, isEscaped: Bool, _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        guard isEscaped else { return body(inside) }
        truncate(to: 0)
        unescaped(inside)
        withUnsafeBytes(body)
    }
}
