import Databases
import Synchronization
import TestSupport
import Testing

@testable import Store

/// Several stores, as several daemons open them, on one PostgreSQL database.
@Suite(.serialized) struct SharedStoreTests {
    /// Notes what it is told.
    private final class Listener: StoreWatcher {
        let heard = Mutex<[StoreChange]>([])
        private let lost = Mutex(false)
        let shown: [LiveQueryRecord]
        let sessionsInUse: [String]
        init(showing shown: [LiveQueryRecord] = [], sessions: [String] = []) {
            self.shown = shown
            sessionsInUse = sessions
        }
        var queriesToShow: [LiveQueryRecord] { shown }
        func changed(_ change: StoreChange) { heard.withLock { $0.append(change) } }
        var isLost: Bool { lost.withLock { $0 } }
        func lostTrack() { lost.withLock { $0 = true } }
        func failed(_ error: StoreError?) {}
    }

    private static func place() throws -> (server: PostgreSQLServer, name: String, location: StoreLocation) {
        let server = try PostgreSQLServer.shared()
        let name = try server.makeDatabase()
        return (server, name, .postgresql(connectionString: server.socketURI(database: name)))
    }

    /// All begin on an empty database at once; each finds it ready.
    @Test func manyMakeOneStore() async throws {
        let location = try Self.place().location
        let stores = try await withThrowingTaskGroup(of: Store.self) { group in
            for _ in 0..<6 { group.addTask { try await Store.open(location, nowMs: Sample.nowMs) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        try await withThrowingTaskGroup { group in
            for (number, store) in stores.enumerated() {
                for index in 0..<30 {
                    group.addTask { try await store.createUser(Sample.user(email: "\(number)-\(index)@example.org")) }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await stores[0].countUsers() == 180)
        #expect(try await stores[0].countRows("daemons") == 6)
        #expect(try await stores[0].countRows("store_migrations") == Int64(Migrations.newest))
        for store in stores[1...] { await store.close() }
        #expect(try await stores[0].countRows("daemons") == 1)
        #expect(try await stores[0].integrityProblems() == [])
        await stores[0].close()
    }

    /// Counts that are read and then written stay right, for writers take turns.
    @Test func whatIsCountedTogetherIsRight() async throws {
        let location = try Self.place().location
        let stores = [try await Store.open(location, nowMs: Sample.nowMs), try await Store.open(location, nowMs: Sample.nowMs)]
        let project = try await stores[0].makeProject()
        let keys = [(key: "k", policy: ThrottlePolicy(freeFailures: 5))]
        let allowed = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<40 {
                let store = stores[number % 2]
                group.addTask {
                    let start = Sample.start(project, mode: .write)
                    try await store.insertRunning(start)
                    try await store.finishQuery(id: start.id, Sample.success())
                    return try await store.beginAttempt(keys, nowMs: Sample.nowMs) == .allowed
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        // Five are free, and the sixth begins the wait.
        #expect(allowed == 6)
        let statistics = try await stores[1].statistics(
            userID: project.userID, fromMs: Sample.nowMs - Day.ms, toMs: Sample.nowMs + Day.ms, statements: 3)
        #expect(statistics.total.counts.success == 40)
        for store in stores {
            #expect(try await store.integrityProblems() == [])
            await store.close()
        }
    }

    @Test func changesAreHeardByTheOthers() async throws {
        let location = try Self.place().location
        let (store, other) = (
            try await Store.open(location, nowMs: Sample.nowMs), try await Store.open(location, nowMs: Sample.nowMs)
        )
        let (own, listener) = (Listener(), Listener())
        store.watch(own)
        other.watch(listener)
        let project = try await store.makeProject()
        let sessions = (0..<3).map { _ in
            SessionRecord(
                id: Sample.id(), userID: project.userID, client: "", createdAtMs: Sample.nowMs,
                expiresAtMs: Sample.nowMs + Day.ms)
        }
        for session in sessions { try await store.createSession(session) }
        try await store.revokeSession(id: sessions[0].id, userID: project.userID, reason: "loggedOut", nowMs: Sample.nowMs)
        // Ending it again tells nobody.
        try await store.revokeSession(id: sessions[0].id, userID: project.userID, nowMs: Sample.nowMs)
        try await store.revokeSessions(userID: project.userID, except: sessions[2].id, nowMs: Sample.nowMs)
        var change = ProjectChange()
        change.isReadOnly = true
        _ = try await store.updateProject(id: project.id, userID: project.userID, change: change, nowMs: Sample.nowMs)
        change.isReadOnly = false
        change.sealedConnectionString = [9]
        _ = try await store.updateProject(id: project.id, userID: project.userID, change: change, nowMs: Sample.nowMs)
        try await store.announce(.queryCancelled("q", userID: "u"))
        try await store.announce(.turnCancelled(threadID: "t", userID: "u"))
        try await store.announce(.schemaChanged(projectID: project.id))
        try await store.deleteProject(id: project.id, userID: project.userID)
        try await store.deleteUser(id: project.userID)
        let wasReadOnly = project.isReadOnly
        let expected: [StoreChange] =
            [.sessionEnded(sessions[0].id, reason: "loggedOut"), .sessionEnded(sessions[1].id, reason: "revoked")]
            + (wasReadOnly ? [] : [.projectClosedToWrites(project.id)])
            + [
                .projectMoved(project.id), .queryCancelled("q", userID: "u"), .turnCancelled(threadID: "t", userID: "u"),
                .schemaChanged(projectID: project.id), .projectDeleted(project.id), .userDeleted(project.userID),
            ]
        #expect(try await eventually { listener.heard.withLock { $0.count } == expected.count })
        #expect(listener.heard.withLock { $0 } == expected)
        #expect(own.heard.withLock { $0.isEmpty } && !listener.isLost)
        await store.close()
        await other.close()
    }

    /// A daemon that was away for longer than changes are kept asks for what it must know.
    @Test func whoMissedChangesCatchesUp() async throws {
        let (server, name, location) = try Self.place()
        let store = try await Store.open(location, nowMs: Sample.nowMs)
        let user = Sample.user()
        try await store.createUser(user)
        let session = SessionRecord(
            id: Sample.id(), userID: user.id, client: "", createdAtMs: Sample.nowMs, expiresAtMs: Sample.nowMs + Day.ms)
        try await store.createSession(session)
        let other = try await Store.open(location, nowMs: Sample.nowMs)
        try await store.revokeSession(id: session.id, userID: user.id, nowMs: Sample.nowMs)
        for _ in 0..<3 { try await store.announce(.schemaChanged(projectID: "p")) }
        try server.psql("UPDATE changes SET at = 0 WHERE seq < 4", database: name)
        try await store.write { session throws(StoreError) in try Store.pruneChanges(session) }
        #expect(try await store.countRows("changes") == 1)
        let listener = Listener(sessions: [session.id, "unknown"])
        other.watch(listener)
        #expect(try await eventually { listener.heard.withLock { $0.count } == 3 })
        #expect(
            listener.heard.withLock { $0 } == [
                .sessionEnded(session.id, reason: "revoked"), .sessionEnded("unknown", reason: "revoked"),
                .schemaChanged(projectID: "p"),
            ])
        #expect(listener.isLost)
        await store.close()
        await other.close()
    }

    /// What one daemon wrote another may put into the index of texts, and both find it; at once, each row gets there once.
    @Test func theIndexOfTextsIsOfAll() async throws {
        let location = try Self.place().location
        let stores = [try await Store.open(location, nowMs: Sample.nowMs), try await Store.open(location, nowMs: Sample.nowMs)]
        let project = try await stores[0].makeProject()
        for number in 0..<1_200 {
            await stores[number % 2].recordFinished(
                Sample.start(project, sql: "SELECT 'größe' || \(number)", atMs: Sample.nowMs + Int64(number / 100)),
                Sample.success())
        }
        for store in stores { await store.flush() }
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for store in stores + stores { group.addTask { try await store.indexHistory() } }
            return try await group.reduce(into: 0) { $0 += $1 }
        }
        // Some were put there while they were written.
        #expect(counts <= 1_200)
        #expect(try await stores[0].countRows("query_texts") == 1_200)
        for store in stores {
            #expect(try await store.integrityProblems() == [])
            let found = try await store.history(
                userID: project.userID, filter: HistoryFilter(text: "GRÖSSE".replacing("SS", with: "ß") + "' || 77"),
                page: PageRequest(limit: 50), near: 0)
            #expect(
                found.items.map(\.start.sql).sorted() == ["SELECT 'größe' || 77"] + (770..<780).map { "SELECT 'größe' || \($0)" })
        }
        for store in stores { await store.close() }
    }

    @Test func runningQueriesAreShown() async throws {
        let location = try Self.place().location
        let store = try await Store.open(location, nowMs: Sample.nowMs)
        let project = try await store.makeProject()
        let records = (0..<2).map { number in
            LiveQueryRecord(
                start: Sample.start(project, sql: "SELECT '\(number)\n'"), isCut: true, projectName: "shop", isWaiting: false,
                rowCount: 3, bytes: 1 << 40)
        }
        let other = try await Store.open(location, nowMs: Sample.nowMs)
        store.watch(Listener(showing: records))
        other.watch(Listener())
        let userID = project.userID
        #expect(
            try await eventually { try await other.liveQueriesElsewhere(userID: userID, projectID: nil).count == 2 })
        #expect(try await other.liveQueriesElsewhere(userID: userID, projectID: project.id) == records)
        #expect(try await other.liveQueriesElsewhere(userID: userID, projectID: "other").isEmpty)
        #expect(try await other.liveQueriesElsewhere(userID: "other", projectID: nil).isEmpty)
        #expect(try await store.liveQueriesElsewhere(userID: userID, projectID: nil).isEmpty)
        #expect(try await eventually { other.countLiveQueriesElsewhere(userID: userID) == 2 })
        #expect(store.countLiveQueriesElsewhere(userID: userID) == 0)
        // They go with their daemon.
        await store.close()
        #expect(try await other.liveQueriesElsewhere(userID: userID, projectID: nil).isEmpty)
        await other.close()
    }

    /// A writer that stands still in its transaction does not keep the others from writing for ever.
    @Test func aWriterThatStandsStillLosesItsTurn() async throws {
        let (server, name, location) = try Self.place()
        let store = try await Store.open(location, nowMs: Sample.nowMs)
        let engine = PostgreSQLEngine(
            connectionString: server.socketURI(database: name), applicationName: "stuck", connectTimeoutMs: 5_000)
        let stuck = try engine.connect()
        try engine.beginWrite(stuck)
        await expectError(.unavailable) { try await store.createUser(Sample.user()) }
        let until = ContinuousClock.now + .seconds(20)
        var isWritten = false
        while !isWritten, ContinuousClock.now < until {
            isWritten = (try? await store.createUser(Sample.user())) != nil
        }
        #expect(isWritten)
        #expect(throws: StoreError.self) { try stuck.execute("COMMIT") }
        stuck.close()
        await store.close()
    }

    /// A daemon whose schema was left behind by a newer one writes nothing more.
    @Test func aNewerSchemaStopsWriting() async throws {
        let (server, name, location) = try Self.place()
        let store = try await Store.open(location, nowMs: Sample.nowMs)
        try server.psql("UPDATE store_lock SET version = 99", database: name)
        await expectError(.newerSchema) { try await store.createUser(Sample.user()) }
        #expect(try await store.countUsers() == 0)
        await store.close()
    }

    @Test func aStoreInUseIsNotCopiedOnto() async throws {
        let (location, source) = (try Self.place().location, try Self.place().location)
        let (store, full) = (
            try await Store.open(location, nowMs: Sample.nowMs), try await Store.open(source, nowMs: Sample.nowMs)
        )
        try await full.createUser(Sample.user())
        await expectError(.locked) { _ = try await Store.copy(from: source, to: location, nowMs: Sample.nowMs) }
        await store.close()
        _ = try await Store.copy(from: source, to: location, nowMs: Sample.nowMs)
        await full.close()
    }
}
