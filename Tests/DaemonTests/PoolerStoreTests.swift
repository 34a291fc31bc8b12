import TestSupport
import Testing

/// The daemon's store behind a real PgBouncer: works where sessions are pooled, and is refused where they are not.
@Suite(.serialized, .enabled(if: PgBouncerServer.isInstalled, "pgbouncer is not installed")) struct PoolerStoreTests {
    /// Two daemons hear of each other, which needs LISTEN; what was acknowledged outlives them; and the pooler may die.
    @Test func `daemons share a store through a pooler`() async throws {
        let server = try PostgreSQLServer.shared()
        // One that cleans nothing, and calls nothing by its name.
        let pooler = try PgBouncerServer.start(to: server, settings: ["server_reset_query": "", "default_pool_size": "12"])
        let name = try server.makeDatabase()
        let bench = try await Workbench.start(["DBASSIST_STORE": pooler.uri(database: name)], engines: [.sqlite])
        let other = try await bench.daemon.startAnother()
        let there = try other.client()
        try await there.attach(bench.account.token)
        try await bench.write(.sqlite, "INSERT INTO t VALUES (1, 'one')")
        #expect(try await eventually { try await there.call("query.history")["items"].array?.count == 1 })
        let twin = try bench.daemon.client()
        try await twin.attach(bench.account.token)
        let login: JSONValue = ["email": .string(bench.account.email), "password": .string(bench.account.password)]
        let late = try other.client()
        try await late.call("auth.login", login)
        let began = ContinuousClock.now
        try await twin.call("auth.revoke", ["others": true])
        #expect(try await late.notification("session/expired")["reason"] == "revoked")
        #expect(ContinuousClock.now - began < .seconds(1) * TestScale.slack)

        // No project gets at it, with a pooler in between or without.
        for (number, way) in [server.socketURI(database: name), pooler.uri(database: name)].enumerated() {
            let made = try await bench.client.call(
                "project.create",
                ["name": .string("store \(number)"), "databaseType": "postgresql", "connectionString": .string(way)])
            let failure = try await bench.client.failure("query.run", ["projectId": made["id"], "sql": "SELECT * FROM users"])
            #expect(failure.code == "policy" && failure.message.contains("daemon's own store"), "\(failure)")
        }

        pooler.crash()
        let failure = try await bench.client.failure("project.list")
        #expect(failure.data["retryable"] == true, "\(failure)")
        try pooler.startAgain()
        let heals = try await eventually(.seconds(20)) {
            (try? await bench.client.call("project.list")["items"].array?.count) == 3
        }
        #expect(heals)
        // What was run just before the outage may come only now.
        #expect(try await eventually { try await bench.client.call("query.history")["items"].array?.count == 3 })
        let history = try await bench.client.call("query.history")["items"]
        try await bench.daemon.crash()
        let again = try await bench.daemon.startAgain()
        let client = try again.client()
        try await client.call("auth.login", login)
        let after = try await client.call("query.history")["items"]
        #expect(after == history, "\(after) instead of \(history)")
        #expect(try await client.call("system.health")["store"]["ok"] == true)
        for daemon in [again, other] { #expect(try await daemon.stop() == 0) }
        // Nothing of the daemons is left for others in the pool.
        for _ in 0..<12 {
            let left = """
                SELECT current_setting('default_transaction_read_only'), current_setting('statement_timeout'),
                (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_listening_channels())
                """
            #expect(try pooler.psql(left, database: name) == "off|0|0|0\n")
        }
    }

    @Test(arguments: [PgBouncerServer.transactions, PgBouncerServer.statements])
    func `a store that is pooled otherwise is refused`(database: String) async throws {
        let pooler = try PgBouncerServer.start(to: try PostgreSQLServer.shared())
        let failure = await #expect(throws: ChildProcess.Failure.self) {
            _ = try await DaemonProcess.start(["DBASSIST_STORE": pooler.uri(database: database)])
        }
        let text = failure?.description ?? ""
        #expect(text.contains("did not start") && text.contains("pool_mode=session"), "\(text)")
        #expect(!text.contains("canary"))
        #expect(try pooler.psql("SHOW default_transaction_read_only", database: database) == "off\n")
    }
}
