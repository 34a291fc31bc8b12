import Glibc
import Protocol
import Testing

@testable import Databases

@Suite(.timeLimit(.minutes(1))) struct ResultSpoolTests {
    let quota = SpoolQuota()
    let limits = SpoolLimits(directory: "/tmp")

    func spool(_ limits: SpoolLimits? = nil) -> ResultSpool {
        ResultSpool(limits: limits ?? self.limits, quota: quota, engine: .sqlite)
    }

    func page(_ text: String, first: Int = 0, rows: Int = 1) -> Page {
        Page(firstRow: first, rowCount: rows, rows: JSONText(text))
    }

    @Test func pagesReadBackAsWrittenFromMemoryAndFile() async throws {
        let spool = spool(SpoolLimits(directory: "/tmp", memoryBytes: 100))
        for index in 0..<200 { #expect(try spool.page(page("[[\(index),\"abcdefghij\"]]", first: index)) == .more) }
        spool.ended(.success(StatementOutcome(command: "SELECT")))
        #expect(spool.bytes.file > 0 && spool.bytes.memory <= 100)
        for index in [199, 0, 57, 199, 3] {
            let read = try #require(try await spool.page(index))
            #expect(read.rows.string == "[[\(index),\"abcdefghij\"]]")
            #expect(read.hasMore == (index < 199))
        }
        #expect(try await spool.page(200) == nil)
        #expect(quota.bytesUsed == spool.bytes.memory + spool.bytes.file)
        spool.close()
        #expect(quota.bytesUsed == 0)
    }

    @Test func leavesNoNameAndNoDescriptor() async throws {
        let directory = "/tmp/spool-test-\(getpid())"
        mkdir(directory, 0o700)
        defer { rmdir(directory) }
        do {
            let spool = spool(SpoolLimits(directory: directory, memoryBytes: 1))
            for index in 0..<3 { _ = try spool.page(page("[[1]]", first: index)) }
            #expect(entries(directory).isEmpty)
            let links = entries("/proc/self/fd").compactMap { fd -> String? in
                var buffer = [CChar](repeating: 0, count: 512)
                let count = readlink("/proc/self/fd/\(fd)", &buffer, 511)
                return count > 0 ? String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
            }
            #expect(links.contains { $0.hasPrefix(directory) })
        }
        for fd in entries("/proc/self/fd") {
            var buffer = [CChar](repeating: 0, count: 512)
            let count = max(readlink("/proc/self/fd/\(fd)", &buffer, 511), 0)
            let link = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            #expect(!link.hasPrefix(directory))
        }
    }

    @Test func aFullQuotaTruncatesVisibly() async throws {
        let small = SpoolQuota(bytesMax: 12)
        let spool = ResultSpool(limits: limits, quota: small, engine: .sqlite)
        #expect(try spool.page(page("[[1]]")) == .more)
        #expect(try spool.page(page("[[2]]")) == .more)
        #expect(try spool.page(page("[[3]]")) == .enough)
        spool.ended(.success(StatementOutcome(command: "SELECT")))
        let end = try await spool.finished()
        #expect(end.truncated == .quota)
        #expect(end.rowCount == 2)
        #expect(small.bytesUsed == 10)
    }

    @Test func theFirstPageComesBeforeTheEnd() async throws {
        let spool = spool()
        let reader = Task { try await spool.firstPage() }
        try spool.columns([Databases.Column(name: "n", type: "int8", encoding: .integer)])
        _ = try spool.page(page("[[1]]"))
        #expect(await eventually { spool.hasReaders })
        spool.rowFollows()
        let first = try await reader.value
        #expect(first.columns.count == 1 && first.page?.rows.string == "[[1]]" && first.end == nil)
        #expect(first.page?.hasMore == true)
        let next = Task { try await spool.page(1) }
        spool.ended(.success(StatementOutcome(command: "SELECT")))
        #expect(try await next.value == nil)
    }

    @Test func errorsSurfaceWhereTheRowsStop() async throws {
        let early = spool()
        early.fail(DatabaseError(.queryFailed, phase: .prepare, "no"))
        early.ended(.success(StatementOutcome(command: "SELECT")))
        await #expect(throws: DatabaseError.self) { try await early.firstPage() }

        let late = spool()
        _ = try late.page(page("[[1]]"))
        late.ended(.failure(DatabaseError(.queryFailed, phase: .fetch, "no")))
        #expect(try await late.firstPage().page != nil)
        let error = await #expect(throws: DatabaseError.self) { try await late.page(1) }
        #expect(error?.code == .queryFailed)
    }

    @Test func cancellingReadersLeavesNobodyWaiting() async throws {
        let spool = spool()
        for round in 0..<300 {
            let task = Task { try await spool.page(5) }
            if round % 2 == 0 { await Task.yield() }
            task.cancel()
            await #expect(throws: DatabaseError.self) { try await task.value }
        }
        #expect(!spool.hasReaders)
    }

    /// Runs a statement into `spool`, in a task that the spool's end stops: as a query does.
    private func start(
        _ sql: String, _ pool: ConnectionPool, _ spool: ResultSpool, pageRows: Int, rowsMax: Int = .max
    ) -> Task<Void, Never> {
        let task = Task {
            do throws(DatabaseError) {
                _ = try await pool.withConnection(
                    PoolKey(projectID: "p", fingerprint: Array("f".utf8)), options: .fake, target: { .fake }
                ) { connection throws(DatabaseError) in
                    try await connection.run(Statement(sql: sql), pageRows: pageRows, rowsMax: rowsMax, sink: spool)
                }
            } catch {
                spool.fail(error)
            }
        }
        spool.onClose { task.cancel() }
        return task
    }

    @Test func closingStopsTheStatementAndItsReaders() async throws {
        let server = FakeServer()
        let pool = ConnectionPool(factory: server.factory)
        let spool = spool()
        let task = start("rows 5 then wait", pool, spool, pageRows: 2)
        #expect(try await spool.firstPage().page?.rowCount == 2)
        let reader = Task { try await spool.page(9) }
        #expect(await eventually { spool.hasReaders && server.get { $0.waits } == 1 })
        spool.close()
        await #expect(throws: DatabaseError.self) { try await reader.value }
        await task.value
        #expect(server.get { $0.cancels } == 1)
        #expect(await eventually { server.get { $0.open } == 0 })
        #expect(quota.bytesUsed == 0)
    }

    /// However slow the statement: the row after the page decides, and no clock.
    @Test(arguments: [(4, false), (5, true)]) func aResultThatJustFillsAPageSaysSo(rows: Int, hasMore: Bool) async throws {
        let server = FakeServer()
        let pool = ConnectionPool(factory: server.factory)
        let spool = spool()
        _ = start("rows \(rows)", pool, spool, pageRows: 4)
        let first = try await spool.firstPage()
        #expect(first.page?.hasMore == hasMore)
        _ = await pool.shutdown()
    }

    /// The first page is told once a row follows it, not before, and not because of a row that the limit drops.
    @Test(arguments: [(4, Int.max, 0), (5, Int.max, 1), (12, Int.max, 1), (5, 4, 0), (5, 5, 1)])
    func theSinkHearsOnceThatARowFollows(rows: Int, rowsMax: Int, times: Int) throws {
        let sink = FollowerSink()
        var pager = RowPager(pageRows: 4, pageBytes: 1 << 20, rowsMax: rowsMax, sink: sink)
        try pager.begin([])
        for row in 0..<rows {
            pager.beginRow()
            pager.beginCell()
            pager.writer.integer(row)
            #expect(sink.pages == min(row / 4, 1) || row >= 8)
            if try pager.endRow() == .enough { break }
        }
        try pager.finish()
        #expect(sink.times == times)
    }

    @Test func theConnectionIsFreeAgainOnceTheSpoolIsFull() async throws {
        let server = FakeServer()
        let pool = ConnectionPool(factory: server.factory)
        let spool = spool()
        await start("rows 1000", pool, spool, pageRows: 10, rowsMax: 25).value
        let end = try await spool.finished()
        #expect(end.rowCount == 25 && end.truncated == .rows)
        #expect(try await spool.page(2)?.rowCount == 5)
        #expect(pool.status.inUse == 0)
        _ = await pool.shutdown()
    }
}

private final class FollowerSink: RowSink {
    var pages = 0
    var times = 0
    func columns(_ columns: [Databases.Column]) {}
    func page(_ page: Page) -> Demand {
        pages += 1
        return .more
    }
    func rowFollows() { times += 1 }
}
