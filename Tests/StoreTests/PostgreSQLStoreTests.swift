import Databases
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Store

/// The store in PostgreSQL, where its server, its connections and other daemons come and go.
@Suite(.serialized) struct PostgreSQLStoreTests {
    /// Ends the connections of the store, as an administrator or a restart would.
    private static func endConnections(_ server: PostgreSQLServer, _ name: String) throws {
        try server.psql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '\(name)' AND pid <> pg_backend_pid()",
            database: "postgres")
    }

    private static func user(_ number: Int) -> User { Sample.user(email: "user\(number)@example.org") }

    @Test func whatIsNoStoreIsLeftAlone() async throws {
        let server = try PostgreSQLServer.shared()
        let name = try server.makeDatabase()
        let location = StoreLocation.postgresql(connectionString: server.socketURI(database: name))
        try server.psql("CREATE TABLE theirs (a int)", role: PostgreSQLServer.plainRole, database: name)
        await expectError(.corrupt) { await (try Store.open(location, nowMs: Sample.nowMs)).close() }
        #expect(
            try server.psql("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'", database: name)
                == "1\n")
        let wrong = StoreLocation.postgresql(connectionString: server.uri(password: "wrong", database: name))
        await expectError(.permissions) { await (try Store.open(wrong, nowMs: Sample.nowMs)).close() }
        let nobody = StoreLocation.postgresql(
            connectionString: "postgresql://a@127.0.0.1:\(try Loopback.freePort())/b?sslmode=disable")
        await expectError(.unavailable) { await (try Store.open(nobody, nowMs: Sample.nowMs)).close() }
    }

    /// Connections end at any moment, also between COMMIT and its answer: what was acknowledged is there, what was refused is not, and
    /// nothing is there twice.
    @Test func lostConnectionsLoseNothing() async throws {
        let server = try PostgreSQLServer.shared()
        let name = try server.makeDatabase()
        let store = try await Store.open(.postgresql(connectionString: server.socketURI(database: name)), nowMs: Sample.nowMs)
        let isOver = Atomic(false)
        let killer = Task.detached {
            var count = 0
            while !isOver.load(ordering: .relaxed) {
                try Self.endConnections(server, name)
                count += 1
            }
            return count
        }
        var outcomes: [Int: StoreError?] = [:]
        for start in stride(from: 0, to: 400, by: 8) {
            await withTaskGroup(of: (Int, StoreError?).self) { group in
                for number in start..<(start + 8) {
                    group.addTask {
                        do throws(StoreError) {
                            try await store.createUser(Self.user(number))
                            return (number, nil)
                        } catch {
                            return (number, error)
                        }
                    }
                }
                for await (number, error) in group { outcomes[number] = error }
            }
        }
        isOver.store(true, ordering: .relaxed)
        #expect(try await killer.value > 3)
        // Heals by itself, half a second after the last connection that could not be made.
        try await Task.sleep(for: .milliseconds(600))
        try await store.createUser(Self.user(1_000))
        var saved = 0
        for (number, error) in outcomes {
            let isThere = try await store.user(email: "user\(number)@example.org") != nil
            if error == nil { saved += 1 }
            #expect(error == nil ? isThere : error?.code == .unavailable, "\(number): \(String(describing: error))")
            if let error, !error.message.contains("look whether") { #expect(!isThere, "\(number): \(error)") }
        }
        #expect(saved > 0 && outcomes.count == 400)
        await store.close()
    }

    /// A server that is away is said to be away, at once, and everything goes on when it is back.
    @Test func anAbsentServerIsToldAndReturns() async throws {
        let server = try PostgreSQLServer.shared()
        let name = try server.makeDatabase()
        let proxy = try FaultProxy(to: server.port)
        defer { proxy.stop() }
        let uri = server.uri(port: proxy.port, database: name, query: "?sslmode=disable")
        let store = try await Store.open(.postgresql(connectionString: uri, connectTimeoutMs: 500), nowMs: Sample.nowMs)
        let project = try await store.makeProject()
        #expect(try await store.countUsers() == 1)
        proxy.set(.close)
        try Self.endConnections(server, name)
        await expectError(.unavailable) { _ = try await store.countUsers() }
        await expectError(.unavailable) { try await store.createUser(Self.user(2)) }
        let start = ContinuousClock.now
        for _ in 0..<20 { await expectError(.unavailable) { _ = try await store.countUsers() } }
        #expect(ContinuousClock.now - start < .seconds(10))
        // A row of history waits meanwhile.
        await store.recordFinished(Sample.start(project), Sample.success())
        proxy.set(nil)
        try await Task.sleep(for: .milliseconds(600))
        try await store.createUser(Self.user(3))
        #expect(try await store.countUsers() == 2)
        let untilNs = ContinuousClock.now + .seconds(10)
        while try await store.history(userID: project.userID).items.isEmpty, ContinuousClock.now < untilNs {}
        #expect(try await store.history(userID: project.userID).items.count == 1)
        await store.close()
    }

    /// Statements that go out together answer in order, and one that fails takes what is after it along, but not the connection.
    @Test func statementsInOneRoundTrip() async throws {
        try await withStore(on: [.postgresql]) { store, _ in
            let sql = "SELECT 100 / CAST($1 AS INTEGER), $1"
            let (rows, failure, after) = try await store.write { session throws(StoreError) in
                let rows = try session.rows(sql, forEach: (1...500).map { [.integer($0)] })
                try session.execute("SAVEPOINT here")
                var failure: StoreError?
                do throws(StoreError) {
                    try session.rows(sql, forEach: (0..<500).map { [.integer(300 - $0)] })
                } catch { failure = error }
                try session.execute("ROLLBACK TO SAVEPOINT here")
                #expect(throws: StoreError.self) {
                    try session.rows("SELECT nothing($1)", forEach: [[.integer(1)], [.integer(2)]])
                }
                try session.execute("ROLLBACK TO SAVEPOINT here")
                #expect(try session.rows("SELECT 1", forEach: []).isEmpty)
                return try (rows, failure, session.rows(sql, forEach: [[.integer(50)], [.integer(25)]]))
            }
            #expect(rows.map(\.[0].values[0]) == (1...500).map { .integer(100 / $0) })
            #expect(rows.map(\.[0].values[1]) == (1...500).map { .integer($0) })
            #expect(failure?.code == .internal && failure?.debugDescription.contains("division by zero") == true)
            #expect(after.map(\.[0].values[0]) == [.integer(2), .integer(4)])
        }
    }

    /// A server that dies may give the number of a transaction it lost to the next one; that one's commit is not the lost one's.
    @Test func aTransactionThatACrashTookIsNotTakenForAnothers() async throws {
        let server = try PostgreSQLServer.ofItsOwn()
        let name = try server.makeDatabase()
        // Nothing gets to the disk but what is committed.
        try server.psql("ALTER SYSTEM SET wal_writer_delay = '10s'", database: "postgres")
        try server.psql("SELECT pg_reload_conf()", database: "postgres")
        let engine = PostgreSQLEngine(
            connectionString: server.socketURI(database: name), applicationName: "lost", connectTimeoutMs: 5_000)
        let session = try engine.connect()
        try Migrations.bring(session, nowMs: Sample.nowMs)
        try session.transaction { session throws(StoreError) in try Daemons.join(session, nowMs: Sample.nowMs) }
        for isCommitted in [false, true] {
            try engine.beginWrite(session)
            var row = try session.first("SELECT CAST(pg_current_xact_id() AS TEXT)")
            let lost = try #require(Int(try row?.text() ?? ""))
            try session.change("INSERT INTO throttles VALUES ('\(isCommitted)', 1, 1, 1)")
            if isCommitted { try session.execute("COMMIT") }
            try server.crash()
            try server.startAgain()
            var others: [Int] = []
            for _ in 0..<8 {
                others += try server.psql("SELECT pg_current_xact_id()", database: name).split(separator: "\n").compactMap {
                    Int($0)
                }
            }
            // Else this proves nothing.
            #expect(isCommitted || others.contains(lost), "\(lost) is not among \(others)")
            #expect(throws: StoreError.self) { try session.execute(isCommitted ? "SELECT 1" : "COMMIT") }
            #expect(engine.outcomeOfCommit(session) == (isCommitted ? .committed : .rolledBack))
        }
        #expect(try server.psql("SELECT * FROM throttles", database: name).hasPrefix("true|"))
        session.close()
    }

    @Test func whatTextCannotHoldIsReplaced() async throws {
        let server = try PostgreSQLServer.shared()
        let name = try server.makeDatabase()
        let store = try await Store.open(.postgresql(connectionString: server.socketURI(database: name)), nowMs: Sample.nowMs)
        let project = try await store.makeProject()
        let start = Sample.start(project, sql: "SELECT 'a\0b'")
        try await store.insertRunning(start)
        #expect(try await store.query(id: start.id, userID: project.userID)?.start.sql == "SELECT 'a\u{FFFD}b'")
        await store.close()
    }
}
