import CLibpq
import Glibc
import Protocol

/// Writes the cells of a result, which the server sends as text, as JSON.
///
/// The text is the server's, but it is not trusted to be what its type says: a number is copied only if it looks like
/// one, JSON only if it is JSON, text only if it is UTF-8 (an `SQL_ASCII` database may hold anything).
struct PostgreSQLCellWriter {
    private let encodings: [Column.Encoding]
    private let cellBytesMax: Int

    init(_ columns: [Column], cellBytesMax: Int) {
        encodings = columns.map(\.encoding)
        self.cellBytesMax = cellBytesMax
    }

    /// Whether a result has the columns we know.
    func fits(_ result: OpaquePointer) -> Bool { Int(PQnfields(result)) == encodings.count }

    /// Writes one row of `result`, without ending it.
    func writeRow(_ result: OpaquePointer, row: Int32 = 0, to pager: inout RowPager) {
        pager.beginRow()
        encodings.withUnsafeBufferPointer { encodings in
            for index in encodings.indices {
                pager.beginCell()
                let column = Int32(truncatingIfNeeded: index)
                let count = Int(PQgetlength(result, row, column))
                guard let value = PQgetvalue(result, row, column), count > 0 || PQgetisnull(result, row, column) == 0 else {
                    pager.writer.null()
                    continue
                }
                write(UnsafeRawBufferPointer(start: value, count: count), encodings[index], to: &pager)
            }
        }
    }

    @inline(__always)
    private func write(_ text: UnsafeRawBufferPointer, _ encoding: Column.Encoding, to pager: inout RowPager) {
        switch encoding {
        case .integer where text.count <= 15 && Self.isInteger(text): pager.writer.raw(text)
        case .float where Self.isNumber(text): pager.writer.raw(text)
        case .boolean where text.count == 1 && (text[0] == UInt8(ascii: "t") || text[0] == UInt8(ascii: "f")):
            pager.writer.bool(text[0] == UInt8(ascii: "t"))
        case .integer where Self.isInteger(text):
            if text.count <= 20, let value = Int64(String(decoding: text, as: UTF8.self)) {
                pager.writer.lossless(value)
            } else {
                writeText(text, to: &pager)
            }
        case .base64: writeBinary(text, to: &pager)
        case .json: writeJSON(text, to: &pager)
        default: writeText(text, to: &pager)
        }
    }

    // MARK: Text

    private func writeText(_ text: UnsafeRawBufferPointer, to pager: inout RowPager) {
        guard UTF8Check.isValid(text) else {
            // Lossless and never broken JSON: the bytes as they are.
            pager.writer.raw("{\"$base64\":")
            pager.writer.base64(UnsafeRawBufferPointer(rebasing: text.prefix(cellBytesMax)))
            if text.count > cellBytesMax {
                pager.writer.raw(",\"$truncated\":{\"bytes\":")
                pager.writer.integer(text.count)
                pager.writer.raw("}")
            }
            pager.writer.raw("}")
            return
        }
        if text.count > cellBytesMax {
            pager.truncatedText(bytesTotal: text.count, prefix: text)
        } else {
            pager.writer.string(utf8: text)
        }
    }

    private func writeJSON(_ text: UnsafeRawBufferPointer, to pager: inout RowPager) {
        guard text.count <= cellBytesMax, UTF8Check.isValid(text), PostgreSQLJSONCheck.canBeEmbedded(text) else {
            return writeText(text, to: &pager)
        }
        pager.writer.onOneLine(text)
    }

    // MARK: Binary

    private func writeBinary(_ text: UnsafeRawBufferPointer, to pager: inout RowPager) {
        let bytes = text.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "x")]) ? Self.hexDecoded(text) : Self.escapeDecoded(text)
        guard let bytes else { return writeText(text, to: &pager) }
        bytes.withUnsafeBytes { bytes in
            if bytes.count > cellBytesMax {
                pager.truncatedBinary(bytesTotal: bytes.count, prefix: bytes)
            } else {
                pager.writer.base64(bytes)
            }
        }
    }

    private static func hexDecoded(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count % 2 == 0 else { return nil }
        var isHex = true
        let bytes = [UInt8](unsafeUninitializedCapacity: (text.count - 2) / 2) { target, count in
            var index = 2
            while index < text.count {
                let high = nibble(text[index])
                let low = nibble(text[index &+ 1])
                if high | low > 15 { isHex = false }
                target[count] = high &<< 4 | low
                count &+= 1
                index &+= 2
            }
        }
        return isHex ? bytes : nil
    }

    @inline(__always) private static func nibble(_ byte: UInt8) -> UInt8 {
        let digit = byte &- 0x30
        if digit < 10 { return digit }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : 0xFF
    }

    /// `bytea_output = escape`, which a statement can switch on for itself: `\\` and `\ooo`.
    private static func escapeDecoded(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var bytes: [UInt8] = []
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "\\") else {
                bytes.append(text[index])
                index += 1
                continue
            }
            if index + 1 < text.count, text[index + 1] == UInt8(ascii: "\\") {
                bytes.append(UInt8(ascii: "\\"))
                index += 2
                continue
            }
            guard index + 3 < text.count, text[(index + 1)...(index + 3)].allSatisfy({ 0x30...0x37 ~= $0 }) else { return nil }
            let value = text[(index + 1)...(index + 3)].reduce(0) { $0 * 8 + Int($1 - 0x30) }
            guard value <= 255 else { return nil }
            bytes.append(UInt8(value))
            index += 4
        }
        return bytes
    }

    // MARK: Numbers

    @inline(__always) private static func isInteger(_ text: UnsafeRawBufferPointer) -> Bool {
        var index = text.first == UInt8(ascii: "-") ? 1 : 0
        guard index < text.count, text[index] != UInt8(ascii: "0") || text.count == index &+ 1 else { return false }
        while index < text.count {
            guard text[index] &- 0x30 < 10 else { return false }
            index &+= 1
        }
        return true
    }

    /// A JSON number: what the server writes of a finite float is one.
    @inline(__always) private static func isNumber(_ text: UnsafeRawBufferPointer) -> Bool {
        var index = text.first == UInt8(ascii: "-") ? 1 : 0
        func digits() -> Bool {
            let start = index
            while index < text.count, text[index] &- 0x30 < 10 { index &+= 1 }
            return index > start
        }
        let first = index
        guard digits(), text[first] != UInt8(ascii: "0") || index == first &+ 1 else { return false }
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index &+= 1
            guard digits() else { return false }
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index &+= 1
            if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") { index &+= 1 }
            guard digits() else { return false }
        }
        return index == text.count
    }
}
