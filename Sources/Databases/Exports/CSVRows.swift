import Glibc
import Protocol

/// Comma-separated values (RFC 4180).
struct CSVRows: RowFormat {
    private let columns: [Column]
    private let options: ResultFormatOptions
    private let nullText: [UInt8]

    init(_ columns: [Column], _ options: ResultFormatOptions) {
        self.columns = columns
        self.options = options
        nullText = Array((options.nullText ?? "").utf8)
    }

    func begin(_ out: inout JSONWriter) {
        if options.hasByteOrderMark { out.plain("\u{FEFF}") }
        guard options.hasHeader else { return }
        for (index, column) in columns.enumerated() {
            if index > 0 { out.byte(options.delimiter) }
            var name = column.name
            name.withUTF8 { field(UnsafeRawBufferPointer($0), isText: true, &out) }
        }
        endLine(&out)
    }

    func row(
        _ reader: inout JSONReader, isFirst: Bool, _ out: inout JSONWriter, scratch: inout JSONWriter, _ cut: inout CutCells
    ) throws(CutCell) {
        try? reader.enterArray()
        var column = 0
        while reader.nextElement() {
            if column > 0 { out.byte(options.delimiter) }
            switch Cell(&reader, columns[column].encoding) {
            case .null: nullText.withUnsafeBytes { out.raw($0) }
            case .boolean(let value):
                if value { field("true", &out) } else { field("false", &out) }
            case .number(let digits), .notFinite(let digits): field(digits, isText: false, &out)
            case .text(let inside, let isEscaped):
                scratch.withCharacters(inside, isEscaped: isEscaped) { field($0, isText: true, &out) }
            case .json(let text): field(text, isText: true, &out)
            case .binary(let text, _):
                guard options.writesHex else {
                    field(text, isText: true, &out)
                    break
                }
                scratch.truncate(to: 0)
                scratch.hex(Base64Bytes(text))
                scratch.withUnsafeBytes { field($0, isText: true, &out) }
            case .cut(let prefix, _, let bytes):
                try cut.see(column)
                scratch.cut(prefix, bytes)
                scratch.withUnsafeBytes { field($0, isText: true, &out) }
            }
            column += 1
        }
        endLine(&out)
    }

    func end(_ out: inout JSONWriter, isTruncated: Bool) {}

    private func endLine(_ out: inout JSONWriter) {
        if options.endsLinesWithCRLF { out.raw("\r\n") } else { out.raw("\n") }
    }

    // MARK: Fields

    private func field(_ text: StaticString, _ out: inout JSONWriter) {
        field(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), isText: false, &out)
    }

    private func field(_ bytes: UnsafeRawBufferPointer, isText: Bool, _ out: inout JSONWriter) {
        let isFormula = isText && options.guardsFormulas && CSVRows.isFormula(bytes)
        guard isFormula || mustQuote(bytes) else { return out.raw(bytes) }
        out.byte(UInt8(ascii: "\""))
        if isFormula { out.byte(UInt8(ascii: "'")) }
        out.doubling(UInt8(ascii: "\""), in: bytes)
        out.byte(UInt8(ascii: "\""))
    }

    /// What would be read as something else without quotes: as the end of the cell, as null, without the blanks around it, as
    /// the end of the data by PostgreSQL.
    private func mustQuote(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = bytes.first, let last = bytes.last else { return true }
        if first <= 0x20 || last <= 0x20 || bytes.count == nullText.count && bytes.elementsEqual(nullText) { return true }
        if bytes.count == 2, first == UInt8(ascii: "\\"), last == UInt8(ascii: ".") { return true }
        return bytes.has(options.delimiter) || bytes.has(UInt8(ascii: "\"")) || bytes.has(0x0A) || bytes.has(0x0D)
    }

    /// By OWASP's list (CSV Injection), with the full-width forms that spreadsheets take for the same.
    private static func isFormula(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch bytes.first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0A, 0x0D: true
        case 0xEF: ["＝", "＋", "－", "＠"].contains { bytes.starts(with: $0.utf8) }
        default: false
        }
    }
}

extension JSONWriter {
    /// Appends bytes, each `mark` among them twice.
    mutating func doubling(_ mark: UInt8, in bytes: UnsafeRawBufferPointer) {
        guard bytes.has(mark) else { return raw(bytes) }
        var start = 0
        for index in bytes.indices where bytes[index] == mark {
            raw(UnsafeRawBufferPointer(rebasing: bytes[start...index]))
            start = index
        }
        raw(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }

    /// Writes anew what is left of a cell that was cut, as people read it.
    mutating func cut(_ prefix: UnsafeRawBufferPointer, _ bytes: Int) {
        truncate(to: 0)
        unescaped(prefix)
        plain("… (\(bytes) bytes)")
    }
}

extension UnsafeRawBufferPointer {
    /// Whether a byte is among these: most cells have none of those that matter, and that is soon seen.
    @inline(__always) func has(_ byte: UInt8) -> Bool {
        guard let baseAddress else { return false }
        return memchr(baseAddress, Int32(byte), count) != nil
    }
}
