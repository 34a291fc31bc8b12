/// Reads the digits of a JSON number (RFC 8259 section 6) without losing any.
enum JSONNumber {
    /// The integer a number token stands for, if it is one and fits.
    static func integer(_ token: UnsafeRawBufferPointer) -> Int64? {
        var index = 0
        let negative = token[0] == UInt8(ascii: "-")
        if negative { index = 1 }
        var value: Int64 = 0
        while index < token.count {
            let digit = token[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return integerWithFraction(token) }
            let (shifted, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, overAgain) =
                negative
                ? shifted.subtractingReportingOverflow(Int64(digit)) : shifted.addingReportingOverflow(Int64(digit))
            guard !over, !overAgain else { return nil }
            value = sum
            index += 1
        }
        return value
    }

    /// `1.0`, `1e2`: accepted where a double holds the value exactly.
    private static func integerWithFraction(_ token: UnsafeRawBufferPointer) -> Int64? {
        guard token.count <= 64, let value = Double(String(decoding: token, as: UTF8.self)) else { return nil }
        guard value.magnitude <= 9_007_199_254_740_991 else { return nil }
        return Int64(exactly: value)
    }

    /// Whether a byte can stand inside a number or a word (`true`, `null`).
    @inline(__always) static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "E"),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
