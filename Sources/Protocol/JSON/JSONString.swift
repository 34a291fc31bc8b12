/// Unescapes the strings of a text that ``JSONScanner`` has passed.
enum JSONString {
    /// The string between the quotes of `quoted`.
    static func decode(quoted: UnsafeRawBufferPointer, escaped: Bool) -> String {
        let inside = UnsafeRawBufferPointer(rebasing: quoted[1..<(quoted.count - 1)])
        guard escaped else { return String(decoding: inside, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: inside.count) { unescape(inside, into: $0) }
    }

    /// Writes the unescaped bytes of `inside` (never more than it has) and answers how many.
    static func unescape(_ inside: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var from = 0
        var to = 0
        while from < inside.count {
            let byte = inside[from]
            guard byte == UInt8(ascii: "\\") else {
                target[to] = byte
                to += 1
                from += 1
                continue
            }
            let kind = inside[from + 1]
            from += 2
            if kind == UInt8(ascii: "u") {
                to += encode(codePoint(inside, &from), at: to, target)
            } else {
                target[to] = simple(kind)
                to += 1
            }
        }
        return to
    }

    private static func simple(_ kind: UInt8) -> UInt8 {
        switch kind {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: kind
        }
    }

    /// The code point of the `\u` escape whose digits start at `from`; two of them where they are a surrogate pair.
    private static func codePoint(_ inside: UnsafeRawBufferPointer, _ from: inout Int) -> UInt32 {
        let first = hex4(inside, from)
        from += 4
        guard (0xD800..<0xDC00).contains(first) else { return first }
        let second = hex4(inside, from + 2)
        from += 6
        return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }

    /// The four hexadecimal digits at `offset`, which the scanner has checked.
    static func hex4(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in offset..<(offset + 4) { value = value << 4 | UInt32(hexValue(bytes[index]) ?? 0) }
        return value
    }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func encode(_ point: UInt32, at to: Int, _ target: UnsafeMutableBufferPointer<UInt8>) -> Int {
        switch point {
        case 0..<0x80:
            target[to] = UInt8(point)
            return 1
        case 0x80..<0x800:
            target[to] = UInt8(0xC0 | point >> 6)
            target[to + 1] = UInt8(0x80 | point & 63)
            return 2
        case 0x800..<0x10000:
            target[to] = UInt8(0xE0 | point >> 12)
            target[to + 1] = UInt8(0x80 | point >> 6 & 63)
            target[to + 2] = UInt8(0x80 | point & 63)
            return 3
        default:
            target[to] = UInt8(0xF0 | point >> 18)
            target[to + 1] = UInt8(0x80 | point >> 12 & 63)
            target[to + 2] = UInt8(0x80 | point >> 6 & 63)
            target[to + 3] = UInt8(0x80 | point & 63)
            return 4
        }
    }
}
