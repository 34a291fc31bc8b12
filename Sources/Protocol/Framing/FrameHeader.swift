/// The header block of the LSP base protocol (Language Server Protocol 3.17, "Header Part").
enum FrameHeader {
    /// Fields a block may have; two are defined.
    private static let fieldsMax = 16
    /// Digits a length may have: enough for any length we could accept.
    private static let digitsMax = 10

    /// The length of the body that follows `block`, which ends with its empty line.
    static func contentLength(_ block: UnsafeRawBufferPointer) -> Result<Int, FramingError> {
        var length: Int?
        var start = 0
        var fields = 0
        while start < block.count - 2 {
            guard let end = lineEnd(block, from: start) else { return malformed("header lines end with CR LF") }
            fields += 1
            guard fields <= fieldsMax else { return malformed("a header block has at most \(fieldsMax) fields") }
            let line = block[start..<end]
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > start else {
                return malformed("a header line is a name, a colon and a value")
            }
            let value = trimmed(block, colon + 1, end)
            if matches(block, start..<colon, "content-length") {
                guard length == nil else { return malformed("Content-Length is given twice") }
                guard let digits = digits(block, value) else {
                    return malformed("Content-Length must be a number of bytes, from 1")
                }
                length = digits
            } else if matches(block, start..<colon, "content-type") {
                guard charsetIsUTF8(block, value) else { return malformed("the only charset spoken is utf-8") }
            }
            start = end + 2
        }
        guard let length else { return malformed("the Content-Length header is missing") }
        return .success(length)
    }

    private static func malformed(_ text: String) -> Result<Int, FramingError> { .failure(.malformed(text)) }

    /// The end of the line at `start`: the next CR LF. A bare CR or LF, a NUL or a byte past ASCII is no line of a header.
    private static func lineEnd(_ block: UnsafeRawBufferPointer, from start: Int) -> Int? {
        for index in start..<(block.count - 1) {
            switch block[index] {
            case 0x0D: return block[index + 1] == 0x0A ? index : nil
            case 0x00, 0x0A, 0x80...0xFF: return nil
            default: continue
            }
        }
        return nil
    }

    private static func trimmed(_ block: UnsafeRawBufferPointer, _ from: Int, _ to: Int) -> Range<Int> {
        var start = from
        var end = to
        while start < end, block[start] == 0x20 || block[start] == 0x09 { start += 1 }
        while end > start, block[end - 1] == 0x20 || block[end - 1] == 0x09 { end -= 1 }
        return start..<end
    }

    private static func digits(_ block: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count <= digitsMax else { return nil }
        var value = 0
        for index in range {
            let digit = block[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value > 0 ? value : nil
    }

    /// Whether the bytes are `name`, which is in lower case, in any case.
    private static func matches(_ block: UnsafeRawBufferPointer, _ range: Range<Int>, _ name: StaticString) -> Bool {
        guard range.count == name.utf8CodeUnitCount else { return false }
        for (offset, index) in range.enumerated() where lower(block[index]) != name.utf8Start[offset] { return false }
        return true
    }

    /// Whether a Content-Type names no charset, or UTF-8 in either of the spellings clients use.
    private static func charsetIsUTF8(_ block: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        let text = String(decoding: block[range].map(lower), as: UTF8.self)
        guard let parameter = text.split(separator: ";").first(where: { $0.contains("charset=") }) else { return true }
        let charset = parameter.split(separator: "=", maxSplits: 1).last.map(String.init) ?? ""
        return ["utf-8", "utf8", "\"utf-8\"", "\"utf8\""].contains(charset)
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
