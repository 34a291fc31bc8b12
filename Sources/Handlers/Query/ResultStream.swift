import Databases
import Protocol
import Threads

/// The rows of one result on their way to the client, page by page, as `$/progress`: pushed by the driver's thread, which waits
/// while the client has too much left to read.
final class ResultStream: RowSink, Sendable {
    /// Bytes handed to the connection and not yet taken by its reader, at most; but one page always goes.
    private static let creditBytes = 1 << 20

    private struct State {
        var columns: [Databases.Column] = []
        var firstPage: JSONText?
        var rowCount = 0
        var isTruncated = false
        var outstanding = 0
        var isStopped = false
        var isGone = false
        var whenSent: [CheckedContinuation<Void, Never>] = []
    }

    private let channel: any ClientChannel
    private let token: JSONText
    private let queryID: String
    private let state = Monitor(State())

    init(channel: any ClientChannel, token: JSONText, queryID: String) {
        self.channel = channel
        self.token = token
        self.queryID = queryID
    }

    var columns: [Databases.Column] { state.withLock { $0.columns } }
    /// What history keeps; nil for a result without rows.
    var preview: QueryHistory.Preview? { state.withLock { state in state.firstPage.map { (state.columns, $0) } } }
    var rowCount: Int { state.withLock { $0.rowCount } }
    var isTruncated: Bool { state.withLock { $0.isTruncated } }

    // MARK: Written by the driver's thread

    func columns(_ columns: [Databases.Column]) { state.withLock { $0.columns = columns } }

    func page(_ page: Page) throws(DatabaseError) -> Demand {
        let columns = state.withLock { state in
            if page.firstRow == 0 { state.firstPage = page.rows }
            state.rowCount += page.rowCount
            return page.firstRow == 0 ? state.columns.map(QueryHandlers.wire) : nil
        }
        let text = JSONText.progress(
            token,
            QueryPage(queryId: queryID, columns: columns, rows: page.rows, firstRow: page.firstRow, rowCount: page.rowCount),
            capacity: page.rows.count + 1024)
        guard waitForCredit(text.count) else {
            throw DatabaseError(.cancelled, phase: .fetch, "The statement was cancelled.")
        }
        channel.stream(text) { [self] isSent in sent(text.count, isSent) }
        return .more
    }

    func truncated(by limit: RowLimit) { state.withLock { $0.isTruncated = true } }

    func interrupt() {
        state.withLock { $0.isStopped = true }
        state.broadcast()
    }

    /// False if the run was stopped or the client has gone.
    private func waitForCredit(_ count: Int) -> Bool {
        state.wait { state in
            if state.isStopped || state.isGone { return .done(false) }
            guard state.outstanding == 0 || state.outstanding + count <= Self.creditBytes else { return .wait(untilNs: nil) }
            state.outstanding += count
            return .done(true)
        }
    }

    private func sent(_ count: Int, _ isSent: Bool) {
        let waiters = state.withLock { state in
            state.outstanding -= count
            if !isSent { state.isGone = true }
            guard state.outstanding == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.whenSent = [] }
            return state.whenSent
        }
        state.broadcast()
        for waiter in waiters { waiter.resume() }
    }

    // MARK: The end

    /// Returns once every page is with the client, or the client has gone: the reply comes after the last page.
    func waitUntilSent() async {
        await withCheckedContinuation { continuation in
            let isSent = state.withLock { state in
                if state.outstanding > 0 { state.whenSent.append(continuation) }
                return state.outstanding == 0
            }
            if isSent { continuation.resume() }
        }
    }
}

extension JSONText {
    /// A `$/progress` with a part of a result, whole; the part is written once. `capacity` is about how long it will be.
    static func progress(_ token: JSONText, _ part: some JSONEncodable, capacity: Int) -> JSONText {
        var writer = JSONWriter(capacity: capacity)
        writer.raw("{\"jsonrpc\":\"2.0\",\"method\":")
        writer.string(ProgressNotification.method)
        writer.raw(",\"params\":{\"token\":")
        token.encode(to: &writer)
        writer.raw(",\"value\":")
        part.encode(to: &writer)
        writer.raw("}}")
        return writer.take()
    }
}
