import Databases
import Protocol
import Security

extension Parameter {
    /// A parameter as it is written on the wire; nil if the value is none.
    ///
    /// Numbers keep every digit: an integer that does not fit 64 bits, and a fraction that a double does not hold exactly as
    /// written, travel as text, which the engines read as the number it is.
    init?(json: JSONText) {
        let parsed = json.withUnsafeBytes { bytes -> Parameter? in
            var reader = JSONReader(bytes)
            do throws(JSONMismatch) {
                switch reader.kind {
                case .null: return .null
                case .bool: return .bool(try reader.bool())
                case .string: return .text(try reader.string())
                case .number: return Parameter.number(bytes)
                case .array: return nil
                case .object:
                    try reader.enterObject()
                    guard let name = reader.nextMember(), name.index(in: ["$base64"]) == 0 else { return nil }
                    let text = try reader.string()
                    guard reader.nextMember() == nil, let decoded = Base64.decode(text) else { return nil }
                    return .bytes(decoded)
                }
            } catch {
                return nil
            }
        }
        guard let parsed else { return nil }
        self = parsed
    }

    private static func number(_ bytes: UnsafeRawBufferPointer) -> Parameter? {
        let text = String(decoding: bytes, as: UTF8.self)
        let isInteger = text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || $0 &- UInt8(ascii: "0") < 10 }
        if isInteger { return Int64(text).map(Parameter.integer) ?? .text(text) }
        guard let value = Double(text), value.isFinite else { return .text(text) }
        // `1.5`, `1e3`, `0.1` are what a double prints; `0.10000000000000000001` is not, and is not cut.
        let significant = text.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }.filter { $0 &- UInt8(ascii: "0") < 10 }.count
        return significant <= 15 ? .double(value) : .text(text)
    }
}

/// Standard base64, padded (RFC 4648 section 4), strictly.
enum Base64 {
    static func decode(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 4 == 0 else { return nil }
        let padding = digits.suffix(2).filter { $0 == UInt8(ascii: "=") }.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3)
        var group: UInt32 = 0
        for (index, digit) in digits.enumerated() {
            let isPadding = index >= digits.count - padding
            guard let value = isPadding ? 0 : value(digit) else { return nil }
            group = group << 6 | value
            guard index % 4 == 3 else { continue }
            bytes += [
                UInt8(truncatingIfNeeded: group >> 16), UInt8(truncatingIfNeeded: group >> 8), UInt8(truncatingIfNeeded: group),
            ]
            group = 0
        }
        let excess = bytes.suffix(padding)
        guard excess.allSatisfy({ $0 == 0 }) else { return nil }
        bytes.removeLast(padding)
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a") + 26)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0") + 52)
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
