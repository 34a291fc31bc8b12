internal import CMariaDB
internal import Protocol

/// Writes rows of a prepared statement as JSON, straight from the library's network buffer.
///
/// No result is bound: after each fetch the library leaves, for every column, a pointer to the cell as it came over the wire
/// (`MYSQL_BIND.u.row_ptr`, null for NULL) and its length. Reading there saves the copy into bound buffers and the second fetch
/// of long cells. That a cell lies inside its row is for the library to check: bound or not, it walks the row first.
struct MariaDBRowWriter {
    private let kinds: [MariaDBCellKind]
    private let fractions: [UInt8]
    private let cellBytesMax: Int
    private let scanner: JSONScanner?

    init(_ columns: [MariaDBColumn], cellBytesMax: Int) {
        kinds = columns.map(\.kind)
        fractions = columns.map(\.fraction)
        self.cellBytesMax = cellBytesMax
        scanner = kinds.contains(.json) ? JSONScanner() : nil
    }

    /// Writes the row that was fetched last.
    @inline(__always)
    func write(_ cells: UnsafeMutablePointer<MYSQL_BIND>, into pager: inout RowPager) {
        pager.beginRow()
        for index in 0..<kinds.count {
            pager.beginCell()
            guard let start = cells[index].u.row_ptr else {
                pager.writer.null()
                continue
            }
            write(kinds[index], fractions[index], UnsafeRawPointer(start), length: cells[index].length_value, into: &pager)
        }
    }

    @inline(__always)
    private func write(
        _ kind: MariaDBCellKind, _ fraction: UInt8, _ start: UnsafeRawPointer, length: UInt, into pager: inout RowPager
    ) {
        switch kind {
        case .null: pager.writer.null()
        case .int8: pager.writer.integer(start.load(as: Int8.self))
        case .uint8: pager.writer.integer(start.load(as: UInt8.self))
        case .int16: pager.writer.integer(Int16(littleEndian: start.loadUnaligned(as: Int16.self)))
        case .uint16: pager.writer.integer(UInt16(littleEndian: start.loadUnaligned(as: UInt16.self)))
        case .int32: pager.writer.integer(Int32(littleEndian: start.loadUnaligned(as: Int32.self)))
        case .uint32: pager.writer.integer(UInt32(littleEndian: start.loadUnaligned(as: UInt32.self)))
        case .int64: pager.writer.lossless(Int64(littleEndian: start.loadUnaligned(as: Int64.self)))
        case .uint64: pager.writer.unsigned(UInt64(littleEndian: start.loadUnaligned(as: UInt64.self)))
        case .float:
            pager.writer.float(Float(bitPattern: UInt32(littleEndian: start.loadUnaligned(as: UInt32.self))))
        case .double:
            pager.writer.double(Double(bitPattern: UInt64(littleEndian: start.loadUnaligned(as: UInt64.self))))
        case .year: pager.writer.year(Int(UInt16(littleEndian: start.loadUnaligned(as: UInt16.self))))
        default: writeCounted(kind, fraction, MariaDBRowWriter.cell(start, length), into: &pager)
        }
    }

    /// The bytes of a cell that is preceded by its length: 1, 3, 4 or 9 bytes, by the first of them.
    @inline(__always)
    private static func cell(_ start: UnsafeRawPointer, _ length: UInt) -> UnsafeRawBufferPointer {
        let prefix =
            switch start.load(as: UInt8.self) {
            case 0xFC: 3
            case 0xFD: 4
            case 0xFE: 9
            default: 1
            }
        return UnsafeRawBufferPointer(start: start + prefix, count: Int(length))
    }

    private func writeCounted(
        _ kind: MariaDBCellKind, _ fraction: UInt8, _ cell: UnsafeRawBufferPointer, into pager: inout RowPager
    ) {
        switch kind {
        case .date: pager.writer.date(cell)
        case .dateTime: pager.writer.dateTime(cell, fraction: fraction)
        case .time: pager.writer.time(cell, fraction: fraction)
        case .bits:
            var value: UInt64 = 0
            for byte in cell.suffix(8) { value = value << 8 | UInt64(byte) }
            pager.writer.unsigned(value)
        case .digits:
            if let value = UInt64(String(decoding: cell, as: UTF8.self)) {
                pager.writer.unsigned(value)
            } else {
                writeText(cell, into: &pager)
            }
        case .binary:
            if cell.count > cellBytesMax {
                pager.truncatedBinary(bytesTotal: cell.count, prefix: cell)
            } else {
                pager.writer.base64(cell)
            }
        case .json: writeJSON(cell, into: &pager)
        default: writeText(cell, into: &pager)
        }
    }

    private func writeText(_ cell: UnsafeRawBufferPointer, into pager: inout RowPager) {
        if cell.count > cellBytesMax {
            writeTruncated(cell, into: &pager)
        } else if UTF8Check.isValid(cell) {
            pager.writer.string(utf8: cell)
        } else {
            // Text that is not text, out of a column whose character set lies: no byte of it may be lost or replaced.
            pager.writer.raw("{\"$base64\":")
            pager.writer.base64(cell)
            pager.writer.raw("}")
        }
    }

    /// MariaDB's JSON is text with a check that can be dropped, and more lenient than JSON: a cell that is not JSON is said to
    /// be text.
    private func writeJSON(_ cell: UnsafeRawBufferPointer, into pager: inout RowPager) {
        if cell.count > cellBytesMax { return writeTruncated(cell, into: &pager) }
        do throws(JSONSyntaxError) {
            try scanner?.check(cell)
        } catch {
            pager.writer.raw("{\"$text\":")
            writeText(cell, into: &pager)
            pager.writer.raw("}")
            return
        }
        pager.writer.onOneLine(cell)
    }

    private func writeTruncated(_ cell: UnsafeRawBufferPointer, into pager: inout RowPager) {
        // A few bytes more than are shown, to see where the last character that fits begins.
        let prefix = UnsafeRawBufferPointer(rebasing: cell.prefix(1028))
        if UTF8Check.isValidPrefix(prefix) {
            pager.truncatedText(bytesTotal: cell.count, prefix: prefix)
        } else {
            pager.truncatedBinary(bytesTotal: cell.count, prefix: prefix)
        }
    }
}
