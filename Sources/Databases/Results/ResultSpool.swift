public import Protocol
import Synchronization

/// The rows of one result, kept to be read page by page, again if need be, while they still come in.
///
/// The driver's thread writes: the first megabyte stays in memory, the rest goes to a file without a name. Readers wait for the
/// page they want. It ends exactly once: finished or failed; a failure surfaces on the read that reaches it.
public final class ResultSpool: RowSink, Sendable {
    fileprivate enum Place {
        case memory(JSONText)
        case file(SpoolFile, offset: Int, count: Int)
    }

    fileprivate struct Stored {
        var firstRow: Int
        var rowCount: Int
        var place: Place
    }

    fileprivate typealias Reader = (id: Int, first: Bool, index: Int, ready: Completion<Void>)

    fileprivate struct State {
        var columns: [Column] = []
        var pages: [Stored] = []
        var file: SpoolFile?
        var fileBytes = 0
        var memoryBytes = 0
        var rowCount = 0
        var truncated: RowLimit?
        var end: Result<StatementOutcome, DatabaseError>?
        var isClosed = false
        /// Whether there is a row after the first page.
        var isFirstFollowed = false
        var stop: (@Sendable () -> Void)?
        var readers: [Reader] = []
        var nextReader = 0

        /// Readers that need wait no longer.
        mutating func takeReady() -> [Completion<Void>] {
            guard !readers.isEmpty else { return [] }
            let isOver = end != nil || isClosed
            let (count, firstReady) = (pages.count, !pages.isEmpty && isFirstFollowed || pages.count > 1)
            defer { readers.removeAll { isOver || ($0.first ? firstReady : $0.index < count) } }
            return readers.filter { isOver || ($0.first ? firstReady : $0.index < count) }.map(\.ready)
        }
    }

    private let state = Mutex(State())
    private let limits: SpoolLimits
    private let quota: SpoolQuota
    /// The engine that the rows come from: what an export writes literals for.
    public let engine: DatabaseType

    public init(limits: SpoolLimits, quota: SpoolQuota, engine: DatabaseType) {
        self.limits = limits
        self.quota = quota
        self.engine = engine
    }

    deinit { close() }

    // MARK: Written by the driver's thread

    public func columns(_ columns: [Column]) throws(DatabaseError) {
        state.withLock { $0.columns = columns }
    }

    public func page(_ page: Page) throws(DatabaseError) -> Demand {
        let count = page.rows.count
        let (isClosed, inMemory, used) = state.withLock { ($0.isClosed, $0.memoryBytes, $0.memoryBytes + $0.fileBytes) }
        if isClosed { throw .stopped }
        guard used + count <= limits.bytesMax, quota.take(count) else {
            truncated(by: .quota)
            return .enough
        }
        var place = Place.memory(page.rows)
        // The first page is always in memory, however large: it is about to be sent.
        if inMemory > 0, inMemory + count > limits.memoryBytes {
            do throws(DatabaseError) {
                place = try store(page.rows)
            } catch {
                quota.give(back: count)
                throw error
            }
        }
        let (ready, isLate) = state.withLock { state in
            if state.isClosed { return ([Completion<Void>](), true) }
            if case .file = place { state.fileBytes += count } else { state.memoryBytes += count }
            state.pages.append(Stored(firstRow: page.firstRow, rowCount: page.rowCount, place: place))
            state.rowCount += page.rowCount
            return (state.takeReady(), false)
        }
        if isLate {
            quota.give(back: count)
            throw .stopped
        }
        for reader in ready { reader.complete(()) }
        return .more
    }

    /// Only the driver's thread writes the file, so its end is known.
    private func store(_ rows: JSONText) throws(DatabaseError) -> Place {
        let (existing, offset) = state.withLock { ($0.file, $0.fileBytes) }
        let file: SpoolFile
        if let existing { file = existing } else { file = try SpoolFile(in: limits.directory) }
        try file.write(rows, at: offset)
        state.withLock { if !$0.isClosed { $0.file = file } }
        return .file(file, offset: offset, count: rows.count)
    }

    public func rowFollows() {
        let ready = state.withLock { state in
            state.isFirstFollowed = true
            return state.takeReady()
        }
        for reader in ready { reader.complete(()) }
    }

    public func truncated(by limit: RowLimit) { state.withLock { if $0.truncated == nil { $0.truncated = limit } } }

    public func ended(_ result: Result<StatementOutcome, DatabaseError>) {
        let ready = state.withLock { state -> [Completion<Void>] in
            guard state.end == nil else { return [] }
            state.end = result
            state.stop = nil
            return state.takeReady()
        }
        for reader in ready { reader.complete(()) }
    }

    /// Ends the result with an error from before the statement ran. The first end wins.
    public func fail(_ error: DatabaseError) { ended(.failure(error)) }

    // MARK: Read by anyone

    /// The columns and the first page, as soon as it is known whether a row follows it or the statement has ended: a page that is
    /// full with the last row says so.
    ///
    /// Throws the statement's error if it failed before a page; `cancelled` if the result is closed. Goes on when the task is
    /// cancelled: whoever does that stops the statement, and hears what it came to.
    public func firstPage() async throws(DatabaseError) -> SpooledFirst {
        try await wait(first: true, index: 0, reactsToCancel: false)
        let (columns, end) = state.withLock { ($0.columns, State.end($0)) }
        return SpooledFirst(columns: columns, page: try await page(0), end: end)
    }

    /// Page `index` (from 0), waiting for it if it is still to come; nil past the end.
    ///
    /// Throws the statement's error where the rows stop because of it, `not_found` once closed, `cancelled` if the task is.
    public func page(_ index: Int) async throws(DatabaseError) -> SpooledPage? {
        guard index >= 0 else { return nil }
        try await wait(first: false, index: index)
        let (found, hasMore, end, isClosed) = state.withLock { state in
            let isFinished = if case .success = state.end { true } else { false }
            let hasMore = index < state.pages.count - 1 || !isFinished
            return (index < state.pages.count ? state.pages[index] : nil, hasMore, state.end, state.isClosed)
        }
        if isClosed { throw .resultGone }
        guard let found else {
            if case .failure(let error) = end { throw error }
            return nil
        }
        let rows: JSONText
        switch found.place {
        case .memory(let text): rows = text
        case .file(let file, let offset, let count): rows = try await file.read(at: offset, count: count)
        }
        return SpooledPage(index: index, firstRow: found.firstRow, rowCount: found.rowCount, rows: rows, hasMore: hasMore)
    }

    /// What there is by now, without waiting: how many rows, and the first page, if the result is not closed.
    public var beginning: (rowCount: Int, columns: [Column], firstPage: JSONText?) {
        state.withLock { state in
            guard let first = state.pages.first, case .memory(let rows) = first.place else {
                return (state.rowCount, state.columns, nil)
            }
            return (state.rowCount, state.columns, rows)
        }
    }

    /// How the statement ended; waits for it. Throws its error.
    public func finished() async throws(DatabaseError) -> SpooledEnd {
        try await wait(first: false, index: .max)
        let (end, error) = state.withLock { state -> (SpooledEnd?, DatabaseError?) in
            if case .failure(let error) = state.end { return (nil, error) }
            return (State.end(state), nil)
        }
        if let error { throw error }
        guard let end else { throw .resultGone }
        return end
    }

    private func wait(first: Bool, index: Int, reactsToCancel: Bool = true) async throws(DatabaseError) {
        let ready = Completion<Void>()
        let (id, woken) = state.withLock { state in
            state.nextReader += 1
            state.readers.append((state.nextReader, first, index, ready))
            return (state.nextReader, state.takeReady())
        }
        for reader in woken { reader.complete(()) }
        await withTaskCancellationHandler {
            await ready.value()
        } onCancel: {
            guard reactsToCancel else { return }
            state.withLock { $0.readers.removeAll { $0.id == id } }
            ready.complete(())
        }
        let isThere = state.withLock { state in
            state.end != nil || state.isClosed || (first ? !state.pages.isEmpty : index < state.pages.count)
        }
        if !isThere { throw .stopped }
    }

    // MARK: Its end

    /// What to do when the result is closed while its statement still runs: cancel the task that runs it. Called at most once, at
    /// once if the result is closed already.
    public func onClose(_ stop: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            if !state.isClosed, state.end == nil { state.stop = stop }
            return state.isClosed && state.end == nil
        }
        if isLate { stop() }
    }

    /// Frees the rows, stops the statement if it still runs, and lets no reader wait. Safe to call twice.
    public func close() {
        let (stop, bytes, ready) = state.withLock { state -> ((@Sendable () -> Void)?, Int, [Completion<Void>]) in
            guard !state.isClosed else { return (nil, 0, []) }
            state.isClosed = true
            let bytes = state.memoryBytes + state.fileBytes
            state.pages = []
            state.file = nil
            state.memoryBytes = 0
            state.fileBytes = 0
            defer { state.stop = nil }
            return (state.stop, bytes, state.takeReady())
        }
        quota.give(back: bytes)
        for reader in ready { reader.complete(()) }
        stop?()
    }

    /// Whether its statement has ended.
    public var isEnded: Bool { state.withLock { $0.end != nil } }

    /// Bytes kept, in memory and on disk.
    public var bytes: (memory: Int, file: Int) { state.withLock { ($0.memoryBytes, $0.fileBytes) } }

    /// Whether somebody waits for a page.
    var hasReaders: Bool { state.withLock { !$0.readers.isEmpty } }
}

extension ResultSpool.State {
    fileprivate static func end(_ state: Self) -> SpooledEnd? {
        guard case .success(let outcome) = state.end else { return nil }
        return SpooledEnd(
            outcome: outcome, rowCount: state.rowCount, byteCount: state.memoryBytes + state.fileBytes, truncated: state.truncated
        )
    }
}

extension DatabaseError {
    static let resultGone = DatabaseError(
        DatabaseError.Code("not_found"), phase: .fetch, "The result is closed or expired; run the statement again.")
}
