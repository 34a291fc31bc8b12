import Foundation
import Glibc
import TestSupport
import Testing

/// Two daemons on one store in PostgreSQL are to their users as one.
@Suite(.serialized) struct SeveralDaemonsTests {
    private struct Pair {
        let bench: Workbench
        let server: PostgreSQLServer
        /// The database of the store.
        let database: String
        let other: DaemonProcess
        /// A connection to the second, logged in with the first's token.
        let there: TestClient

        var here: TestClient { bench.client }

        static func start(_ more: [String: String] = [:], engines: [Engine] = [.sqlite]) async throws -> Pair {
            let server = try PostgreSQLServer.shared()
            let database = try server.makeDatabase()
            let store = ["DBASSIST_STORE": server.socketURI(database: database)]
            let bench = try await Workbench.start(store.merging(more) { $1 }, engines: engines)
            let other = try await bench.daemon.startAnother()
            let there = try other.client()
            try await there.attach(bench.account.token)
            return Pair(bench: bench, server: server, database: database, other: other, there: there)
        }
    }

    private func run(_ pair: Pair, _ engine: Engine, _ sql: String, _ more: JSONValue = [:]) -> JSONValue {
        pair.bench.query(engine, sql, nil, more)
    }

    @Test func `what one writes the other reads`() async throws {
        let pair = try await Pair.start()
        #expect(try await pair.there.call("query.run", run(pair, .sqlite, "SELECT 7"))["rows"] == [[7]])
        #expect(try await eventually { try await pair.here.call("query.history")["items"].array?.count == 1 })
        try await pair.there.call("project.update", ["projectId": .string(pair.bench.project(.sqlite)), "name": "renamed"])
        #expect(try await pair.here.call("project.list")["items"].array?.first?["name"] == "renamed")
        // What the first no longer allows, the second does not do, from the very next request on.
        let write = run(pair, .sqlite, "INSERT INTO t VALUES (1, 'x')", ["mode": "write"])
        try await pair.there.call("query.run", write)
        try await pair.here.call("project.update", ["projectId": .string(pair.bench.project(.sqlite)), "readOnly": true])
        #expect(try await pair.there.failure("query.run", write).code == "read_only")
        for daemon in [pair.bench.daemon, pair.other] { #expect(try await daemon.stop() == 0) }
    }

    /// Logging out, revoking, a new password, and the end of the account, each within a second.
    @Test func `a session that ends at one ends at the other`() async throws {
        let pair = try await Pair.start()
        let login: JSONValue = ["email": .string(pair.bench.account.email), "password": .string(pair.bench.account.password)]
        func ended(_ client: TestClient, _ reason: String, _ end: () async throws -> Void) async throws {
            try await end()
            let begin = ContinuousClock.now
            #expect(try await client.notification("session/expired")["reason"].string == reason)
            #expect(ContinuousClock.now - begin < .seconds(1))
            #expect(try await client.errorCode("auth.whoami") == "unauthenticated")
        }
        let more = try pair.other.client()
        let token = try await more.call("auth.login", login)["token"]
        try await ended(more, "revoked") { try await pair.here.call("auth.revoke", ["others": true]) }
        #expect(try await pair.there.call("auth.whoami")["user"]["email"] == login["email"])
        #expect(try await more.errorCode("auth.attach", ["token": token]) == "unauthenticated")
        try await more.call("auth.login", login)
        let twin = try pair.bench.daemon.client()
        try await twin.attach(pair.bench.account.token)
        try await ended(pair.there, "loggedOut") { try await twin.call("auth.logout") }
        let fresh = try pair.bench.daemon.client()
        try await fresh.call("auth.login", login)
        try await ended(more, "passwordChanged") {
            try await fresh.call(
                "auth.changePassword", ["currentPassword": login["password"], "newPassword": "another good long one"])
        }
        let last: JSONValue = ["email": login["email"], "password": "another good long one"]
        try await more.call("auth.login", last)
        try await ended(more, "accountDeleted") {
            try await fresh.call("auth.deleteAccount", ["currentPassword": last["password"]])
        }
        #expect(try await more.errorCode("auth.login", last) == "invalid_credentials")
    }

    @Test func `failed log-ins count at both`() async throws {
        let pair = try await Pair.start(["DBASSIST_LIMITS_LOGIN_FAILURES": "3", "DBASSIST_LIMITS_LOGIN_DELAY_MS": "60000"])
        let wrong: JSONValue = ["email": .string(pair.bench.account.email), "password": "not the right one"]
        for client in [pair.here, pair.there, pair.here, pair.there] {
            #expect(try await client.errorCode("auth.login", wrong) == "invalid_credentials")
        }
        for client in [pair.here, pair.there] { #expect(try await client.errorCode("auth.login", wrong) == "rate_limited") }
    }

    @Test func `a query of the other is seen, counted and stopped`() async throws {
        let pair = try await Pair.start(["DBASSIST_LIMITS_QUERIES_PER_USER": "2"], engines: [.sqlite, .postgresql])
        let queryID: JSONValue = "01a20a9d-3741-73c3-a6fb-9df4a6b8df2a"
        let slow = run(pair, .postgresql, Engine.postgresql.slowStatement, ["queryId": queryID, "label": "slow"])
        let request = pair.here.send("query.run", slow)
        var item: JSONValue?
        #expect(
            try await eventually {
                item = try await pair.there.call("query.running")["items"].array?.first
                return item != nil
            })
        #expect(item?["queryId"] == queryID && item?["label"] == "slow" && item?["phase"] == "running")
        #expect(item?["sql"].string == Engine.postgresql.slowStatement && item?["projectName"] == "postgresql")
        #expect((item?["elapsedMs"].double ?? 0) >= 250)
        #expect(try await pair.here.call("query.running")["items"].array?.count == 1)
        let none = try await pair.there.call("query.running", ["projectId": .string(pair.bench.project(.sqlite))])
        #expect(none["items"] == [])
        // Another user neither sees nor stops it.
        let stranger = try pair.other.client()
        _ = try await stranger.signUp()
        #expect(try await stranger.call("query.running")["items"] == [])
        #expect(try await stranger.call("query.cancel", ["queryId": queryID]) == [:])
        // Two are allowed, wherever.
        let second = pair.there.send(
            "query.run",
            run(pair, .postgresql, Engine.postgresql.slowStatement, ["queryId": "01a20a9d-3741-73c3-a6fb-9df4a6b8df2b"]))
        #expect(try await eventually { try await pair.there.call("query.running")["items"].array?.count == 2 })
        #expect(try await pair.there.failure("query.run", run(pair, .sqlite, "SELECT 1")).code == "busy")
        let begin = ContinuousClock.now
        #expect(try await pair.there.call("query.cancel", ["queryId": queryID]) == [:])
        let failure = await #expect(throws: TestClient.Failure.self) { try await pair.here.result(of: request, "query.run") }
        #expect(failure?.code == "cancelled" && ContinuousClock.now - begin < .seconds(1))
        #expect(try await eventually { try await pair.there.call("query.running")["items"].array?.count == 1 })
        try await pair.here.call("query.cancel", ["queryId": "01a20a9d-3741-73c3-a6fb-9df4a6b8df2b"])
        _ = await #expect(throws: TestClient.Failure.self) { try await pair.there.result(of: second, "query.run") }
        #expect(try await eventually { try await pair.here.call("query.running")["items"] == [] })
    }

    @Test func `a changed schema is read anew by the other`() async throws {
        let pair = try await Pair.start()
        let project: JSONValue = .string(pair.bench.project(.sqlite))
        func relations() async throws -> Int {
            try await pair.there.call("schema.list", ["projectId": project])["items"].array?.count ?? 0
        }
        let before = try await relations()
        try await pair.bench.write(.sqlite, "CREATE TABLE more (a INTEGER)")
        #expect(try await eventually(.seconds(1)) { try await relations() == before + 1 })
    }

    /// A daemon that is killed while it writes: the other says what became of it, and nobody else's is touched.
    @Test func `what a dead daemon left is ended by the other`() async throws {
        let pair = try await Pair.start(engines: [.postgresql])
        let slow = run(pair, .postgresql, Engine.postgresql.slowStatement, ["mode": "write"])
        let kept = pair.there.send("query.run", slow)
        _ = pair.here.send("query.run", slow)
        func statuses() async throws -> [String] {
            let items = try await pair.there.call("query.history")["items"].array ?? []
            return items.map { ($0["status"].string ?? "") + " " + ($0["errorCode"].string ?? "") }.sorted()
        }
        #expect(try await eventually { try await statuses() == ["running ", "running "] })
        try await pair.bench.daemon.crash()
        #expect(try await eventually(.seconds(20)) { try await statuses() == ["error interrupted", "running "] })
        #expect(try await eventually { try await pair.there.call("query.running")["items"].array?.count == 1 })
        let queryID = try await pair.there.call("query.running")["items"].array?.first?["queryId"] ?? .null
        try await pair.there.call("query.cancel", ["queryId": queryID])
        _ = await #expect(throws: TestClient.Failure.self) { try await pair.there.result(of: kept, "query.run") }
        #expect(try await statuses() == ["cancelled cancelled", "error interrupted"])
        // The dead one's history is whole again when another takes its place.
        let again = try await pair.bench.daemon.startAgain()
        let client = try again.client()
        try await client.attach(pair.bench.account.token)
        #expect(try await client.call("dashboard.get")["totals"]["queries"] == 2)
        let check = try ChildProcess.run([
            "env", "DBASSIST_STATE_DIR=\(again.stateDirectory)", "DBASSIST_SOCKET=/nowhere/s",
            "DBASSIST_STORE=" + pair.server.socketURI(database: pair.database), Repository.daemon.path(), "store", "check",
        ])
        #expect(check == "sound\n")
    }

    /// Taken off for dead while it stood still, a daemon takes its place again, and what its query came to is kept.
    @Test func `a daemon that stood still goes on`() async throws {
        let pair = try await Pair.start(engines: [.postgresql])
        let request = pair.here.send(
            "query.run", run(pair, .postgresql, "SELECT 5, pg_sleep(3)", ["mode": "write", "timeoutMs": 120_000]))
        func status() async throws -> JSONValue {
            try await pair.there.call("query.history")["items"].array?.first?["status"] ?? .null
        }
        #expect(
            try await eventually { try await pair.there.call("query.running")["items"].array?.first?["phase"] == "running" })
        #expect(try await status() == "running")
        pair.bench.daemon.end(SIGSTOP)
        #expect(try await eventually(.seconds(40)) { try await status() == "error" })
        // Work goes on beside one that stands still.
        #expect(try await pair.there.call("query.run", run(pair, .postgresql, "SELECT 6"))["rows"] == [[6]])
        pair.bench.daemon.end(SIGCONT)
        #expect(try await pair.here.result(of: request, "query.run")["rows"].array?.count == 1)
        #expect(try await eventually { try await pair.here.call("query.history", ["status": "error"])["items"] == [] })
        #expect(try await eventually { try await pair.here.call("dashboard.get")["queriesByStatus"]["success"] == 2 })
    }

    @Test func `two turns in one thread are not run by two daemons`() async throws {
        let model = try ModelServer { _ in ModelReply([.hang]) }
        let pair = try await Pair.start([
            "DBASSIST_MODEL_URL": model.url, "DBASSIST_MODEL": "test", "DBASSIST_MODEL_RETRIES": "0",
            "DBASSIST_LIMITS_CHAT_TURNS_PER_USER": "2",
        ])
        let project: JSONValue = .string(pair.bench.project(.sqlite))
        try await pair.here.call(
            "project.update", ["projectId": project, "assistant": ["shareSchema": true, "shareRows": true]])
        let request = pair.here.send("chat.send", ["projectId": project, "content": "How many rows are in t?"])
        var thread: JSONValue = .null
        #expect(
            try await eventually {
                thread = try await pair.there.call("chat.threads")["items"].array?.first?["id"] ?? .null
                return thread != .null
            })
        let again: JSONValue = ["projectId": project, "threadId": thread, "content": "And now?"]
        #expect(try await pair.there.failure("chat.send", again).code == "conflict")
        let second = pair.there.send("chat.send", ["projectId": project, "content": "How many rows are in t?"])
        #expect(try await eventually { try await pair.there.call("chat.threads")["items"].array?.count == 2 })
        #expect(try await pair.there.failure("chat.send", ["projectId": project, "content": "More?"]).code == "busy")
        try await pair.there.call("chat.cancel", ["threadId": thread])
        let failure = await #expect(throws: TestClient.Failure.self) { try await pair.here.result(of: request, "chat.send") }
        #expect(failure?.code == "cancelled")
        pair.there.notify("$/cancelRequest", ["id": .number(String(second))])
        _ = await #expect(throws: TestClient.Failure.self) { try await pair.there.result(of: second, "chat.send") }
    }

    @Test func `a daemon that cannot hear looks by itself`() async throws {
        let pair = try await Pair.start()
        let session = try await pair.there.call("auth.whoami")["session"]["id"].string ?? ""
        // As a database without NOTIFY would leave it.
        try pair.server.psql(
            """
            INSERT INTO changes SELECT coalesce(max(seq), 0) + 1, 'nobody', 'session_ended', '\(session)', 'revoked', 0 FROM changes
            """, database: pair.database)
        let begin = ContinuousClock.now
        _ = try await pair.there.notification("session/expired")
        #expect(ContinuousClock.now - begin < .seconds(1))
    }

    @Test func `another keyring is refused`() async throws {
        let server = try PostgreSQLServer.shared()
        let settings = ["DBASSIST_STORE": server.socketURI(database: try server.makeDatabase())]
        let first = try await DaemonProcess.start(settings)
        let other = await #expect(throws: ChildProcess.Failure.self) { try await DaemonProcess.start(settings) }
        #expect("\(String(describing: other))".contains("keyring of installation"))
        try await first.stop()
    }
}
