/// Takes secrets out of texts that go to logs, errors and models.
///
/// It knows the shapes secrets come in: the password of a URI's user part, `password=…` and its relatives, SQL's
/// `PASSWORD '…'`, PASETO tokens and keys, the fragments of a connection string that libpq quotes in its complaints;
/// and it knows the secrets it was given. When in doubt it takes out too much. It is the last line, not the first: secrets should
/// not be put into texts at all.
public struct Redactor: Sendable {
    /// What stands where a secret was.
    public static let mark = "***"

    private static let markBytes = Array(mark.utf8)
    private let secrets: [[UInt8]]

    /// - Parameter secrets: texts to take out wherever they occur, also percent-encoded; those of fewer than 4 bytes are left
    ///   alone, for they occur everywhere.
    public init(secrets: [String] = []) {
        let plain = secrets.filter { $0.utf8.count >= 4 }
        let all = Set(plain.map { Array($0.utf8) }).union(plain.map { Self.percentEncoded($0) })
        // The longest first: one secret may contain another.
        self.secrets = all.sorted { $0.count > $1.count }
    }

    /// `text` without its secrets.
    public func redact(_ text: String) -> String {
        var bytes = Array(text.utf8)
        let known = secretRanges(in: bytes)
        if !known.isEmpty { bytes = Self.marked(bytes, known) }
        let shaped = SecretShapes.ranges(in: bytes)
        if !shaped.isEmpty { bytes = Self.marked(bytes, shaped) }
        return known.isEmpty && shaped.isEmpty ? text : String(decoding: bytes, as: UTF8.self)
    }

    private func secretRanges(in bytes: [UInt8]) -> [Range<Int>] {
        guard !secrets.isEmpty else { return [] }
        var ranges: [Range<Int>] = []
        var index = 0
        while index < bytes.count {
            let found = secrets.first { secret in
                bytes[index] == secret[0] && index + secret.count <= bytes.count
                    && bytes[index..<(index + secret.count)].elementsEqual(secret)
            }
            if let found { ranges.append(index..<(index + found.count)) }
            index += found?.count ?? 1
        }
        return ranges
    }

    /// `bytes` with the mark in place of each of `ranges`, which are in order.
    private static func marked(_ bytes: [UInt8], _ ranges: [Range<Int>]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var end = 0
        for range in ranges {
            result += bytes[end..<range.lowerBound]
            result += markBytes
            end = range.upperBound
        }
        return result + bytes[end...]
    }

    /// RFC 3986: everything but the unreserved characters.
    private static func percentEncoded(_ text: String) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return text.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                [byte]
            default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}
