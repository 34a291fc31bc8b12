public import Protocol
import Synchronization

/// A conversion of a kept result under way: rows go in page by page, texts come out.
///
/// One task drives it, a step at a time; the work is done on ``ResultThread``. It holds one text and no row.
public final class ResultExport: Sendable {
    /// A text that came out.
    public struct Text: Sendable {
        /// The text as a JSON string.
        public var json: JSONText
        /// Its size as UTF-8.
        public var bytes: Int
        /// Cells of its rows of which only the beginning was kept.
        public var cutCells: Int
    }

    private struct State: ~Copyable {
        var out = JSONWriter(capacity: 64 << 10)
        var scratch = JSONWriter(capacity: 1 << 10)
        var format: any RowFormat
        var cut: CutCells
    }

    private let columns: [Column]
    private let state: Mutex<State>

    /// - Parameter engine: whose SQL is written.
    public init(_ format: ResultFormat, _ options: ResultFormatOptions, columns: [Column], engine: DatabaseType) {
        self.columns = columns
        let rows: any RowFormat =
            switch format {
            case .csv: CSVRows(columns, options)
            case .json: JSONRows(columns, isArray: true)
            case .jsonl: JSONRows(columns, isArray: false)
            case .markdown: MarkdownRows(columns, options)
            case .sql: InsertRows(columns, engine, options)
            }
        state = Mutex(State(format: rows, cut: CutCells(areAllowed: options.allowsCutCells)))
    }

    /// Writes what stands before the first row.
    public func begin() { state.withLock { $0.format.begin(&$0.out) } }

    /// Writes rows of `page` from row `start` of it on, until one makes the text `bytesMax` long; answers the row after the last, and
    /// whether the text is that long.
    ///
    /// Throws `cell_truncated`, naming the cell, where one was cut and that is not allowed; `busy` where too much is under way.
    public func add(
        _ page: SpooledPage, from start: Int, bytesMax: Int
    ) async throws(DatabaseError) -> (next: Int, isFull: Bool) {
        let result = try await ResultThread.run { [self] in
            Result<(Int, Bool), DatabaseError> { () throws(DatabaseError) in try convert(page, from: start, bytesMax: bytesMax) }
        }
        return try result.get()
    }

    private func convert(
        _ page: SpooledPage, from start: Int, bytesMax: Int
    ) throws(DatabaseError) -> (next: Int, isFull: Bool) {
        var row = 0
        let failure: CutCell? = state.withLock { state in
            page.rows.withUnsafeBytes { bytes in
                var reader = JSONReader(bytes)
                try? reader.enterArray()
                while state.out.count < bytesMax, reader.nextElement() {
                    if row < start {
                        reader.slice()
                    } else {
                        do throws(CutCell) {
                            try state.format.row(
                                &reader, isFirst: page.firstRow + row == 0, &state.out, scratch: &state.scratch, &state.cut)
                        } catch {
                            return error
                        }
                    }
                    row += 1
                }
                return nil
            }
        }
        if let failure { throw .cutCell(columns[failure.column].name, row: page.firstRow + row) }
        return (row, state.withLock { $0.out.count >= bytesMax })
    }

    /// More rows come, in another text.
    public func pause() { state.withLock { $0.format.pause(&$0.out) } }

    /// Writes what stands after the last row. `isTruncated`: because a limit was reached.
    public func end(isTruncated: Bool) { state.withLock { $0.format.end(&$0.out, isTruncated: isTruncated) } }

    /// The text so far as it would be sent; the next one begins empty.
    public func takeText() async throws(DatabaseError) -> Text {
        try await ResultThread.run { [self] in
            state.withLock { state in
                var writer = JSONWriter(capacity: state.out.count + state.out.count / 8 + 2)
                let bytes = state.out.count
                state.out.withUnsafeBytes { writer.string(utf8: $0) }
                state.out.truncate(to: 0)
                defer { state.cut.count = 0 }
                return Text(json: writer.take(), bytes: bytes, cutCells: state.cut.count)
            }
        }
    }

    /// The text so far as bytes, for a file, and how many cells of it were cut; the next one begins empty.
    func takeBytes() -> (bytes: [UInt8], cutCells: Int) {
        state.withLock { state in
            let bytes = state.out.withUnsafeBytes { Array($0) }
            state.out.truncate(to: 0)
            defer { state.cut.count = 0 }
            return (bytes, state.cut.count)
        }
    }
}

extension DatabaseError {
    static func cutCell(_ column: String, row: Int) -> DatabaseError {
        let name = String(String.UnicodeScalarView(column.unicodeScalars.prefix(64)))
        return DatabaseError(
            Code("cell_truncated"), phase: .fetch,
            "Row \(row + 1) has a cell in the column \(name) that is longer than the limit cellBytes, and only its beginning was kept.",
            hint:
                "Leave the column out, shorten it in the statement, have the limit raised, or allow it with options.allowTruncated."
        )
    }
}
