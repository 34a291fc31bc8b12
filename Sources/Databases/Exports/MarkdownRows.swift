import Protocol

/// A table of GitHub Flavored Markdown (github.github.com/gfm, section 4.10).
struct MarkdownRows: RowFormat {
    private let columns: [Column]
    private let options: ResultFormatOptions

    init(_ columns: [Column], _ options: ResultFormatOptions) {
        self.columns = columns
        self.options = options
    }

    func begin(_ out: inout JSONWriter) {
        for column in columns {
            out.raw("| ")
            var name = column.name
            name.withUTF8 { escaped(UnsafeRawBufferPointer($0), &out) }
            out.raw(" ")
        }
        out.raw("|\n")
        for column in columns {
            switch column.encoding {
            case .integer, .float, .decimal: out.raw("| ---: ")
            default: out.raw("| --- ")
            }
        }
        out.raw("|\n")
    }

    func row(
        _ reader: inout JSONReader, isFirst: Bool, _ out: inout JSONWriter, scratch: inout JSONWriter, _ cut: inout CutCells
    ) throws(CutCell) {
        try? reader.enterArray()
        var column = 0
        while reader.nextElement() {
            out.raw("| ")
            switch Cell(&reader, columns[column].encoding) {
            case .null:
                if var text = options.nullText {
                    text.withUTF8 { escaped(UnsafeRawBufferPointer($0), &out) }
                } else {
                    out.raw("*NULL*")
                }
            case .boolean(let value): out.bool(value)
            case .number(let digits), .notFinite(let digits): out.raw(digits)
            case .text(let inside, let isEscaped):
                scratch.withCharacters(inside, isEscaped: isEscaped) { escaped($0, &out) }
            case .json(let text): escaped(text, &out)
            case .binary(let text, _): if options.writesHex { out.hex(Base64Bytes(text)) } else { out.raw(text) }
            case .cut(let prefix, _, let bytes):
                try cut.see(column)
                scratch.cut(prefix, bytes)
                scratch.withUnsafeBytes { escaped($0, &out) }
            }
            out.raw(" ")
            column += 1
        }
        out.raw("|\n")
    }

    func end(_ out: inout JSONWriter, isTruncated: Bool) {
        if isTruncated { out.raw("\nThe result has more rows than these: it stopped at a limit.\n") }
    }

    // MARK: Text

    /// Shown as it is: nothing in it ends the cell, is a mark, a link or HTML.
    private func escaped(_ bytes: UnsafeRawBufferPointer, _ out: inout JSONWriter) {
        var start = 0
        for index in bytes.indices {
            let byte = bytes[index]
            guard Self.isSpecial(byte) else { continue }
            out.raw(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
            start = index + 1
            switch byte {
            case UInt8(ascii: "&"): out.raw("&amp;")
            case UInt8(ascii: "<"): out.raw("&lt;")
            case UInt8(ascii: "\n"): out.raw("<br>")
            case UInt8(ascii: "\r"):
                if index + 1 >= bytes.count || bytes[index + 1] != UInt8(ascii: "\n") { out.raw("<br>") }
            case UInt8(ascii: "\t"): out.raw(" ")
            case 0x7F: out.plain("\u{2421}")
            case ..<0x20: out.plain(String(UnicodeScalar(0x2400 + UInt32(byte)) ?? " "))
            // Inside a word it means nothing.
            case UInt8(ascii: "_")
            where index > 0 && index + 1 < bytes.count && isWord(bytes[index - 1]) && isWord(bytes[index + 1]):
                out.byte(byte)
            default:
                out.byte(UInt8(ascii: "\\"))
                out.byte(byte)
            }
        }
        out.raw(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }

    private func isWord(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte >= 0x80 }

    @inline(__always) private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case ..<0x20, 0x7F, UInt8(ascii: "\\"), UInt8(ascii: "|"), UInt8(ascii: "`"), UInt8(ascii: "*"), UInt8(ascii: "_"),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "~"), UInt8(ascii: "<"), UInt8(ascii: "&"):
            true
        default: false
        }
    }
}
