/// Strict UTF-8 (RFC 3629), for bytes that come from outside.
public enum UTF8Check {
    /// The length of the well-formed multi-byte character at `offset`; 0 if there is none.
    static func length(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        let first = bytes[offset]
        let left = bytes.count &- offset
        func continuation(_ index: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            index < left && range.contains(bytes[offset &+ index])
        }
        switch first {
        case 0xC2...0xDF: return continuation(1) ? 2 : 0
        case 0xE0: return continuation(1, 0xA0...0xBF) && continuation(2) ? 3 : 0
        case 0xED: return continuation(1, 0x80...0x9F) && continuation(2) ? 3 : 0
        case 0xE1...0xEF: return continuation(1) && continuation(2) ? 3 : 0
        case 0xF0: return continuation(1, 0x90...0xBF) && continuation(2) && continuation(3) ? 4 : 0
        case 0xF1...0xF3: return continuation(1) && continuation(2) && continuation(3) ? 4 : 0
        case 0xF4: return continuation(1, 0x80...0x8F) && continuation(2) && continuation(3) ? 4 : 0
        default: return 0
        }
    }

    /// Whether all of `bytes` is well-formed UTF-8.
    public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool { validPrefix(bytes) == bytes.count }

    /// Whether `bytes` is well-formed but perhaps for a last character that was cut off.
    public static func isValidPrefix(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let valid = validPrefix(bytes)
        guard valid < bytes.count else { return true }
        guard bytes.count - valid < 4, (0xC2...0xF4).contains(bytes[valid]) else { return false }
        return bytes[(valid + 1)...].allSatisfy { $0 & 0xC0 == 0x80 }
    }

    /// How many bytes from the start are whole, well-formed characters.
    public static func validPrefix(_ bytes: UnsafeRawBufferPointer) -> Int {
        var index = 0
        while index < bytes.count {
            if index &+ 8 <= bytes.count,
                bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                index &+= 8
            } else if bytes[index] < 0x80 {
                index &+= 1
            } else {
                let length = length(bytes, at: index)
                if length == 0 { return index }
                index &+= length
            }
        }
        return index
    }
}
