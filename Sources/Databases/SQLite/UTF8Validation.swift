/// Whether bytes are UTF-8 as Unicode 15 table 3-7 defines it: no overlong forms, no surrogates, nothing past U+10FFFF.
///
/// Files do not promise it, JSON requires it; `String(validating:)` would allocate for every cell.
enum UTF8Validation {
    @inline(__always)
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool { validPrefix(bytes) == bytes.count }

    /// How many bytes at the start are whole, valid characters.
    @inline(__always)
    static func validPrefix(_ bytes: UnsafeRawBufferPointer) -> Int {
        let ascii = asciiPrefix(bytes, from: 0)
        return ascii == bytes.count ? ascii : validPrefix(bytes, from: ascii)
    }

    @inline(__always)
    private static func asciiPrefix(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var index = start
        while index &+ 8 <= bytes.count,
            base.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
            index &+= 8
        }
        while index < bytes.count, bytes[index] < 0x80 { index &+= 1 }
        return index
    }

    @inline(never)
    private static func validPrefix(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            if bytes[index] < 0x80 {
                index = asciiPrefix(bytes, from: index)
                continue
            }
            let length = length(bytes, index)
            guard length > 0 else { return index }
            index &+= length
        }
        return index
    }

    /// The length of the multi-byte character at `index`, or 0 if there is none.
    @inline(__always)
    private static func length(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int {
        let count: Int
        let second: ClosedRange<UInt8>
        switch bytes[index] {
        case 0xC2...0xDF: (count, second) = (2, 0x80...0xBF)
        case 0xE0: (count, second) = (3, 0xA0...0xBF)
        case 0xED: (count, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (count, second) = (3, 0x80...0xBF)
        case 0xF0: (count, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (count, second) = (4, 0x80...0xBF)
        case 0xF4: (count, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard index &+ count <= bytes.count, second.contains(bytes[index &+ 1]) else { return 0 }
        var next = index &+ 2
        while next < index &+ count {
            guard bytes[next] & 0xC0 == 0x80 else { return 0 }
            next &+= 1
        }
        return count
    }
}
