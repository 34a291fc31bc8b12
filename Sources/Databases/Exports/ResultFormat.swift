import Protocol

/// What a kept result can be converted to. The raw value is the word on the wire.
public enum ResultFormat: String, Sendable, CaseIterable {
    case csv, json, jsonl, markdown, sql
}

/// How a result is written. What a format has no use for is ignored.
public struct ResultFormatOptions: Sendable, Equatable {
    /// CSV: whether the columns' names come first.
    public var hasHeader = true
    /// CSV: an ASCII character other than a quote or a line break.
    public var delimiter = UInt8(ascii: ",")
    /// CSV: lines end as RFC 4180 has it, or with a line feed.
    public var endsLinesWithCRLF = true
    /// CSV: whether it begins with U+FEFF.
    public var hasByteOrderMark = false
    /// CSV: whether texts that a spreadsheet would run get a single quote before them.
    public var guardsFormulas = false
    /// CSV and Markdown: what null is written as; nil for nothing and `*NULL*`. In CSV it must need no quotes.
    public var nullText: String?
    /// CSV and Markdown: bytes in hexadecimal in place of base64.
    public var writesHex = false
    /// SQL: where to insert; unquoted names.
    public var table = "result"
    public var schema: String?
    /// Whether cells of which only the beginning was kept are exported, marked; never to SQL.
    public var allowsCutCells = false

    public init() {}
}

/// A row that cannot be exported, because only the beginning of one of its cells was kept.
struct CutCell: Error {
    var column: Int
}

/// Counts such cells where they are allowed.
struct CutCells {
    let areAllowed: Bool
    var count = 0

    mutating func see(_ column: Int) throws(CutCell) {
        guard areAllowed else { throw CutCell(column: column) }
        count += 1
    }
}

/// Writes rows in a format. The texts between ``begin(_:)`` or the last pause and the next ``pause(_:)`` or ``end(_:isTruncated:)``
/// are whole in themselves, and the whole is these in order.
protocol RowFormat: Sendable {
    /// What stands before the first row.
    mutating func begin(_ out: inout JSONWriter)
    /// Writes the row that comes next in a page. `isFirst`: of the whole result. `scratch` is the format's to use.
    mutating func row(
        _ reader: inout JSONReader, isFirst: Bool, _ out: inout JSONWriter, scratch: inout JSONWriter, _ cut: inout CutCells
    ) throws(CutCell)
    /// More rows come, in another text.
    mutating func pause(_ out: inout JSONWriter)
    /// No more rows come; `isTruncated` because a limit was reached.
    mutating func end(_ out: inout JSONWriter, isTruncated: Bool)
}

extension RowFormat {
    mutating func pause(_ out: inout JSONWriter) {}
}
