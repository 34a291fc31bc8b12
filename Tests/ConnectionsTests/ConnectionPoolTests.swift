import Testing

@testable import Databases
import Threads

@Suite(.timeLimit(.minutes(1))) struct ConnectionPoolTests {
    let server = FakeServer()
    let one = PoolKey(projectID: "p1", fingerprint: Array("a".utf8))
    let two = PoolKey(projectID: "p2", fingerprint: Array("a".utf8))

    func pool(_ limits: ConnectionPoolLimits = ConnectionPoolLimits()) -> ConnectionPool {
        ConnectionPool(limits: limits, factory: server.factory)
    }

    @discardableResult
    func run(_ sql: String, _ key: PoolKey, _ pool: ConnectionPool) async throws -> StatementOutcome {
        try await pool.withConnection(key, options: .fake, target: { .fake }) { connection throws(DatabaseError) in
            try await connection.run(Statement(sql: sql), sink: CountingSink())
        }
    }

    func checkout(_ key: PoolKey, _ pool: ConnectionPool, waitMs: Int? = nil) async throws -> ConnectionLease {
        try await pool.checkout(key, options: .fake, waitMs: waitMs, target: { .fake })
    }

    @Test func oneAfterAnotherUsesOneConnectionResetInBetween() async throws {
        let pool = pool()
        for _ in 0..<50 { try await run("rows 1", one, pool) }
        #expect(server.get { $0.openedTotal } == 1)
        #expect(await eventually { pool.status.idle == 1 })
        #expect(server.get { $0.resets } == 50)
        #expect(await pool.shutdown())
        #expect(server.get { $0.open } == 0)
    }

    @Test func aChangedConnectionStringNeverMeetsAnOldConnection() async throws {
        let pool = pool()
        try await run("rows 1", one, pool)
        try await run("rows 1", PoolKey(projectID: "p1", fingerprint: Array("b".utf8)), pool)
        #expect(server.get { $0.openedTotal } == 2)
        _ = await pool.shutdown()
    }

    /// A connection string that was sealed anew has another fingerprint, and is the same.
    @Test func aRenamedKeyKeepsItsConnections() async throws {
        let pool = pool(ConnectionPoolLimits(perKey: 2))
        let renamed = PoolKey(projectID: "p1", fingerprint: Array("b".utf8))
        let busy = try await checkout(one, pool)
        try await run("rows 1", one, pool)
        pool.rename(one, to: renamed)
        try await run("rows 1", renamed, pool)
        busy.checkin()
        try await run("rows 1", renamed, pool)
        #expect(server.get { $0.openedTotal } == 2)
        #expect(pool.status.open == 2)
        _ = await pool.shutdown()
    }

    @Test func limitsHoldUnderLoad() async throws {
        let pool = pool(ConnectionPoolLimits(perKey: 2, total: 5))
        let perKey = Monitor<[String: (now: Int, max: Int)]>([:])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<400 {
                group.addTask {
                    let key = PoolKey(projectID: "p\(index % 7)", fingerprint: Array("a".utf8))
                    try await pool.withConnection(key, options: .fake, target: { .fake }) { connection throws(DatabaseError) in
                        perKey.withLock {
                            let now = ($0[key.projectID]?.now ?? 0) + 1
                            $0[key.projectID] = (now, max(now, $0[key.projectID]?.max ?? 0))
                        }
                        _ = try await connection.run(Statement(sql: "rows 20"), pageRows: 5, sink: CountingSink())
                        perKey.withLock { $0[key.projectID]?.now -= 1 }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(server.get { $0.openMax } <= 5)
        #expect(perKey.withLock { $0.values.map(\.max).max() ?? 0 } <= 2)
        #expect(server.get { $0.ran.count } == 400)
        #expect(await pool.shutdown())
        #expect(pool.status.open == 0 && pool.status.waiting == 0)
        #expect(server.get { $0.open } == 0)
    }

    @Test func waitersAreServedInOrder() async throws {
        let pool = pool(ConnectionPoolLimits(perKey: 1))
        let first = try await checkout(one, pool)
        let order = Monitor<[Int]>([])
        let tasks = await (0..<5).asyncMap { index in
            let task = Task {
                let lease = try await checkout(one, pool)
                order.withLock { $0.append(index) }
                lease.checkin()
            }
            _ = await eventually { pool.status.waiting == index + 1 }
            return task
        }
        first.checkin()
        for task in tasks { try await task.value }
        #expect(order.withLock { $0 } == [0, 1, 2, 3, 4])
        _ = await pool.shutdown()
    }

    @Test func busyAfterTheDeadlineNamesTheLimitAndLeavesNobodyWaiting() async throws {
        let pool = pool(ConnectionPoolLimits(perKey: 1))
        let lease = try await checkout(one, pool)
        let error = await #expect(throws: DatabaseError.self) { try await checkout(one, pool, waitMs: 20) }
        #expect(error?.code == .busy)
        #expect(error?.retryable == true)
        #expect(error?.message.contains("1 per project") == true)
        #expect(pool.status.waiting == 0)
        lease.checkin()
        try await run("rows 1", one, pool)
        _ = await pool.shutdown()
    }

    @Test func cancellingAWaiterLeavesNothingBehind() async throws {
        let pool = pool(ConnectionPoolLimits(perKey: 1))
        let lease = try await checkout(one, pool)
        for _ in 0..<200 {
            let task = Task { try await checkout(one, pool) }
            task.cancel()
            let error = await #expect(throws: DatabaseError.self) { try await task.value }
            #expect(error?.code == .cancelled)
        }
        #expect(pool.status.waiting == 0)
        lease.checkin()
        try await run("rows 1", one, pool)
        #expect(await pool.shutdown())
        #expect(server.get { $0.open } == 0)
    }

    @Test func cancelsRacingGrantsLeakNoConnection() async throws {
        let pool = pool(ConnectionPoolLimits(perKey: 2, total: 2))
        for round in 0..<300 {
            let tasks = (0..<4).map { _ in Task { try await run("rows 3", round % 2 == 0 ? one : two, pool) } }
            for _ in 0..<(round % 7) { await Task.yield() }
            tasks[round % 4].cancel()
            for task in tasks { _ = try? await task.value }
        }
        #expect(server.get { $0.openMax } <= 2)
        #expect(await eventually { pool.status.inUse == 0 && pool.status.waiting == 0 })
        #expect(await pool.shutdown())
        #expect(server.get { $0.open } == 0)
    }

    @Test func aFailedResetClosesTheConnection() async throws {
        let pool = pool()
        server.set { $0.failsReset = true }
        try await run("rows 1", one, pool)
        #expect(await eventually { server.get { $0.open } == 0 })
        server.set { $0.failsReset = false }
        try await run("rows 1", one, pool)
        #expect(server.get { $0.openedTotal } == 2)
        _ = await pool.shutdown()
    }

    @Test func aStaleIdleConnectionIsReplacedBeforeTheStatement() async throws {
        let pool = pool(ConnectionPoolLimits(trustIdleMs: 0))
        try await run("rows 1", one, pool)
        #expect(await eventually { pool.status.idle == 1 })
        server.set { $0.deadBelow = 2 }
        try await run("rows 2", one, pool)
        #expect(server.get { $0.ran } == ["rows 1", "rows 2"])
        #expect(pool.status.replacedTotal == 1)
        #expect(await pool.shutdown())
        #expect(server.get { $0.open } == 0)
    }

    /// The reset may have been done when it was to be stopped; the connection is closed even so, and not lent to anybody.
    @Test func aCallerThatGoesDuringTheProbeIsToldSo() async throws {
        let pool = pool(ConnectionPoolLimits(trustIdleMs: 0))
        try await run("rows 1", one, pool)
        #expect(await eventually { pool.status.idle == 1 })
        let resets = server.get { $0.resets }
        server.set { $0.holdsResets = true }
        let second = Task { try await run("rows 2", one, pool) }
        #expect(await eventually { server.get { $0.resets } > resets })
        second.cancel()
        let error = await #expect(throws: DatabaseError.self) { try await second.value }
        #expect(error?.code == .cancelled && server.get { $0.ran } == ["rows 1"])
        server.set { $0.holdsResets = false }
        try await run("rows 3", one, pool)
        #expect(server.get { $0.ran } == ["rows 1", "rows 3"])
        #expect(await pool.shutdown())
        #expect(server.get { $0.open } == 0)
    }

    @Test func anIdleConnectionMakesRoomForAnotherProject() async throws {
        let pool = pool(ConnectionPoolLimits(total: 1))
        try await run("rows 1", one, pool)
        #expect(await eventually { pool.status.idle == 1 })
        try await run("rows 1", two, pool)
        #expect(server.get { $0.openMax } == 1)
        _ = await pool.shutdown()
    }

    @Test func idleConnectionsAreClosed() async throws {
        let pool = pool(ConnectionPoolLimits(idleMs: 30))
        try await run("rows 1", one, pool)
        #expect(await eventually { server.get { $0.open } == 0 })
        #expect(await eventually { pool.status.open == 0 })
    }

    @Test func aFailedConnectGivesItsPlaceBack() async throws {
        let pool = pool(ConnectionPoolLimits(perKey: 1))
        server.set { $0.failsOpen = true }
        for _ in 0..<3 {
            let error = await #expect(throws: DatabaseError.self) { try await run("rows 1", one, pool) }
            #expect(error?.code == .connectionRefused)
        }
        server.set { $0.failsOpen = false }
        try await run("rows 1", one, pool)
        #expect(pool.status.openFailuresTotal == 3)
        _ = await pool.shutdown()
    }

    @Test func drainingAProjectSparesTheOthers() async throws {
        let pool = pool()
        let mine = try await checkout(one, pool)
        try await run("rows 1", two, pool)
        pool.drain(projectID: "p1")
        mine.checkin()
        #expect(await eventually { server.get { $0.open } == 1 })
        _ = await pool.shutdown()
    }

    @Test func shutdownStopsWhatRunsAndRefusesTheRest() async throws {
        let pool = pool()
        let running = Task { try await run("wait", one, pool) }
        #expect(await eventually { server.get { !$0.ran.isEmpty } })
        #expect(await pool.shutdown(deadlineMs: 5000))
        let error = await #expect(throws: DatabaseError.self) { try await running.value }
        #expect(error?.code == .cancelled)
        let late = await #expect(throws: DatabaseError.self) { try await run("rows 1", one, pool) }
        #expect(late?.code == .shuttingDown)
        #expect(server.get { $0.open } == 0)
    }
}

extension Sequence where Self: Sendable {
    func asyncMap<T>(_ transform: (Element) async -> T) async -> [T] {
        var result: [T] = []
        for element in self { result.append(await transform(element)) }
        return result
    }
}
