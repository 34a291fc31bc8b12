import Synchronization
import TestSupport
import Testing

@testable import Databases

extension MariaDBServerTests {
    @Suite struct MariaDBCancelTests {
        static let endless = "SELECT COUNT(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b"

        /// Runs `sql` and calls `act` with the canceller once the server is seen to work on it.
        private func interrupt(
            _ database: MariaDBHarness, _ sql: String, timeoutMs: Int = 60_000,
            act: @escaping @Sendable (any StatementCanceller) -> Void
        ) throws -> (error: DatabaseError?, took: Duration) {
            let watcher = try MariaDBHarness(MariaDBServer.root)
            let canceller = database.driver.canceller
            let acted = Mutex<ContinuousClock.Instant?>(nil)
            let failure = Mutex<DatabaseError?>(nil)
            let helper = Helper(watcher: watcher, sql: sql) {
                acted.withLock { $0 = .now }
                act(canceller)
            }
            let thread = BackgroundThread { helper.run() }
            do { try database.run(sql, timeoutMs: timeoutMs) } catch let error as DatabaseError {
                failure.withLock { $0 = error }
            }
            let ended = ContinuousClock.now
            thread.join()
            return (failure.withLock { $0 }, ended - (acted.withLock { $0 } ?? ended))
        }

        /// Used by its one thread only, until that is joined.
        private final class Helper: @unchecked Sendable {
            let watcher: MariaDBHarness
            let sql: String
            let act: @Sendable () -> Void
            init(watcher: MariaDBHarness, sql: String, act: @escaping @Sendable () -> Void) {
                self.watcher = watcher
                self.sql = sql
                self.act = act
            }
            func run() {
                let deadline = ContinuousClock.now + .seconds(20)
                let probe = "SELECT COUNT(*) FROM information_schema.processlist WHERE command = 'Execute' AND info = ?"
                while ContinuousClock.now < deadline {
                    if let answer = try? watcher.run(probe, [.text(sql)]), answer.rows != "[[0]]" { break }
                }
                act()
            }
        }

        @Test(arguments: [endless, "SELECT SLEEP(60)", "SELECT BENCHMARK(1000000000000, MD5('x'))"])
        func `cancel stops the statement, and the connection goes on`(sql: String) throws {
            let database = try MariaDBHarness()
            let (error, took) = try interrupt(database, sql) { $0.cancel() }
            #expect(error?.code == .cancelled, "\(error.debugDescription)")
            #expect(took < .promptly)
            #expect(database.driver.isUsable)
            #expect(try database.run("SELECT 1").rows == "[[1]]")
        }

        @Test func `sever ends a statement that nothing else ends`() throws {
            let database = try MariaDBHarness()
            let (error, took) = try interrupt(database, "SELECT SLEEP(61)") { $0.sever() }
            #expect(error?.code == .connectionLost)
            #expect(took < .promptly)
            #expect(!database.driver.isUsable)
            #expect(throws: DatabaseError.self) { try database.run("SELECT 1") }
            database.driver.close()
            database.driver.close()
            database.driver.canceller.sever()
            database.driver.canceller.cancel()
        }

        @Test func `a cancel never hits the next statement`() throws {
            let database = try MariaDBHarness()
            let canceller = database.driver.canceller
            let cancelled = Mutex(0)
            let flags = Flags()
            let thread = BackgroundThread {
                while !flags.isDone.load(ordering: .relaxed) { canceller.cancel() }
            }
            for round in 0..<100 {
                do {
                    try database.run("SELECT \(round), SLEEP(0.03)")
                } catch let error as DatabaseError {
                    #expect(error.code == .cancelled)
                    cancelled.withLock { $0 += 1 }
                }
                if !database.driver.isUsable { break }
            }
            flags.isDone.store(true, ordering: .relaxed)
            thread.join()
            #expect(database.driver.isUsable)
            #expect(cancelled.withLock { $0 } > 0)
            for round in 0..<20 { #expect(try database.run("SELECT \(round)").rows == "[[\(round)]]") }
        }

        private final class Flags: Sendable {
            let isDone = Atomic(false)
        }

        @Test(arguments: [endless, "SELECT SLEEP(60)"]) func `a timeout is the server's to keep`(sql: String) throws {
            let database = try MariaDBHarness()
            let started = ContinuousClock.now
            let error = #expect(throws: DatabaseError.self) { try database.run(sql, timeoutMs: 500) }
            #expect(error?.code == .timeout)
            #expect(ContinuousClock.now - started < .promptly)
            #expect(try database.run("SELECT 1").rows == "[[1]]")
        }

        @Test func `enough is enough`() throws {
            let database = try MariaDBHarness()
            let started = ContinuousClock.now
            let sink = MariaDBSink(pageRows: 10, pagesMax: 2)
            let answer = try database.run("SELECT seq, REPEAT('x', 1000) FROM seq_1_to_100000000", sink: sink)
            #expect(answer.outcome.command == "SELECT")
            #expect(sink.rowCount == 20)
            #expect(ContinuousClock.now - started < .promptly)
            #expect(try database.run("SELECT 1").rows == "[[1]]")
            let failing = MariaDBSink(pageRows: 10) { () throws(DatabaseError) in
                throw DatabaseError(.busy, phase: .fetch, "full")
            }
            let error = #expect(throws: DatabaseError.self) {
                try database.run("SELECT * FROM seq_1_to_100000000", sink: failing)
            }
            #expect(error?.code == .busy)
            #expect(try database.run("SELECT 1").rows == "[[1]]")
        }

        @Test func `a row too large to hold is an error, not memory`() throws {
            let database = try MariaDBHarness(MariaDBServer.root)
            let error = #expect(throws: DatabaseError.self) { try database.run("SELECT REPEAT('x', 100000000)") }
            #expect(error?.code == .queryFailed, "\(error.debugDescription)")
            #expect(!database.driver.isUsable)
        }

        @Test func `a server that dies in the middle of a result`() throws {
            let server = try MariaDBServer.start()
            let driver = try MariaDBHarness.open(server.uri(MariaDBServer.plain))
            defer { driver.close() }
            let sink = MariaDBSink(pageRows: 10) { () throws(DatabaseError) in server.kill() }
            let error = #expect(throws: DatabaseError.self) {
                try MariaDBHarness.run(
                    driver, Statement(sql: "SELECT seq, REPEAT('x', 1000) FROM seq_1_to_10000000"), sink)
            }
            #expect(error?.code == .connectionLost)
            #expect(error?.retryable == true)
            #expect(!driver.isUsable)
        }
    }
}
