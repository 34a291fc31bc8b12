import Glibc
import TestSupport
import Testing

/// Projects behind a real PgBouncer that pools sessions: all of it works as without one. Other ways to pool are refused.
@Suite(.serialized, .enabled(if: PgBouncerServer.isInstalled, "pgbouncer is not installed")) struct PoolerTests {
    /// A daemon with a project behind a pooler, and with one of the same database without it.
    private struct Bench {
        let bench: Workbench
        let pooler: PgBouncerServer
        let project: JSONValue

        var client: TestClient { bench.client }

        static func start(
            _ settings: [String: String] = [:], pooler settingsOfPooler: [String: String] = [:],
            to server: PostgreSQLServer? = nil
        ) async throws -> Bench {
            let pooler = try PgBouncerServer.start(to: try server ?? PostgreSQLServer.shared(), settings: settingsOfPooler)
            let bench = try await Workbench.start(settings, engines: [.postgresql])
            let made = try await bench.client.call(
                "project.create",
                ["name": "pooled", "databaseType": "postgresql", "connectionString": .string(pooler.uri()), "readOnly": false])
            return Bench(bench: bench, pooler: pooler, project: made["id"])
        }

        func params(_ sql: String, _ more: JSONValue = [:]) -> JSONValue {
            guard case .object(let members) = more else { return .null }
            return .object([("projectId", project), ("sql", .string(sql))] + members)
        }

        @discardableResult func run(_ sql: String, _ more: JSONValue = [:]) async throws -> JSONValue {
            try await client.call("query.run", params(sql, more), timeoutMs: 60_000)
        }

        func failure(_ sql: String, _ more: JSONValue = [:]) async throws -> TestClient.Failure {
            try await client.failure("query.run", params(sql, more))
        }

        func server() throws -> PostgreSQLServer { try PostgreSQLServer.shared() }
    }

    @Test func `statements, errors and schemas are those of the server`() async throws {
        let bench = try await Bench.start()
        try bench.server().psql("DROP SCHEMA IF EXISTS pooled CASCADE; CREATE SCHEMA pooled", role: PostgreSQLServer.plainRole)
        defer { _ = try? bench.server().psql("DROP SCHEMA pooled CASCADE") }
        let write: JSONValue = ["mode": "write"]
        try await bench.run(
            "CREATE TABLE pooled.gadget (a int PRIMARY KEY, b text, at timestamptz, f float8, y bytea, i interval)", write)
        let inserted = try await bench.run(
            "INSERT INTO pooled.gadget VALUES ($1, $2, '2026-01-02 03:04:05Z', 0.1 + 0.2, '\\x00ff', '1 day 2 hours') RETURNING a",
            ["mode": "write", "parameters": [1, "ünï'\n"]])
        #expect(inserted["rows"] == [[1]] && inserted["affectedRows"] == 1)
        // The same cells as without a pooler, each of them in a form that a setting decides.
        let sql = "SELECT * FROM pooled.gadget WHERE a = $1"
        let direct = try await bench.bench.run(.postgresql, sql, [1])
        let pooled = try await bench.run(sql, ["parameters": [1]])
        #expect(pooled["rows"] == direct["rows"] && pooled["columns"] == direct["columns"] && pooled["rowCount"] == 1)
        // Known by now.
        #expect(try await bench.run(sql, ["parameters": [1]])["rows"] == direct["rows"])
        let refused = try await bench.failure("INSERT INTO pooled.gadget VALUES (2) RETURNING a")
        #expect(refused.code == "read_only")
        let wrong = try await bench.failure("SELECT a,\n  nowhere FROM pooled.gadget")
        #expect(wrong.code == "query_failed" && wrong.data["sqlState"] == "42703")
        let same = try await bench.bench.failure(.postgresql, "SELECT a,\n  nowhere FROM pooled.gadget")
        #expect(wrong.data["position"] == same.data["position"] && wrong.message == same.message)
        // Outside of a transaction, and back.
        try await bench.run("VACUUM pooled.gadget", write)
        #expect(try await bench.run("SHOW default_transaction_read_only")["rows"] == [["on"]])
        #expect(try await bench.failure("DELETE FROM pooled.gadget RETURNING a").code == "read_only")

        let scope: JSONValue = ["projectId": bench.project, "schema": "pooled"]
        #expect(try await bench.client.call("schema.list", scope)["items"].array?.count == 1)
        let described = try await bench.client.call(
            "schema.describe", ["projectId": bench.project, "schema": "pooled", "relation": "gadget"])
        #expect(described["relation"]["columns"].array?.count == 6)
        #expect(
            try await bench.client.call("schema.search", ["projectId": bench.project, "query": "gadget"])["items"].array?.isEmpty
                == false)
        let tested = try await bench.client.call(
            "project.test", ["databaseType": "postgresql", "connectionString": .string(bench.pooler.uri())])
        #expect(tested["ok"] == true && tested["serverVersion"].string?.hasPrefix("PostgreSQL 1") == true, "\(tested)")
    }

    /// A write of the assistant's, as far as a person's approval and its one run.
    @Test func `an approved proposal runs`() async throws {
        let server = try PostgreSQLServer.shared()
        let pooler = try PgBouncerServer.start(to: server)
        try server.psql("DROP TABLE IF EXISTS approved; CREATE TABLE approved (a int)", role: PostgreSQLServer.plainRole)
        defer { _ = try? server.psql("DROP TABLE approved") }
        let chat = try await ChatBench.start(engines: []) { request in
            request.lastRole == "tool" ? .text("It is before you.") : .propose("INSERT INTO approved VALUES (7)")
        }
        let made = try await chat.client.call(
            "project.create",
            ["name": "pooled", "databaseType": "postgresql", "connectionString": .string(pooler.uri()), "readOnly": false])
        let message = try await chat.client.call(
            "chat.send", ["projectId": made["id"], "content": "Add a row"], timeoutMs: 60_000)
        #expect(try server.psql("SELECT count(*) FROM approved") == "0\n")
        let approval: JSONValue = ["approvalId": message["proposals"][0]["approvalId"]]
        #expect(try await chat.client.call("chat.approve", approval)["affectedRows"] == 1)
        #expect(try await chat.client.failure("chat.approve", approval).code == "conflict")
        #expect(try server.psql("SELECT a FROM approved") == "7\n")
    }

    @Test func `a large result streams`() async throws {
        let bench = try await Bench.start()
        let count = 60_000
        let result = try await bench.run(
            "SELECT n, repeat('x', 100) FROM generate_series(1, \(count)) AS n", ["partialResultToken": "t", "maxRows": 100_000])
        #expect(result["rowCount"].integer == count && result["truncated"] == false)
        var rows = 0
        while bench.client.wire.frameCount > 0 {
            rows += try await bench.client.notification("$/progress")["value"]["rowCount"].integer ?? 0
        }
        #expect(rows == count)
    }

    /// By asking, by time, and by going away: the server has stopped, and the next statement is nobody's victim.
    @Test(arguments: ["cancel", "timeout", "hang up"]) func `a stopped statement is gone`(way: String) async throws {
        let bench = try await Bench.start()
        let runner = try bench.bench.daemon.client()
        try await runner.attach(bench.bench.account.token)
        let queryID: JSONValue = "01a20a9d-3741-73c3-a6fb-9df4a6b8df2a"
        let request = runner.send(
            "query.run",
            bench.params("SELECT pg_sleep(61)", ["queryId": queryID, "timeoutMs": way == "timeout" ? 3_000 : 60_000]))
        #expect(try await bench.bench.waits(.postgresql, untilRunning: true))
        switch way {
        case "cancel": try await bench.client.call("query.cancel", ["queryId": queryID])
        case "hang up": runner.wire.hangUp()
        default: break
        }
        #expect(try await bench.bench.waits(.postgresql, untilRunning: false))
        if way != "hang up" {
            let failure = await #expect(throws: TestClient.Failure.self) { try await runner.result(of: request, "query.run") }
            #expect(failure?.code == (way == "cancel" ? "cancelled" : "timeout"))
        }
        for _ in 0..<20 { #expect(try await bench.run("SELECT 5 AS a")["rows"] == [[5]]) }
    }

    /// A cancel that comes as a statement ends hits that one or none, whoever has the server connection next.
    @Test func `cancels race with ends`() async throws {
        let bench = try await Bench.start(pooler: ["default_pool_size": "3"])
        let other = try await bench.client.call(
            "project.create",
            ["name": "other", "databaseType": "postgresql", "connectionString": .string(bench.pooler.uri())])["id"]
        var cancelled = 0
        for round in 0..<TestScale.count(60, full: 1000) {
            let queryID: JSONValue = .string("01a20a9d-3741-73c3-a6fb-" + String(0x9df4_a6b8_0000 + round, radix: 16))
            let seconds = Double(round % 20) / 1000
            let id = bench.client.send("query.run", bench.params("SELECT pg_sleep(\(seconds))", ["queryId": queryID]))
            try await Task.sleep(for: .milliseconds(round % 12))
            try await bench.client.call("query.cancel", ["queryId": queryID])
            do { _ = try await bench.client.result(of: id, "query.run") } catch let failure as TestClient.Failure {
                #expect(failure.code == "cancelled", "\(failure)")
                cancelled += 1
            }
            let next = try await bench.client.call("query.run", ["projectId": other, "sql": "SELECT pg_sleep(0.005), 5 AS a"])
            #expect(next["rows"][0][1] == 5)
            #expect(try await bench.run("SELECT 6 AS a")["rows"] == [[6]])
        }
        #expect(cancelled > 5)
    }

    /// A sample of what tries to leave the read-only mode, with a pooler that cleans nothing.
    @Test(arguments: [[:], ["server_reset_query": "", "ignore_startup_parameters": "options, extra_float_digits"]])
    func `no attack changes anything, nor what the next query finds`(settings: [String: String]) async throws {
        let suite = ReadOnlyTests()
        let bench = try await Bench.start(["DBASSIST_LIMITS_DATABASE_CONNECTIONS_PER_PROJECT": "1"], pooler: settings)
        let (attacks, probe, rows) = try suite.prepare(.postgresql, bench.bench, stride: 3)
        defer { _ = try? Engine.postgresql.script("ALTER ROLE plain_role RESET search_path", asAdministrator: true) }
        #expect(attacks.count >= 20)
        #expect(try await bench.run(probe)["rows"] == rows)
        let before = try suite.state(.postgresql, bench.bench)
        var refused = 0
        for attack in attacks.map(ReadOnlyTests.filled) {
            do { try await bench.run(attack, ["timeoutMs": 5_000]) } catch let failure as TestClient.Failure {
                refused += 1
                #expect(failure.code != "internal" && failure.code != "connection_lost", "\(attack): \(failure)")
            }
            #expect(try await bench.run(probe)["rows"] == rows, "after \(attack)")
        }
        #expect(refused * 10 >= attacks.count * 8, "\(refused) of \(attacks.count)")
        #expect(try suite.state(.postgresql, bench.bench) == before)
    }

    /// What another client of the pool left in its server connection, which nobody cleans, is not there for ours; nor is ours for them.
    @Test func `a poisoned server connection is cleaned`() async throws {
        let bench = try await Bench.start(pooler: ["server_reset_query": "", "default_pool_size": "2"])
        try bench.server().psql(
            """
            DROP TABLE IF EXISTS poisoned; CREATE TABLE poisoned (a int);
            DROP SCHEMA IF EXISTS evil CASCADE; CREATE SCHEMA evil;
            CREATE VIEW evil.poisoned AS SELECT 666 AS a
            """, role: PostgreSQLServer.plainRole)
        defer { _ = try? bench.server().psql("DROP TABLE poisoned; DROP SCHEMA evil CASCADE") }
        // One of the two server connections is this project's from now on, the other is the poisoned one.
        #expect(try await bench.run("SELECT 1")["rows"] == [[1]])
        try bench.pooler.psql(
            """
            SET default_transaction_read_only = off; SET search_path = evil, public; SET extra_float_digits = 0;
            SET statement_timeout = '60s'; CREATE TEMP TABLE poisoned AS SELECT 667 AS a; SELECT pg_advisory_lock(4711);
            SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; PREPARE p AS DELETE FROM poisoned
            """)
        let pid = try bench.pooler.psql("SELECT pg_backend_pid()")
        let there = try bench.pooler.psql("SELECT a FROM poisoned; SHOW extra_float_digits")
        #expect(there == "667\n0\n", "\(there)")
        let other = try await bench.client.call(
            "project.create",
            [
                "name": "other", "databaseType": "postgresql", "connectionString": .string(bench.pooler.uri()), "readOnly": false,
            ])["id"]
        let probe = """
            SELECT pg_backend_pid()::text, current_setting('default_transaction_read_only'), current_setting('search_path'),
            current_setting('extra_float_digits'), (SELECT count(*) FROM poisoned), (SELECT count(*) FROM pg_prepared_statements
            WHERE name = 'p'), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
            """
        let rows = try await bench.client.call("query.run", ["projectId": other, "sql": .string(probe)])["rows"]
        #expect(rows == [[.string(String(pid.dropLast())), "on", "\"$user\", public", "3", 0, 0, 0]])
        for sql in ["INSERT INTO poisoned VALUES (1) RETURNING a", "DELETE FROM poisoned RETURNING a"] as [JSONValue] {
            let failure = try await bench.client.failure("query.run", ["projectId": other, "sql": sql])
            #expect(failure.code == "read_only")
        }
        #expect(try bench.server().psql("SELECT count(*) FROM public.poisoned") == "0\n")
        // A write sets what outlives it, were it not undone.
        try await bench.client.call("query.run", ["projectId": other, "sql": "SET search_path = evil", "mode": "write"])
        try await bench.client.call("project.delete", ["projectId": other])
        let left = """
            SELECT pg_backend_pid(), current_setting('default_transaction_read_only'), current_setting('search_path'),
            current_setting('extra_float_digits'), (SELECT count(*) FROM pg_prepared_statements)
            """
        let isClean = try await eventually {
            (try? bench.pooler.psql(left)) == "\(pid.dropLast())|off|\"$user\", public|1|0\n"
        }
        #expect(isClean)
    }

    /// What is under way fails and says so; what comes after works once the pooler is there again.
    @Test func `a pooler that dies and comes back`() async throws {
        let bench = try await Bench.start(["DBASSIST_LIMITS_CONNECT_TIMEOUT_MS": "3000"])
        #expect(try await bench.run("SELECT 1")["rows"] == [[1]])
        let id = bench.client.send("query.run", bench.params("SELECT pg_sleep(61)", ["timeoutMs": 60_000]))
        #expect(try await bench.bench.waits(.postgresql, untilRunning: true))
        bench.pooler.crash()
        let failure = await #expect(throws: TestClient.Failure.self) { try await bench.client.result(of: id, "query.run") }
        #expect(failure?.code == "connection_lost" && failure?.data["retryable"] == true)
        #expect(try await bench.bench.waits(.postgresql, untilRunning: false))
        let refused = try await bench.failure("SELECT 1")
        #expect(refused.code == "connection_refused" && refused.data["retryable"] == true, "\(refused)")
        // The server itself is there, and so is the daemon.
        #expect(try await bench.bench.run(.postgresql, "SELECT 2")["rows"] == [[2]])
        try bench.pooler.startAgain()
        #expect(try await bench.run("SELECT 3")["rows"] == [[3]])
    }

    @Test func `a pooler whose server is away`() async throws {
        let server = try PostgreSQLServer.ofItsOwn()
        let bench = try await Bench.start(["DBASSIST_LIMITS_CONNECT_TIMEOUT_MS": "3000"], to: server)
        #expect(try await bench.run("SELECT 1")["rows"] == [[1]])
        try server.crash()
        for _ in 0..<3 {
            let began = ContinuousClock.now
            let failure = try await bench.failure("SELECT 1")
            #expect(
                ["connection_failed", "connect_timeout", "connection_lost"].contains(failure.code)
                    && failure.data["retryable"] == true, "\(failure)")
            #expect(ContinuousClock.now - began < .promptly)
        }
        try server.startAgain()
        let heals = try await eventually(.seconds(30)) { (try? await bench.run("SELECT 2")["rows"]) == [[2]] }
        #expect(heals)
    }

    @Test(arguments: [PgBouncerServer.transactions, PgBouncerServer.statements])
    func `pooling by transaction or statement is refused and leaves nothing`(database: String) async throws {
        let bench = try await Bench.start()
        let uri = bench.pooler.uri(database: database)
        let tested = try await bench.client.call(
            "project.test", ["databaseType": "postgresql", "connectionString": .string(uri)])
        let failed = tested["steps"].array?.first { $0["status"] == "failed" } ?? .null
        #expect(tested["ok"] == false && failed["step"] == "readOnlyCheck", "\(tested)")
        #expect(failed["code"] == "connection_failed" && failed["message"].string?.contains("pool_mode=session") == true)
        let made = try await bench.client.call(
            "project.create",
            ["name": .string(database), "databaseType": "postgresql", "connectionString": .string(uri), "readOnly": false])
        for mode in ["read", "write"] as [JSONValue] {
            let refused = try await bench.client.failure(
                "query.run", ["projectId": made["id"], "sql": "SELECT 1", "mode": mode])
            #expect(refused.code == "connection_failed" && refused.message.contains("pool_mode=session"), "\(refused)")
        }
        let left = try bench.pooler.psql(
            "SELECT current_setting('default_transaction_read_only'), current_setting('idle_session_timeout')", database: database
        )
        #expect(left == "off|0\n")
        #expect(try await bench.run("SELECT 1")["rows"] == [[1]])
    }
}
