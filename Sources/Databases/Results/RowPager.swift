public import Protocol

/// A run of rows of one result, encoded.
public struct Page: Sendable {
    /// Index of the first row in the whole result.
    public var firstRow: Int
    public var rowCount: Int
    /// `[[…],[…]]`: an array of rows, each an array of cells in column order.
    public var rows: JSONText
}

/// What a sink wants after a page.
public enum Demand: Sendable {
    case more
    /// Enough: the driver stops the statement as cheaply as the engine allows, and ends normally.
    case enough
}

/// Where a driver's rows go. Called on the connection's own thread, in order: `columns` once, then pages.
public protocol RowSink: AnyObject {
    func columns(_ columns: [Column]) throws(DatabaseError)
    /// May block the thread (that is the back-pressure); must not be called again after `.enough`.
    func page(_ page: Page) throws(DatabaseError) -> Demand
    /// The first page is not all: the driver has another row. At most once, between the first page and the second or `truncated`.
    func rowFollows()
    /// There was at least one row more than the limit let through. At most once, after the last page.
    func truncated(by limit: RowLimit)
    /// How the run ended; exactly once, last, mostly on the connection's thread. After a failure the pages before it stand.
    func ended(_ result: Result<StatementOutcome, DatabaseError>)
    /// The run is being stopped: a `page` that blocks must return soon. From any thread.
    func interrupt()
}

extension RowSink {
    public func rowFollows() {}
    public func truncated(by limit: RowLimit) {}
    public func ended(_ result: Result<StatementOutcome, DatabaseError>) {}
    public func interrupt() {}
}

/// What cut a result short.
public enum RowLimit: String, Sendable {
    case rows, bytes
    /// No room left to keep the result.
    case quota
}

/// Cuts rows into pages while a driver writes them, cell by cell, straight into JSON.
///
///     try pager.begin(columns)
///     row: while … {
///         pager.beginRow()
///         for each cell { pager.beginCell(); write it to pager.writer }
///         if try pager.endRow() == .enough { break row }
///     }
///     try pager.finish()
public struct RowPager: ~Copyable {
    /// Where the cells go.
    public var writer: JSONWriter
    /// Rows of the whole result so far.
    public private(set) var rowsTotal = 0
    /// Bytes of JSON of the whole result so far.
    public private(set) var bytesTotal = 0

    private let pageRows: Int
    private let pageBytes: Int
    private let rowsMax: Int
    private let bytesMax: Int
    /// Rows that end the page being written: fewer at the row limit, so that the limit falls on a page's end; one beyond it.
    private var rowsUntilPage: Int
    /// The limit that was reached; a row after it is dropped and reported.
    private var limitReached: RowLimit?
    private let sink: any RowSink
    /// Whether the first page has gone and nobody has heard yet of a row after it.
    private var isFollowerNews = false
    private var rowsInPage = 0
    private var cellsInRow = 0

    /// A page ends at `pageRows` rows or once it has `pageBytes` bytes, whichever comes first.
    ///
    /// `rowsMax` is exact; `bytesMax` ends the result with the page that reaches it. One more row is asked for, so that the sink
    /// hears `truncated` only when there was one.
    public init(pageRows: Int, pageBytes: Int, rowsMax: Int = .max, bytesMax: Int = .max, sink: any RowSink) {
        self.pageRows = max(pageRows, 1)
        self.pageBytes = pageBytes
        self.rowsMax = rowsMax
        self.bytesMax = bytesMax
        self.rowsUntilPage = 0
        self.sink = sink
        self.writer = JSONWriter(capacity: 16 * 1024)
        startPage()
    }

    private mutating func startPage() {
        if rowsTotal >= rowsMax {
            limitReached = .rows
        } else if bytesTotal >= bytesMax {
            limitReached = .bytes
        }
        rowsUntilPage = limitReached == nil ? min(pageRows, rowsMax - rowsTotal) : 1
    }

    /// Says what the columns are; once, before the first row.
    public mutating func begin(_ columns: [Column]) throws(DatabaseError) {
        try sink.columns(columns)
    }

    @inline(__always) public mutating func beginRow() {
        writer.reserve(2)
        writer.uncheckedByte(rowsInPage == 0 ? UInt8(ascii: "[") : UInt8(ascii: ","))
        writer.uncheckedByte(UInt8(ascii: "["))
        cellsInRow = 0
        if isFollowerNews { sayRowFollows() }
    }

    @inline(never) private mutating func sayRowFollows() {
        isFollowerNews = false
        // A row beyond the limit is not one that can be read.
        if limitReached == nil { sink.rowFollows() }
    }

    @inline(__always) public mutating func beginCell() {
        if cellsInRow > 0 { writer.byte(UInt8(ascii: ",")) }
        cellsInRow &+= 1
    }

    /// Ends a row; delivers the page if it is full.
    @inline(__always) public mutating func endRow() throws(DatabaseError) -> Demand {
        writer.byte(UInt8(ascii: "]"))
        rowsInPage &+= 1
        guard rowsInPage >= rowsUntilPage || writer.count >= pageBytes else { return .more }
        return try deliver()
    }

    /// Delivers what is left. After an error, do not call it.
    public mutating func finish() throws(DatabaseError) {
        if rowsInPage > 0 { _ = try deliver() }
    }

    private mutating func deliver() throws(DatabaseError) -> Demand {
        if let limitReached {
            writer.truncate(to: 0)
            rowsInPage = 0
            sink.truncated(by: limitReached)
            return .enough
        }
        writer.byte(UInt8(ascii: "]"))
        bytesTotal += writer.count
        let page = Page(firstRow: rowsTotal, rowCount: rowsInPage, rows: writer.take())
        writer.reserve(page.rows.count + page.rows.count / 8)
        isFollowerNews = rowsTotal == 0
        rowsTotal += rowsInPage
        rowsInPage = 0
        startPage()
        return try sink.page(page)
    }

    // MARK: Cells over the limit

    /// Writes `{"$truncated":{"bytes":N,"prefix":"…"}}` for a text cell of `bytesTotal` bytes of which `prefix` (valid UTF-8
    /// up to its last whole character) is shown; at most 1 KiB of it.
    public mutating func truncatedText(bytesTotal: Int, prefix: UnsafeRawBufferPointer) {
        var end = min(prefix.count, 1024)
        while end > 0, end < prefix.count, prefix[end] & 0xC0 == 0x80 { end -= 1 }
        beginTruncated(bytesTotal)
        writer.string(utf8: UnsafeRawBufferPointer(rebasing: prefix[0..<end]))
        writer.raw("}}")
    }

    /// The same for a binary cell; the prefix is base64 of at most 768 bytes.
    public mutating func truncatedBinary(bytesTotal: Int, prefix: UnsafeRawBufferPointer) {
        beginTruncated(bytesTotal)
        writer.base64(UnsafeRawBufferPointer(rebasing: prefix[0..<min(prefix.count, 768)]))
        writer.raw("}}")
    }

    private mutating func beginTruncated(_ bytesTotal: Int) {
        writer.raw("{\"$truncated\":{\"bytes\":")
        writer.integer(bytesTotal)
        writer.raw(",\"prefix\":")
    }
}
