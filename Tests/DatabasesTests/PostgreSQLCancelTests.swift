import Glibc
import TestSupport
import Testing

@testable import Databases

@Suite(.serialized) struct PostgreSQLCancelTests {
    /// Blocks until `sql` answers `count`.
    private func wait(for count: Int, _ sql: String, _ parameters: [Parameter] = []) throws {
        let watcher = try PostgreSQLTestDatabase.open()
        defer { watcher.close() }
        let deadline = ContinuousClock.now + .promptly
        while try watcher.rows(sql, parameters) != "[[\(count)]]" {
            try #require(ContinuousClock.now < deadline)
            usleep(5_000)
        }
    }

    /// Runs `act` on another thread once the server is at work on `sql`.
    private func onceItRuns(_ sql: String, _ act: @escaping @Sendable () -> Void) -> BackgroundThread {
        BackgroundThread {
            do {
                let at = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = $1"
                try wait(for: 1, at, [.text(sql)])
                act()
            } catch {
                Issue.record(error)
            }
        }
    }

    @Test(arguments: [
        "SELECT pg_sleep(30)", "SELECT count(*) FROM (SELECT generate_series(1, 100000000000)) AS g",
        "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n FROM t) SELECT count(*) FROM t",
        "SELECT set_config('statement_timeout', '0', true), pg_sleep(30)",
        "SELECT g, pg_sleep(0.01) FROM generate_series(1, 100000) g",
    ])
    func aCancelStopsTheStatement(_ sql: String) throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        for _ in 0..<2 {
            let canceller = driver.canceller
            let thread = onceItRuns(sql) { canceller.cancel() }
            // Its own time limit, 20 s, is not what ends it.
            #expect(driver.failure(sql)?.code == .cancelled)
            #expect(driver.isUsable)
            #expect(try driver.rows("SELECT 1") == "[[1]]")
            thread.join()
        }
    }

    @Test func aWriteIsCancelledAndUndone() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        _ = try driver.rows("CREATE TABLE cancelled_write (a int)", mode: .write)
        let canceller = driver.canceller
        let sql = "WITH x AS (INSERT INTO cancelled_write VALUES (1) RETURNING a) SELECT a, pg_sleep(30) FROM x"
        let thread = onceItRuns(sql) { canceller.cancel() }
        #expect(driver.failure(sql, mode: .write)?.code == .cancelled)
        thread.join()
        #expect(try driver.rows("SELECT count(*) FROM cancelled_write") == "[[0]]")
    }

    @Test func timeouts() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        for mode in [AccessMode.read, .write] {
            let start = ContinuousClock.now
            let error = driver.failure("SELECT pg_sleep(30)", mode: mode, timeoutMs: 200)
            #expect(error?.code == .timeout)
            #expect(error?.sqlState == "57014")
            #expect(ContinuousClock.now - start < .promptly)
            #expect(try driver.rows("SELECT current_setting('statement_timeout')", mode: mode) != "[[\"200ms\"]]")
        }
    }

    @Test func waitingForALockEnds() throws {
        let driver = try PostgreSQLTestDatabase.open()
        let other = try PostgreSQLTestDatabase.open()
        defer {
            driver.close()
            other.close()
        }
        _ = try driver.rows("CREATE TABLE locked_table (a int)", mode: .write)
        let blocker = other.canceller
        nonisolated(unsafe) let holder = other
        let thread = BackgroundThread {
            _ = holder.failure("DO $$ BEGIN LOCK TABLE locked_table; PERFORM pg_sleep(20); END $$", mode: .write)
        }
        let held = "SELECT count(*) FROM pg_locks WHERE relation = 'locked_table'::regclass AND granted"
        try wait(for: 1, held)
        // The prepare waits already.
        #expect(driver.failure("SELECT * FROM locked_table", timeoutMs: 300)?.code == .timeout)
        blocker.cancel()
        thread.join()
        #expect(try driver.rows("SELECT * FROM locked_table") == "[]")
    }

    @Test func aLateCancelHitsNothing() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        driver.canceller.cancel()
        #expect(try driver.rows("SELECT 1") == "[[1]]")
        let canceller = driver.canceller
        for round in 0..<200 {
            let thread = BackgroundThread {
                usleep(UInt32(round * 7 % 500))
                canceller.cancel()
            }
            let first = driver.failure("SELECT count(*) FROM generate_series(1, 1000)")
            #expect(first == nil || first?.code == .cancelled)
            thread.join()
            #expect(driver.failure("SELECT 2") == nil, "round \(round)")
        }
        #expect(driver.isUsable)
    }

    @Test func enoughStopsTheStatement() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        let sink = PostgreSQLSink()
        sink.stopAfterPages = 2
        let answer = try driver.answer("SELECT generate_series(1, 1000000000) AS g", sink: sink)
        #expect(answer.pages.count == 2)
        #expect(answer.outcome?.command == "SELECT")
        let failing = PostgreSQLSink()
        failing.failure = DatabaseError(.cancelled, phase: .fetch, "the reader went away")
        do throws(DatabaseError) {
            _ = try driver.answer("SELECT generate_series(1, 1000000000) AS g", sink: failing)
            Issue.record("the sink's error was lost")
        } catch {
            #expect(error.message == "the reader went away")
        }
        #expect(try driver.rows("SELECT 1") == "[[1]]")
    }

    @Test func serverGoneInTheMiddle() throws {
        let server = try PostgreSQLServer.shared()
        for uri in [server.uri(), server.socketURI()] {
            let driver = try PostgreSQLTestDatabase.open(uri)
            let pid = try driver.rows("SELECT pg_backend_pid()").filter(\.isNumber)
            let sink = PostgreSQLSink()
            sink.keepsPages = false
            sink.onPage = { page in if page == 3 { _ = try? server.psql("SELECT pg_terminate_backend(\(pid))") } }
            do throws(DatabaseError) {
                _ = try driver.answer("SELECT generate_series(1, 100000000), repeat('x', 100)", sink: sink)
                Issue.record("the connection survived")
            } catch {
                #expect(error.code == .connectionLost)
            }
            #expect(!driver.isUsable)
            #expect(driver.failure("SELECT 1")?.code == .connectionLost)
            driver.canceller.cancel()
            driver.close()
            driver.canceller.sever()
        }
    }

    @Test func severing() throws {
        let driver = try PostgreSQLTestDatabase.open()
        let canceller = driver.canceller
        let sql = "SELECT pg_sleep(31)"
        let thread = onceItRuns(sql) { canceller.sever() }
        #expect(driver.failure(sql)?.code == .connectionLost)
        thread.join()
        #expect(!driver.isUsable)
        driver.close()
    }

    /// Whoever has lost their daemon has not asked for the statement to stop; a server that can sees to that.
    @Test(arguments: [AccessMode.read, .write]) func theServerEndsWhatNobodyWaitsFor(mode: AccessMode) throws {
        let driver = try PostgreSQLTestDatabase.open()
        let canceller = driver.canceller
        // Its own time limit, 60 s, is not what ends it.
        let sql = "SELECT pg_sleep(\(mode == .read ? 61 : 62))"
        let thread = onceItRuns(sql) { canceller.sever() }
        #expect(driver.failure(sql, mode: mode, timeoutMs: 60_000)?.code == .connectionLost)
        thread.join()
        driver.close()
        try wait(for: 0, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = $1", [.text(sql)])
    }

    /// How much of a row has arrived is known from below only, so such a row is refused or, arriving in a rush, cut like any large cell.
    @Test func aRowTooLargeToHold() throws {
        for query in ["", "?sslmode=require"] {
            let driver = try PostgreSQLTestDatabase.open(try PostgreSQLServer.shared().uri(query: query))
            defer { driver.close() }
            do {
                #expect(try driver.rows("SELECT repeat('x', 150000000)").hasPrefix("[[{\"$truncated\""))
                #expect(driver.isUsable)
            } catch {
                #expect("\(error)".contains("larger than 64 MiB"), "\(error)")
                #expect(!driver.isUsable)
            }
        }
        let large = try PostgreSQLTestDatabase.open(try PostgreSQLServer.shared().uri(query: "?sslmode=require"))
        #expect(
            try large.rows("SELECT 1, repeat('x', 30000000)").hasPrefix("[[1,{\"$truncated\""))
        large.close()
    }
}
