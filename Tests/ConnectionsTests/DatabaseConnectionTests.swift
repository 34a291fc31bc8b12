import Synchronization
import Testing

@testable import Databases
import Threads

@Suite(.timeLimit(.minutes(1))) struct DatabaseConnectionTests {
    let server = FakeServer()

    func open(_ timing: ConnectionTiming = ConnectionTiming()) async throws -> DatabaseConnection {
        try await DatabaseConnection.open(.fake, .fake, factory: server.factory, timing: timing)
    }

    @Test func runsStatementsOneAfterAnother() async throws {
        let connection = try await open()
        let sink = CountingSink()
        for _ in 0..<3 { try await connection.run(Statement(sql: "rows 25"), pageRows: 10, sink: sink) }
        #expect(sink.state.withLock { $0.rows } == 75)
        #expect(sink.state.withLock { $0.pages } == [10, 10, 5, 10, 10, 5, 10, 10, 5])
        #expect(try await connection.metadata().serverVersion == "Fake 1")
        connection.close()
        connection.close()
        await connection.closed()
        #expect(server.get { $0.open } == 0)
    }

    @Test(arguments: [(0, false), (9, false), (10, false), (11, true), (30, true)])
    func rowLimitIsExactAndTruncatedOnlyWhenThereWasMore(rows: Int, truncated: Bool) async throws {
        let connection = try await open()
        let sink = CountingSink()
        try await connection.run(Statement(sql: "rows \(rows)"), pageRows: 4, rowsMax: 10, sink: sink)
        #expect(sink.state.withLock { $0.rows } == min(rows, 10))
        #expect(sink.state.withLock { $0.truncated } == (truncated ? .rows : nil))
        connection.close()
    }

    @Test func timeoutStopsTheStatementAndTheConnectionIsNotUsedAgain() async throws {
        let connection = try await open()
        let sink = CountingSink()
        let error = await #expect(throws: DatabaseError.self) {
            try await connection.run(Statement(sql: "wait", timeoutMs: 400), sink: sink)
        }
        #expect(error?.code == .timeout)
        #expect(sink.state.withLock { $0.ends } == 1)
        #expect(!connection.isReusable)
        await connection.closed()
        #expect(server.get { $0.open } == 0)
        #expect(server.get { $0.cancels } == 1)
    }

    @Test func cancellingTheTaskStopsTheStatement() async throws {
        let connection = try await open()
        let task = Task { try await connection.run(Statement(sql: "rows 3 then wait"), sink: CountingSink()) }
        #expect(await eventually { server.get { !$0.ran.isEmpty } })
        task.cancel()
        let error = await #expect(throws: DatabaseError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        await connection.closed()
        #expect(server.get { $0.open } == 0)
    }

    /// As PostgreSQL does between the messages of one statement.
    @Test func aServerThatForgetsThatItWasAskedIsAskedAgain() async throws {
        server.set { $0.missesCancels = 3 }
        let connection = try await open(ConnectionTiming(askAgainMs: 10))
        let error = await #expect(throws: DatabaseError.self) {
            try await connection.run(Statement(sql: "wait", timeoutMs: 400), sink: CountingSink())
        }
        #expect(error?.code == .timeout)
        #expect(server.get { $0.cancels } == 4)
        #expect(server.get { $0.severs } == 0)
        await connection.closed()
    }

    @Test func aServerThatDoesNotObeyIsSevered() async throws {
        server.set { $0.obeysCancel = false }
        let connection = try await open(ConnectionTiming(severMs: 30))
        let error = await #expect(throws: DatabaseError.self) {
            try await connection.run(Statement(sql: "wait", timeoutMs: 400), sink: CountingSink())
        }
        #expect(error?.code == .timeout)
        #expect(server.get { $0.severs } == 1)
        await connection.closed()
    }

    @Test func aDriverThatNeverReturnsDoesNotHoldItsCaller() async throws {
        server.set {
            $0.obeysCancel = false
            $0.obeysSever = false
        }
        let connection = try await open(ConnectionTiming(severMs: 20, abandonMs: 20))
        let sink = CountingSink()
        let error = await #expect(throws: DatabaseError.self) {
            try await connection.run(Statement(sql: "wait", timeoutMs: 400), sink: sink)
        }
        #expect(error?.code == .timeout)
        #expect(sink.state.withLock { $0.ends } == 1)
        #expect(!connection.isReusable)
        server.set { $0.obeysSever = true }
        connection.sever()
        connection.close()
        await connection.closed()
        #expect(sink.state.withLock { $0.ends } == 1)
    }

    /// Each run has one outcome and one `ended`; none is cancelled by a cancel meant for another; nothing is left over.
    @Test func aThousandCancelsRaceCompletions() async throws {
        var cancelled = 0
        var connection = try await open()
        for round in 0..<1000 {
            if !connection.isReusable {
                connection.close()
                await connection.closed()
                connection = try await open()
            }
            let sink = CountingSink()
            let task = Task { [connection] in
                try await connection.run(Statement(sql: "rows \(round % 7 * 200)"), pageRows: 10, sink: sink)
            }
            for _ in 0..<(round % 5) { await Task.yield() }
            task.cancel()
            do {
                _ = try await task.value
            } catch {
                #expect((error as? DatabaseError)?.code == .cancelled)
                cancelled += 1
            }
            #expect(sink.state.withLock { $0.ends } == 1)
        }
        connection.close()
        await connection.closed()
        #expect(cancelled > 0)
        #expect(server.get { $0.open } == 0)
    }

    @Test func cancellingWhileConnectingReturnsAtOnceAndClosesTheLateConnection() async throws {
        let gate = Monitor(false)
        let inner = server.factory
        let slow = DriverFactory { (target, options) throws(DatabaseError) -> any Driver in
            gate.wait { $0 ? .done(()) : .wait(untilNs: nil) }
            return try inner.open(target, options)
        }
        let hasEnded = Monitor(0)
        let task = Task {
            try await DatabaseConnection.open(.fake, .fake, factory: slow) { hasEnded.withLock { $0 += 1 } }
        }
        task.cancel()
        let error = await #expect(throws: DatabaseError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        gate.withLock { $0 = true }
        gate.signal()
        #expect(await eventually { hasEnded.withLock { $0 } == 1 })
        #expect(server.get { $0.open } == 0)
        #expect(server.get { $0.openedTotal } == 1)
    }

    @Test func droppingTheLastReferenceClosesIt() async throws {
        do { _ = try await open() }
        #expect(await eventually { server.get { $0.open } == 0 })
    }
}
