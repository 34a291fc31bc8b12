import CSQLite
import Protocol

/// Writes the row a statement stands on, cell by cell, as ``Column/Encoding`` says.
struct SQLiteRows {
    private let statement: OpaquePointer
    private let encodings: [Column.Encoding]
    private let cellBytesMax: Int

    init(_ statement: OpaquePointer, _ columns: [Column], cellBytesMax: Int) {
        self.statement = statement
        self.encodings = columns.map(\.encoding)
        self.cellBytesMax = max(cellBytesMax, 0)
    }

    func write(to pager: inout RowPager) throws(DatabaseError) -> Demand {
        pager.writer.reserve(encodings.count &* 32 &+ 16)
        pager.beginRow()
        for index in 0..<encodings.count {
            pager.beginCell()
            cell(Int32(truncatingIfNeeded: index), encodings[index], &pager)
        }
        return try pager.endRow()
    }

    @inline(__always)
    private func cell(_ index: Int32, _ encoding: Column.Encoding, _ pager: inout RowPager) {
        switch sqlite3_column_type(statement, index) {
        case SQLITE_INTEGER: SQLiteRows.integer(sqlite3_column_int64(statement, index), encoding, &pager.writer)
        case SQLITE_FLOAT: SQLiteRows.real(sqlite3_column_double(statement, index), encoding, &pager.writer)
        case SQLITE_TEXT:
            let text = sqlite3_column_text(statement, index)
            text2(UnsafeRawBufferPointer(start: text, count: text == nil ? 0 : size(index)), encoding, &pager)
        case SQLITE_BLOB:
            let blob = sqlite3_column_blob(statement, index)
            self.blob(UnsafeRawBufferPointer(start: blob, count: blob == nil ? 0 : size(index)), encoding, &pager)
        default: pager.writer.null()
        }
    }

    @inline(__always) private func size(_ index: Int32) -> Int { Int(sqlite3_column_bytes(statement, index)) }

    // MARK: One storage class each

    @inline(__always)
    private static func integer(_ value: Int64, _ encoding: Column.Encoding, _ writer: inout JSONWriter) {
        if encoding == .integer { return writer.lossless(value) }
        if encoding == .dynamic, value.magnitude <= 9_007_199_254_740_991 { return writer.integer(value) }
        writer.raw("{\"$integer\":\"")
        writer.integer(value)
        writer.raw("\"}")
    }

    @inline(__always)
    private static func real(_ value: Double, _ encoding: Column.Encoding, _ writer: inout JSONWriter) {
        if encoding == .float || (encoding == .dynamic && value.isFinite) { return shortest(value, &writer) }
        writer.raw("{\"$float\":")
        shortest(value, &writer)
        writer.byte(UInt8(ascii: "}"))
    }

    /// As ``JSONWriter/double(_:)``, quicker for the numbers people store: at most two decimals, at most 15 digits. The
    /// quotient of two integers is rounded like the decimal with those digits, so equality says the digits are right.
    @inline(__always)
    private static func shortest(_ value: Double, _ writer: inout JSONWriter) {
        guard value.magnitude < 1e12, value.magnitude >= 0.01 else { return writer.double(value) }
        let hundredths = (value * 100).rounded()
        guard hundredths / 100 == value else { return writer.double(value) }
        let scaled = UInt64(hundredths.magnitude)
        let (whole, part) = scaled.quotientAndRemainder(dividingBy: 100)
        writer.reserve(24)
        if value < 0 { writer.uncheckedByte(UInt8(ascii: "-")) }
        writer.uncheckedInteger(Int64(truncatingIfNeeded: whole))
        let (tenths, rest) = part.quotientAndRemainder(dividingBy: 10)
        writer.uncheckedByte(UInt8(ascii: "."))
        writer.uncheckedByte(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: tenths))
        if rest != 0 { writer.uncheckedByte(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest)) }
    }

    @inline(__always)
    private func text2(_ bytes: UnsafeRawBufferPointer, _ encoding: Column.Encoding, _ pager: inout RowPager) {
        if bytes.count <= cellBytesMax, encoding == .string || encoding == .dynamic, UTF8Check.isValid(bytes) {
            return pager.writer.string(utf8: bytes)
        }
        unusualText(bytes, encoding, &pager)
    }

    @inline(never)
    private func unusualText(_ bytes: UnsafeRawBufferPointer, _ encoding: Column.Encoding, _ pager: inout RowPager) {
        if bytes.count > cellBytesMax {
            let start = UnsafeRawBufferPointer(rebasing: bytes[0..<min(bytes.count, 1_100)])
            let whole = UTF8Check.validPrefix(start)
            // A character cut off at the end of the look is no fault; anything earlier is.
            if whole > start.count - 4 {
                pager.truncatedText(bytesTotal: bytes.count, prefix: UnsafeRawBufferPointer(rebasing: start[0..<whole]))
            } else {
                pager.truncatedBinary(bytesTotal: bytes.count, prefix: start)
            }
        } else if UTF8Check.isValid(bytes) {
            pager.writer.raw("{\"$text\":")
            pager.writer.string(utf8: bytes)
            pager.writer.byte(UInt8(ascii: "}"))
        } else {
            pager.writer.raw("{\"$base64\":")
            pager.writer.base64(bytes)
            pager.writer.raw(",\"text\":true}")
        }
    }

    private func blob(_ bytes: UnsafeRawBufferPointer, _ encoding: Column.Encoding, _ pager: inout RowPager) {
        if bytes.count > cellBytesMax { return pager.truncatedBinary(bytesTotal: bytes.count, prefix: bytes) }
        if encoding == .base64 { return pager.writer.base64(bytes) }
        pager.writer.raw("{\"$base64\":")
        pager.writer.base64(bytes)
        pager.writer.byte(UInt8(ascii: "}"))
    }
}
