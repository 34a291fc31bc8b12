/// Parts of a URI from what they mean (RFC 3986): whatever else could be taken for a delimiter is written `%XX`.
enum PercentEncoding {
    /// A user, a host or a database.
    static func name(_ text: String) -> String { encoded(text) { isUnreserved($0) } }

    /// The value of a parameter; slashes of a path stay.
    static func value(_ text: String) -> String { encoded(text) { isUnreserved($0) || $0 == UInt8(ascii: "/") } }

    /// The path of a file: only what would not be read as part of it is encoded.
    static func path(_ text: String) -> String {
        encoded(text) { $0 > 0x20 && $0 != 0x7F && !"%?#".utf8.contains($0) }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }

    private static func encoded(_ text: String, keeping isKept: (UInt8) -> Bool) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isKept(byte) { bytes.append(byte) } else { bytes += percent(byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func percent(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}
