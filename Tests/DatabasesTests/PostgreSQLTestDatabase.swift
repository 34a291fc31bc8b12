import Protocol
import TestSupport
import Testing

@testable import Databases

/// What a statement answered, read back as text.
struct Answer {
    var columns: [Databases.Column] = []
    /// Each page's JSON.
    var pages: [String] = []
    var outcome: StatementOutcome?

    /// All rows in one line of JSON.
    var rows: String { "[" + pages.map { $0.dropFirst().dropLast() }.joined(separator: ",") + "]" }
}

/// Keeps pages; may have enough, or fail, after some.
final class PostgreSQLSink: RowSink {
    var answer = Answer()
    var keepsPages = true
    var rowsTotal = 0
    var stopAfterPages = Int.max
    var failure: DatabaseError?
    var onPage: ((Int) -> Void)?
    private var pagesSeen = 0

    func columns(_ columns: [Databases.Column]) throws(DatabaseError) { answer.columns = columns }

    func page(_ page: Page) throws(DatabaseError) -> Demand {
        pagesSeen += 1
        rowsTotal += page.rowCount
        if keepsPages { answer.pages.append(page.rows.string) }
        onPage?(pagesSeen)
        if let failure { throw failure }
        return pagesSeen >= stopAfterPages ? .enough : .more
    }
}

enum PostgreSQLTestDatabase {
    static let options = ConnectOptions(policy: ConnectionPolicy())

    static func open(_ uri: String, _ options: ConnectOptions = options) throws -> PostgreSQLDriver {
        try PostgreSQLDriver.open(try PostgreSQLConnectionString.parse(uri), options)
    }

    static func open(role: String = PostgreSQLServer.plainRole) throws -> PostgreSQLDriver {
        try open(try PostgreSQLServer.shared().socketURI(role: role))
    }

    /// The error of opening `uri`.
    static func failure(_ uri: String, _ options: ConnectOptions = options) throws -> DatabaseError? {
        do throws(DatabaseError) {
            try PostgreSQLDriver.open(try PostgreSQLConnectionString.parse(uri), options).close()
            return nil
        } catch {
            return error
        }
    }
}

extension PostgreSQLDriver {
    func answer(
        _ sql: String, _ parameters: [Parameter] = [], mode: AccessMode = .read, timeoutMs: Int = 20_000,
        cellBytesMax: Int = 1 << 20, sink: PostgreSQLSink = PostgreSQLSink()
    ) throws(DatabaseError) -> Answer {
        var pager = RowPager(pageRows: 1000, pageBytes: 256 << 10, sink: sink)
        let statement = Statement(sql: sql, parameters: parameters, mode: mode, timeoutMs: timeoutMs, cellBytesMax: cellBytesMax)
        let outcome = try run(statement, into: &pager)
        try pager.finish()
        sink.answer.outcome = outcome
        return sink.answer
    }

    func rows(_ sql: String, _ parameters: [Parameter] = [], mode: AccessMode = .read) throws(DatabaseError) -> String {
        try answer(sql, parameters, mode: mode).rows
    }

    func failure(_ sql: String, _ parameters: [Parameter] = [], mode: AccessMode = .read, timeoutMs: Int = 20_000)
        -> DatabaseError?
    {
        do throws(DatabaseError) {
            _ = try answer(sql, parameters, mode: mode, timeoutMs: timeoutMs)
            return nil
        } catch {
            return error
        }
    }
}
