/// Text and bytes that are no JSON: a writer is also how results become CSV and the like.
extension JSONWriter {
    /// Appends the characters that the inside of a JSON string stands for.
    public mutating func unescaped(_ inside: UnsafeRawBufferPointer) {
        withScratch(inside.count) { target in
            let bytes = UnsafeMutableBufferPointer(start: target.assumingMemoryBound(to: UInt8.self), count: inside.count)
            return JSONString.unescape(inside, into: bytes)
        }
    }

    /// Appends bytes as two lower-case hexadecimal digits each.
    public mutating func hex(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            reserve(2)
            uncheckedByte(JSONEscape.hex(byte >> 4))
            uncheckedByte(JSONEscape.hex(byte & 15))
        }
    }

    /// Appends the UTF-8 of a string as it is.
    public mutating func plain(_ text: String) {
        var text = text
        text.withUTF8 { raw(UnsafeRawBufferPointer($0)) }
    }
}

/// The bytes that standard base64 stands for (RFC 4648 section 4), three from each four characters.
public struct Base64Bytes: Sequence, IteratorProtocol {
    private let text: UnsafeRawBufferPointer
    private var position = 0
    private var group: UInt32 = 0
    private var left = 0

    /// - Parameter text: base64 that a ``JSONWriter`` wrote, without quotes; must stay valid. Other text gives other bytes, no fault.
    public init(_ text: UnsafeRawBufferPointer) { self.text = text }

    public mutating func next() -> UInt8? {
        if left == 0 {
            guard position &+ 4 <= text.count else { return nil }
            group = 0
            left = 3
            for offset in 0..<4 {
                let byte = text[position &+ offset]
                if byte == UInt8(ascii: "=") { left = Swift.min(left, offset &- 1) }
                group = group &<< 6 | Self.six(byte)
            }
            position &+= 4
            guard left > 0 else { return nil }
        }
        let byte = UInt8(truncatingIfNeeded: group &>> 16)
        group = group &<< 8
        left &-= 1
        return byte
    }

    /// How many bytes `text` stands for.
    public static func count(_ text: UnsafeRawBufferPointer) -> Int {
        let padding = text.suffix(2).reduce(0) { $0 + ($1 == UInt8(ascii: "=") ? 1 : 0) }
        return Swift.max(text.count / 4 * 3 - padding, 0)
    }

    @inline(__always) private static func six(_ byte: UInt8) -> UInt32 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte &- UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte &- UInt8(ascii: "a") &+ 26)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte &- UInt8(ascii: "0") &+ 52)
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: 0
        }
    }
}
