import Protocol
import TestSupport
import Testing

@testable import Databases

/// Everything that talks to the one test server, one at a time: some tests look at all of its state.
@Suite(.serialized) enum MariaDBServerTests {}

/// A connection to the test server, and what comes back of a statement.
final class MariaDBHarness {
    let driver: MariaDBDriver

    init(_ account: (user: String, password: String) = MariaDBServer.plain, query: String = "") throws {
        driver = try MariaDBHarness.open(try MariaDBServer.shared.get().uri(account, query: query))
    }

    deinit { driver.close() }

    static func open(_ uri: String, policy: ConnectionPolicy = ConnectionPolicy(), timeoutMs: Int = 10_000) throws
        -> MariaDBDriver
    {
        try MariaDBDriver.open(
            ConnectionTarget.parse(uri, as: .mysql), ConnectOptions(connectTimeoutMs: timeoutMs, policy: policy))
    }

    /// Runs a statement and answers its rows as JSON text, its columns and its outcome.
    @discardableResult func run(
        _ sql: String, _ parameters: [Parameter] = [], mode: AccessMode = .read, timeoutMs: Int = 20_000,
        cellBytesMax: Int = 1 << 20, sink: MariaDBSink = MariaDBSink()
    ) throws -> Answer {
        try MariaDBHarness.run(
            driver,
            Statement(sql: sql, parameters: parameters, mode: mode, timeoutMs: timeoutMs, cellBytesMax: cellBytesMax), sink)
    }

    static func run(_ driver: MariaDBDriver, _ statement: Statement, _ sink: MariaDBSink = MariaDBSink()) throws -> Answer {
        var pager = RowPager(pageRows: sink.pageRows, pageBytes: 256 << 10, sink: sink)
        let outcome = try driver.run(statement, into: &pager)
        if !sink.isFull { try pager.finish() }
        return Answer(columns: sink.columns, rows: sink.text, outcome: outcome)
    }

    func write(_ sql: String) throws { try run(sql, mode: .write) }

    struct Answer {
        var columns: [Databases.Column]
        var rows: String
        var outcome: StatementOutcome
    }
}

/// Keeps pages, or stops after some.
final class MariaDBSink: RowSink {
    var columns: [Databases.Column] = []
    var pages: [String] = []
    var rowCount = 0
    var isFull = false
    let pageRows: Int
    let pagesMax: Int
    let onPage: () throws(DatabaseError) -> Void

    init(pageRows: Int = 1000, pagesMax: Int = .max, onPage: @escaping () throws(DatabaseError) -> Void = {}) {
        self.pageRows = pageRows
        self.pagesMax = pagesMax
        self.onPage = onPage
    }

    var text: String { pages.joined() }

    func columns(_ columns: [Databases.Column]) throws(DatabaseError) { self.columns = columns }

    func page(_ page: Page) throws(DatabaseError) -> Demand {
        if pages.count < 100 { pages.append(page.rows.string) }
        rowCount += page.rowCount
        try onPage()
        isFull = pages.count >= pagesMax
        return isFull ? .enough : .more
    }
}
