public import Protocol

/// A column of a result as ``ResultText`` needs it.
public struct ResultColumn: Sendable, Equatable {
    public var name: String
    public var type: String
    /// Whether its values must not be shown to a model.
    public var isMasked: Bool

    public init(name: String, type: String, isMasked: Bool = false) {
        self.name = name
        self.type = type
        self.isMasked = isMasked
    }
}

/// A page of rows, written for a model. It holds data: wrap it in a ``Boundary``.
public struct ResultText: Sendable, Equatable {
    /// Columns on a line, then a row a line as a JSON array, then how many rows there are and how many of them are here.
    public var text: String
    public var shownRows: Int
    /// Cells that were cut.
    public var cutCells: Int

    /// - Parameters:
    ///   - rows: a JSON array of arrays, as `rows` of a query's result; each inner array has a cell for each column.
    ///   - totalRows: how many rows the result has; nil if that is not known.
    ///   - isTruncated: whether the result itself was cut off at a limit.
    ///   - rowsMax: at most ``AssistantLimits/promptRows``, whatever is given.
    ///   - bytesMax: at most ``AssistantLimits/promptBytes``, whatever is given. The whole text takes no more.
    public init(
        columns: [ResultColumn], rows: JSONText, totalRows: Int?, isTruncated: Bool = false,
        rowsMax: Int = AssistantLimits.promptRows, bytesMax: Int = AssistantLimits.promptBytes
    ) {
        let rowsMax = max(0, min(rowsMax, AssistantLimits.promptRows))
        let bytesMax = max(0, min(bytesMax, AssistantLimits.promptBytes))
        var writer = JSONWriter(capacity: 4096)
        // Room for the last line.
        let limit = bytesMax - Self.lastLineBytes
        Self.heading(columns, limit, &writer)
        var shown = 0
        var cut = 0
        var present = 0
        rows.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            try? reader.enterArray()
            var isFull = false
            while reader.nextElement() {
                present += 1
                guard !isFull, shown < rowsMax else {
                    reader.slice()
                    continue
                }
                let (start, cutBefore) = (writer.count, cut)
                Self.row(&reader, columns, &writer, &cut)
                if writer.count > limit {
                    writer.truncate(to: start)
                    cut = cutBefore
                    isFull = true
                } else {
                    shown += 1
                }
            }
        }
        shownRows = shown
        cutCells = cut
        let total = max(totalRows ?? present, present)
        writer.plain(Self.lastLine(shown, total, isKnown: totalRows != nil, isTruncated, cut))
        text = bytesMax < Self.lastLineBytes ? "" : writer.take().string
    }

    private static let lastLineBytes = 240

    private static func heading(_ columns: [ResultColumn], _ limit: Int, _ writer: inout JSONWriter) {
        writer.plain("columns: ")
        for (offset, column) in columns.enumerated() {
            let start = writer.count
            let name = SafeLine.text(column.name, bytesMax: 120)
            writer.plain(
                "\(offset > 0 ? ", " : "")\(name) \(column.isMasked ? MaskedColumns.mark : SafeLine.text(column.type, bytesMax: 60))"
            )
            if writer.count > limit / 2 {
                writer.truncate(to: start)
                writer.plain(", … \(columns.count - offset) more")
                break
            }
        }
        writer.plain("\n")
    }

    private static func row(_ reader: inout JSONReader, _ columns: [ResultColumn], _ writer: inout JSONWriter, _ cut: inout Int) {
        writer.raw("[")
        var index = 0
        try? reader.enterArray()
        while reader.nextElement() {
            if index > 0 { writer.raw(",") }
            let cell = reader.slice()
            // A cell that belongs to no column is not known to be unmasked.
            if index >= columns.count || columns[index].isMasked {
                writer.string(MaskedColumns.mark)
            } else if cell.count > AssistantLimits.cellBytes {
                cut += 1
                let text = String(decoding: cell.prefix(AssistantLimits.cellBytes), as: UTF8.self)
                writer.string(text.limited(toBytes: AssistantLimits.cellBytes - 8) + " [cut: \(cell.count) bytes]")
            } else {
                writer.onOneLine(cell)
            }
            index += 1
        }
        writer.raw("]\n")
    }

    private static func lastLine(_ shown: Int, _ total: Int, isKnown: Bool, _ isTruncated: Bool, _ cut: Int) -> String {
        var text: String
        if total == 0 {
            text = "0 rows."
        } else if shown == total, isKnown, !isTruncated {
            text = "\(total) \(total == 1 ? "row" : "rows"), all shown."
        } else {
            let atLeast = isKnown && !isTruncated ? "" : "at least "
            text =
                "\(shown) of \(atLeast)\(total) rows shown. Do not count or add up from these: use count(*), sum or GROUP BY in SQL."
        }
        if cut > 0 { text += " \(cut) long cells were cut." }
        return text
    }
}
