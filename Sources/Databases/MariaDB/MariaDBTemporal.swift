internal import Protocol

/// Dates and times of the binary protocol, as the server writes them in text.
extension JSONWriter {
    /// An unsigned integer: a number within 2^53−1, else a string.
    mutating func unsigned(_ value: UInt64) {
        if value <= UInt64(Int64.max) { return lossless(Int64(value)) }
        raw("\"")
        var text = String(value)
        text.withUTF8 { raw(UnsafeRawBufferPointer($0)) }
        raw("\"")
    }

    mutating func year(_ value: Int) {
        raw("\"")
        digits(value, 4)
        raw("\"")
    }

    /// No bytes (the zero date) or at least four: year (2, little-endian), month, day.
    mutating func date(_ cell: UnsafeRawBufferPointer) {
        raw("\"")
        dateDigits(cell)
        raw("\"")
    }

    /// A date, then hour, minute, second, then microseconds (4); what is left out is zero.
    mutating func dateTime(_ cell: UnsafeRawBufferPointer, fraction: UInt8) {
        raw("\"")
        dateDigits(cell)
        raw(" ")
        clock(hours: cell.count >= 7 ? Int(cell[4]) : 0, cell, at: 5, fraction)
        raw("\"")
    }

    /// No bytes (zero) or sign, days (4), hour, minute, second, then microseconds (4).
    mutating func time(_ cell: UnsafeRawBufferPointer, fraction: UInt8) {
        raw("\"")
        if cell.count >= 8 {
            if cell[0] != 0 { raw("-") }
            clock(hours: Int(cell.little32(1)) &* 24 &+ Int(cell[5]), cell, at: 6, fraction)
        } else {
            clock(hours: 0, cell, at: cell.count, fraction)
        }
        raw("\"")
    }

    private mutating func dateDigits(_ cell: UnsafeRawBufferPointer) {
        let known = cell.count >= 4
        digits(known ? Int(cell[0]) | Int(cell[1]) << 8 : 0, 4)
        raw("-")
        digits(known ? Int(cell[2]) : 0, 2)
        raw("-")
        digits(known ? Int(cell[3]) : 0, 2)
    }

    private mutating func clock(hours: Int, _ cell: UnsafeRawBufferPointer, at offset: Int, _ fraction: UInt8) {
        let known = cell.count >= offset + 2
        digits(hours, 2)
        raw(":")
        digits(known ? Int(cell[offset]) : 0, 2)
        raw(":")
        digits(known ? Int(cell[offset + 1]) : 0, 2)
        var micros = cell.count >= offset + 6 ? Int(cell.little32(offset + 2)) : 0
        // 1 to 6 digits are the column's; more means "as many as there are".
        var places = Int(fraction)
        if places > 6 { places = micros == 0 ? 0 : 6 }
        guard places > 0 else { return }
        raw(".")
        for _ in places..<6 { micros /= 10 }
        digits(micros, places)
    }

    /// Decimal digits, at least `width`.
    private mutating func digits(_ value: Int, _ width: Int) {
        var bound = 10
        for _ in 1..<width {
            if value < bound { byte(UInt8(ascii: "0")) }
            bound &*= 10
        }
        integer(value)
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func little32(_ offset: Int) -> UInt32 {
        UInt32(self[offset]) | UInt32(self[offset + 1]) << 8 | UInt32(self[offset + 2]) << 16 | UInt32(self[offset + 3]) << 24
    }
}
