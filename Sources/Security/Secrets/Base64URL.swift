/// base64url without padding (RFC 4648 section 5), in exactly one spelling.
///
/// Decoding refuses `=`, `+`, `/`, white space, impossible lengths and trailing bits that are not zero: a byte string has one
/// text and a text has at most one byte string.
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        let count = (bytes.count * 8 + 5) / 6
        return String(unsafeUninitializedCapacity: count) { target in
            bytes.withUnsafeBytes { encode($0, into: UnsafeMutableRawBufferPointer(target)) }
        }
    }

    /// Writes the text of `bytes`, (8n + 5) / 6 characters, and answers how many.
    @discardableResult
    static func encode(_ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        var written = 0
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                target[written] = alphabet[Int(pending >> bits & 63)]
                written += 1
            }
        }
        if bits > 0 {
            target[written] = alphabet[Int(pending << (6 - bits) & 63)]
            written += 1
        }
        return written
    }

    /// The bytes of a text; `nil` if it is not the one spelling.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let text = Array(text)
        var bytes = [UInt8](repeating: 0, count: text.count * 6 / 8)
        let valid = text.withUnsafeBytes { source in bytes.withUnsafeMutableBytes { decode(source, into: $0) } }
        return valid ? bytes : nil
    }

    /// Fills `target`, which must have room for exactly the bytes of `text`; whether the text is the one spelling of them.
    static func decode(_ text: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
        guard text.count % 4 != 1, target.count == text.count * 6 / 8 else { return false }
        var written = 0
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for character in text {
            guard let six = value(character) else { return false }
            pending = pending << 6 | six
            bits += 6
            if bits >= 8 {
                bits -= 8
                target[written] = UInt8(truncatingIfNeeded: pending >> bits)
                written += 1
            }
        }
        return pending & (1 << bits - 1) == 0
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
