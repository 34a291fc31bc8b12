/// Whether bytes are valid UTF-8 (RFC 3629), without making a string of them.
enum UTF8Check {
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        validPrefix(bytes) == bytes.count
    }

    /// Whether the bytes are valid but perhaps for a last character that was cut.
    static func isValidPrefix(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count - validPrefix(bytes) < 4 && isCut(bytes[validPrefix(bytes)...])
    }

    private static func isCut(_ tail: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard let lead = tail.first else { return true }
        return lead >= 0xC2 && lead <= 0xF4 && tail.dropFirst().allSatisfy { $0 & 0xC0 == 0x80 }
    }

    /// How many bytes from the start are whole, valid characters.
    private static func validPrefix(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        let end = bytes.count
        var index = 0
        while index < end {
            while index &+ 8 <= end,
                base.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            { index &+= 8 }
            guard index < end else { break }
            let lead = bytes[index]
            if lead < 0x80 {
                index &+= 1
                continue
            }
            let (length, second): (Int, ClosedRange<UInt8>) =
                switch lead {
                case 0xC2...0xDF: (2, 0x80...0xBF)
                case 0xE0: (3, 0xA0...0xBF)
                case 0xE1...0xEC, 0xEE...0xEF: (3, 0x80...0xBF)
                case 0xED: (3, 0x80...0x9F)
                case 0xF0: (4, 0x90...0xBF)
                case 0xF1...0xF3: (4, 0x80...0xBF)
                case 0xF4: (4, 0x80...0x8F)
                default: (0, 0...0)
                }
            guard length > 0, index &+ length <= end, second.contains(bytes[index &+ 1]) else { return index }
            for offset in 2..<max(length, 2) where bytes[index &+ offset] & 0xC0 != 0x80 { return index }
            index &+= length
        }
        return index
    }
}
