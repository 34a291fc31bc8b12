/// A number as it is written, compared and hashed by its value, however many digits it has, without making anything of it.
///
/// The value is 0.d₁d₂d₃… × 10^exponent, where d₁ is the first digit that is not 0; the bytes must stay valid.
struct DecimalText {
    private let bytes: UnsafeRawBufferPointer
    let isNegative: Bool
    /// Where the significant digits begin and end in `bytes`; there may be a point among them. Both 0 for zero.
    private let first: Int
    private let last: Int
    private let exponent: Int
    /// Digits behind the point; nil if there is an exponent.
    let scale: Int?

    /// - Parameter bytes: digits, perhaps with a sign, a point and an exponent. Anything else ends the number.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        var index = bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") ? 1 : 0
        isNegative = bytes.first == UInt8(ascii: "-")
        var (first, last, whole, zeros, scale) = (-1, 0, 0, 0, 0)
        var hasPoint = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte &- 0x30 < 10 {
                if byte != 0x30 {
                    if first < 0 { first = index }
                    last = index &+ 1
                }
                if hasPoint {
                    scale &+= 1
                    if first < 0 { zeros &+= 1 }
                } else if first >= 0 {
                    whole &+= 1
                }
            } else if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else {
                break
            }
            index &+= 1
        }
        let hasExponent = index < bytes.count && bytes[index] | 0x20 == UInt8(ascii: "e")
        self.first = max(first, 0)
        self.last = last
        exponent = (whole > 0 ? whole : -zeros) + (hasExponent ? Self.exponent(bytes, index + 1) : 0)
        self.scale = hasExponent ? nil : scale
    }

    private static func exponent(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
        var value = 0
        var index = start
        let isNegative = index < bytes.count && bytes[index] == UInt8(ascii: "-")
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") { index += 1 }
        while index < bytes.count, bytes[index] &- 0x30 < 10, value < 100_000_000 {
            value = value * 10 + Int(bytes[index] &- 0x30)
            index += 1
        }
        return isNegative ? -value : value
    }

    var isZero: Bool { last == 0 }

    /// Below 0 if this is less than `other`, 0 if they are the same number.
    func compare(_ other: DecimalText) -> Int {
        if isZero || other.isZero {
            if isZero, other.isZero { return 0 }
            return isZero ? (other.isNegative ? 1 : -1) : (isNegative ? -1 : 1)
        }
        guard isNegative == other.isNegative else { return isNegative ? -1 : 1 }
        let order = compareMagnitude(other)
        return isNegative ? -order : order
    }

    private func compareMagnitude(_ other: DecimalText) -> Int {
        if exponent != other.exponent { return exponent < other.exponent ? -1 : 1 }
        var (index, otherIndex) = (first, other.first)
        while true {
            if index < last, bytes[index] == UInt8(ascii: ".") { index &+= 1 }
            if otherIndex < other.last, other.bytes[otherIndex] == UInt8(ascii: ".") { otherIndex &+= 1 }
            guard index < last else { return otherIndex < other.last ? -1 : 0 }
            guard otherIndex < other.last else { return 1 }
            if bytes[index] != other.bytes[otherIndex] { return bytes[index] < other.bytes[otherIndex] ? -1 : 1 }
            index &+= 1
            otherIndex &+= 1
        }
    }

    /// The same for the same number, however it is written.
    func hash(into hasher: inout Hasher) {
        guard !isZero else { return hasher.combine(0) }
        hasher.combine(isNegative ? -1 : 1)
        hasher.combine(exponent)
        var digits: UInt64 = 0
        var count = 0
        for index in first..<last where bytes[index] != UInt8(ascii: ".") {
            digits = digits &* 10 &+ UInt64(bytes[index] &- 0x30)
            count &+= 1
            if count == 18 {
                hasher.combine(digits)
                (digits, count) = (0, 0)
            }
        }
        hasher.combine(digits)
        hasher.combine(count)
    }

    /// All digits as an integer, the point left out; nil past 36 of them, or with an exponent.
    var unscaled: Int128? {
        guard scale != nil, bytes.count <= 38 else { return nil }
        var value: Int128 = 0
        for byte in bytes where byte &- 0x30 < 10 { value = value * 10 + Int128(byte &- 0x30) }
        return isNegative ? -value : value
    }
}
