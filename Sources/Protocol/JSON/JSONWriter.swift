/// Writes JSON text into memory of its own: no intermediate strings, no allocation but the buffer's growth.
///
/// The caller is responsible for commas, colons and brackets (generated encoders and drivers know them as constants); the
/// writer is responsible for escaping strings and for numbers. For rows, ``reserve(_:)`` once for the whole row and use the
/// `unchecked…` forms: a capacity check per value costs a third of the time (`benchmarks/`).
@frozen public struct JSONWriter: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int

    @usableFromInline var length: Int

    /// Bytes written so far.
    @inlinable @inline(__always) public var count: Int { length }

    /// Makes a writer that holds `capacity` bytes before it grows; growth doubles.
    @inlinable public init(capacity: Int = 512) {
        self.capacity = max(capacity, 64)
        self.base = .allocate(byteCount: self.capacity, alignment: 8)
        self.length = 0
    }

    @inlinable deinit { base.deallocate() }

    /// Makes room for `additional` more bytes.
    @inlinable @inline(__always) public mutating func reserve(_ additional: Int) {
        if capacity &- length < additional { grow(additional) }
    }

    @usableFromInline @inline(never) mutating func grow(_ additional: Int) {
        let wanted = max(capacity * 2, count + additional)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 8)
        larger.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = larger
        capacity = wanted
    }

    /// The text written; the writer is empty afterwards and can be used again.
    ///
    /// Memory that is mostly unused is given back: a small reply does not keep a large buffer alive.
    public mutating func take() -> JSONText {
        if count * 2 < capacity, capacity > 4096 {
            return JSONText(copying: takeBytes())
        }
        let text = JSONText(owning: base, count: count)
        capacity = 64
        base = .allocate(byteCount: 64, alignment: 8)
        length = 0
        return text
    }

    private mutating func takeBytes() -> UnsafeRawBufferPointer {
        defer { length = 0 }
        return UnsafeRawBufferPointer(start: base, count: count)
    }

    /// Forgets everything written after the first `end` bytes.
    @inlinable public mutating func truncate(to end: Int) {
        precondition(end <= length)
        length = end
    }

    /// The bytes written so far, valid only inside `body`.
    @inlinable public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Memory of at least `maximum` bytes to write into; `body` answers how many it used.
    @inlinable @inline(__always)
    public mutating func withScratch(_ maximum: Int, _ body: (UnsafeMutableRawPointer) -> Int) {
        reserve(maximum)
        length &+= body(base + length)
    }

    // MARK: Pieces that are JSON already

    /// Appends bytes as they are.
    @inlinable public mutating func raw(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        reserve(bytes.count)
        (base + length).copyMemory(from: source, byteCount: bytes.count)
        length &+= bytes.count
    }

    /// Appends a constant as it is: punctuation and member names.
    @inlinable @inline(__always) public mutating func raw(_ text: StaticString) {
        let size = text.utf8CodeUnitCount
        reserve(size)
        (base + length).copyMemory(from: text.utf8Start, byteCount: size)
        length &+= size
    }

    /// Appends one ASCII character as it is.
    @inlinable @inline(__always) public mutating func byte(_ byte: UInt8) {
        reserve(1)
        uncheckedByte(byte)
    }

    /// Appends one ASCII character; room was made with ``reserve(_:)``.
    @inlinable @inline(__always) public mutating func uncheckedByte(_ byte: UInt8) {
        (base + length).storeBytes(of: byte, as: UInt8.self)
        length &+= 1
    }

    // MARK: Values

    @inlinable public mutating func null() { raw("null") }

    @inlinable public mutating func bool(_ value: Bool) { if value { raw("true") } else { raw("false") } }

    /// Appends an integer, every digit of it. Whether a reader keeps them all is the caller's question
    /// (see ``lossless(_:)``).
    @inlinable public mutating func integer<T: FixedWidthInteger>(_ value: T) {
        reserve(20)
        uncheckedInteger(Int64(value))
    }

    /// Appends an integer of at most 20 characters; room was made.
    @inlinable @inline(__always) public mutating func uncheckedInteger(_ value: Int64) {
        var magnitude = value.magnitude
        if value < 0 { uncheckedByte(UInt8(ascii: "-")) }
        if magnitude < 10 {
            uncheckedByte(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: magnitude))
            return
        }
        var digits = 1
        var bound: UInt64 = 10
        while magnitude >= bound {
            digits &+= 1
            if digits == 20 { break }
            bound = bound &* 10
        }
        var position = base + (length &+ digits)
        length &+= digits
        while magnitude >= 10 {
            position -= 1
            let (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: 10)
            position.storeBytes(of: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: remainder), as: UInt8.self)
            magnitude = quotient
        }
        position -= 1
        position.storeBytes(of: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: magnitude), as: UInt8.self)
    }

    /// Appends an integer as a number where a double keeps it (±(2^53−1)), else as a string: DESIGN's lossless rule.
    @inlinable public mutating func lossless(_ value: Int64) {
        reserve(24)
        if value.magnitude <= 9_007_199_254_740_991 {
            uncheckedInteger(value)
        } else {
            uncheckedByte(UInt8(ascii: "\""))
            uncheckedInteger(value)
            uncheckedByte(UInt8(ascii: "\""))
        }
    }

    /// Appends the shortest digits that read back as the same double; NaN and infinities, which JSON does not have, as
    /// the strings `"NaN"`, `"Infinity"`, `"-Infinity"`.
    @inlinable public mutating func double(_ value: Double) {
        guard value.isFinite else {
            raw(value.isNaN ? "\"NaN\"" : value < 0 ? "\"-Infinity\"" : "\"Infinity\"")
            return
        }
        var text = value.description
        text.withUTF8 { raw(UnsafeRawBufferPointer($0)) }
    }

    /// As ``double(_:)``, with the shortest digits of a float.
    @inlinable public mutating func float(_ value: Float) {
        guard value.isFinite else { return double(Double(value)) }
        var text = value.description
        text.withUTF8 { raw(UnsafeRawBufferPointer($0)) }
    }

    /// Appends a string value: quoted and escaped.
    @inlinable public mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { string(utf8: UnsafeRawBufferPointer($0)) }
    }

    /// Appends a string value from bytes that are valid UTF-8: quoted and escaped.
    @inlinable public mutating func string(utf8 bytes: UnsafeRawBufferPointer) {
        reserve(bytes.count &* 6 &+ 2 < 4096 ? bytes.count &* 6 &+ 2 : bytes.count &+ 2)
        byte(UInt8(ascii: "\""))
        escaped(utf8: bytes)
        byte(UInt8(ascii: "\""))
    }

    /// Appends bytes that are valid UTF-8, escaped, without quotes: for strings that come in parts.
    public mutating func escaped(utf8 bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        var start = 0
        var index = 0
        let end = bytes.count
        while index < end {
            // Eight bytes at a time while none of them needs an escape (`"`, `\`, or below 0x20).
            while index &+ 8 <= end {
                let plain = JSONEscape.plainBytes(in: source.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index &+= plain
                if plain < 8 { break }
            }
            guard index < end else { break }
            let byte = bytes[index]
            if JSONEscape.needed(byte) {
                raw(UnsafeRawBufferPointer(start: source + start, count: index &- start))
                escape(byte)
                start = index &+ 1
            }
            index &+= 1
        }
        raw(UnsafeRawBufferPointer(start: source + start, count: end &- start))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): raw("\\\"")
        case UInt8(ascii: "\\"): raw("\\\\")
        case 0x08: raw("\\b")
        case 0x09: raw("\\t")
        case 0x0A: raw("\\n")
        case 0x0C: raw("\\f")
        case 0x0D: raw("\\r")
        default:
            raw("\\u00")
            self.byte(JSONEscape.hex(byte >> 4))
            self.byte(JSONEscape.hex(byte & 15))
        }
    }

    /// Appends a string value: the bytes in standard base64, padded (RFC 4648 section 4), quoted.
    public mutating func base64(_ bytes: UnsafeRawBufferPointer) {
        reserve((bytes.count &+ 2) / 3 * 4 &+ 2)
        uncheckedByte(UInt8(ascii: "\""))
        var index = 0
        while index &+ 3 <= bytes.count {
            let group = UInt32(bytes[index]) << 16 | UInt32(bytes[index &+ 1]) << 8 | UInt32(bytes[index &+ 2])
            for shift: UInt32 in [18, 12, 6, 0] { uncheckedByte(JSONEscape.base64(group >> shift & 63)) }
            index &+= 3
        }
        let left = bytes.count &- index
        if left > 0 {
            let group = UInt32(bytes[index]) << 16 | (left == 2 ? UInt32(bytes[index &+ 1]) << 8 : 0)
            uncheckedByte(JSONEscape.base64(group >> 18 & 63))
            uncheckedByte(JSONEscape.base64(group >> 12 & 63))
            uncheckedByte(left == 2 ? JSONEscape.base64(group >> 6 & 63) : UInt8(ascii: "="))
            uncheckedByte(UInt8(ascii: "="))
        }
        uncheckedByte(UInt8(ascii: "\""))
    }
}

/// What must be escaped inside a JSON string (RFC 8259 section 7), and the digits of escapes and base64.
@usableFromInline enum JSONEscape {
    @inlinable @inline(__always) static func needed(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// How many of eight bytes, from the first in memory, need no escape; 8 if none does.
    ///
    /// "A byte less than n" and "a byte equal to n", all lanes at once. A borrow can mark lanes behind the first that is meant, never
    /// one before it.
    @inlinable @inline(__always) static func plainBytes(in word: UInt64) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let below = (word &- ones &* 0x20) & ~word
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let equal = ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
        return ((below | equal) & highs).trailingZeroBitCount &>> 3
    }

    static func hex(_ nibble: UInt8) -> UInt8 { nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "a") &+ nibble &- 10 }

    @inline(__always) static func base64(_ six: UInt32) -> UInt8 {
        switch six {
        case 0..<26: UInt8(ascii: "A") &+ UInt8(truncatingIfNeeded: six)
        case 26..<52: UInt8(ascii: "a") &+ UInt8(truncatingIfNeeded: six &- 26)
        case 52..<62: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: six &- 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
