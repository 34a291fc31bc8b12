import Databases
import Protocol
import Security
import Store
import Synchronization
import Threads

/// A query that has not ended: what its owner may see of it, and what it has answered so far.
final class LiveQuery: Sendable {
    let start: QueryStart
    let sessionID: String
    let client: ClientSession
    private let projectName: String
    private let sql: String
    private let began = Monotonic.nowNs
    private let isRunning = Atomic(false)
    private let rowCount = Atomic(0)
    private let bytes = Atomic(0)

    /// - Parameter sqlBytesMax: of the statement, as others than the database see it.
    init(_ start: QueryStart, projectName: String, sessionID: String, client: ClientSession, sqlBytesMax: Int) {
        self.start = start
        self.projectName = projectName
        self.sessionID = sessionID
        self.client = client
        sql = String(start.sql.prefix(bytes: sqlBytesMax))
    }

    var id: String { start.id }
    var isWrite: Bool { start.mode == .write }

    /// Milliseconds since the query was accepted, to the microsecond.
    var elapsedMs: Double { Double((Monotonic.nowNs - began) / 1_000) / 1_000 }

    /// It has a connection to its database.
    func runs() { isRunning.store(true, ordering: .relaxed) }

    func answered(_ page: Page) {
        rowCount.wrappingAdd(page.rowCount, ordering: .relaxed)
        bytes.wrappingAdd(page.rows.count, ordering: .relaxed)
    }

    /// The query as other daemons with the same store may show it.
    var record: LiveQueryRecord {
        var start = start
        let isCut = sql.utf8.count < start.sql.utf8.count
        start.sql = sql
        return LiveQueryRecord(
            start: start, isCut: isCut, projectName: projectName, isWaiting: !isRunning.load(ordering: .relaxed),
            rowCount: Int64(rowCount.load(ordering: .relaxed)), bytes: Int64(bytes.load(ordering: .relaxed)))
    }

    /// The query as it stands.
    var wire: RunningQuery {
        RunningQuery(
            queryId: id, projectId: start.projectID, projectName: projectName, sql: sql,
            sqlTruncated: sql.utf8.count < start.sql.utf8.count, label: start.label,
            mode: isWrite ? .write : .read, source: QueryHandlers.wire(start.source),
            phase: isRunning.load(ordering: .relaxed) ? .running : .waiting, startedAt: Timestamp.format(start.createdAtMs),
            elapsedMs: elapsedMs, rowCount: rowCount.load(ordering: .relaxed), bytes: bytes.load(ordering: .relaxed))
    }
}

extension RunningQuery {
    /// A query of another daemon, as it showed it last.
    init(_ record: LiveQueryRecord, nowMs: Int64) {
        let start = record.start
        self.init(
            queryId: start.id, projectId: start.projectID, projectName: record.projectName, sql: start.sql,
            sqlTruncated: record.isCut, label: start.label, mode: start.mode == .write ? .write : .read,
            source: QueryHandlers.wire(start.source), phase: record.isWaiting ? .waiting : .running,
            startedAt: Timestamp.format(start.createdAtMs), elapsedMs: Double(max(nowMs - start.createdAtMs, 0)),
            rowCount: Int(record.rowCount), bytes: Int(record.bytes))
    }
}

/// Counts the rows of a query on their way to where they go. How it ended is told by who keeps its history, and after that.
final class CountingSink: RowSink, Sendable {
    private let query: LiveQuery
    private let sink: any RowSink & Sendable

    init(_ query: LiveQuery, _ sink: any RowSink & Sendable) {
        self.query = query
        self.sink = sink
    }

    func columns(_ columns: [Databases.Column]) throws(DatabaseError) { try sink.columns(columns) }

    func page(_ page: Page) throws(DatabaseError) -> Demand {
        query.answered(page)
        return try sink.page(page)
    }

    func rowFollows() { sink.rowFollows() }
    func truncated(by limit: RowLimit) { sink.truncated(by: limit) }
    func ended(_ result: Result<StatementOutcome, DatabaseError>) {}
    func interrupt() { sink.interrupt() }
}
