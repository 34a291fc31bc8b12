import TestSupport
import Testing

/// query.run: what it refuses, what it answers, and that one statement has no effect on the next.
@Suite struct QueryRunTests {
    @Test(arguments: Engine.allCases) func `an option over the limit is refused, not lowered`(engine: Engine) async throws {
        let bench = try await Workbench.start(
            ["DBASSIST_LIMITS_PAGE_ROWS": "50", "DBASSIST_LIMITS_QUERY_TIMEOUT_MAX_MS": "60000"], engines: [engine])
        for (options, path) in [
            (["pageRows": 51], "pageRows"), (["pageRows": 0], "pageRows"), (["timeoutMs": 60001], "timeoutMs"),
            (["timeoutMs": 0], "timeoutMs"), (["maxRows": 0], "maxRows"), (["maxRows": 1_000_000_001], "maxRows"),
            (["label": ""], "label"), (["mode": "readwrite"], "mode"), (["readOnly": false], "readOnly"),
            (["timeoutms": 5], "timeoutms"), (["queryId": "x"], "queryId"),
        ] as [(JSONValue, String)] {
            let failure = try await bench.failure(engine, "SELECT 1", nil, options)
            #expect(failure.code == "invalid_params" && failure.data["path"].string == "params." + path, "\(options)")
        }
        #expect(try await bench.run(engine, "SELECT 1", nil, ["pageRows": 50, "timeoutMs": 60000])["rows"] == [[1]])
        // Nothing that was refused is in history.
        #expect(try await bench.client.call("query.history")["items"].array?.count == 1)
    }

    /// Security bar D52: text before a NUL does not run, and neither does a text without a statement.
    @Test(arguments: Engine.allCases) func `text that is no single statement is refused`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        #expect(try await bench.failure(engine, "").code == "invalid_params")
        #expect(try await bench.failure(engine, "SELECT 1\u{0}; DROP TABLE t").code == "invalid_params")
        let long = "SELECT '" + String(repeating: "x", count: 1 << 20) + "'"
        #expect(try await bench.failure(engine, long).data["path"].string == "params.sql")
        for sql in [" ", "-- nothing", "/* nothing */"] {
            #expect(try await bench.failure(engine, sql).code == "query_failed", "\(sql)")
        }
        for sql in ["SELECT 1; SELECT 2", "SELECT 1; DELETE FROM t"] {
            #expect(["query_failed", "read_only"].contains(try await bench.failure(engine, sql).code), "\(sql)")
        }
        #expect(try await bench.run(engine, "SELECT 1;")["rows"] == [[1]])
    }

    @Test(arguments: Engine.allCases) func `a failed statement says why and harms no other`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let unknown = try await bench.failure(engine, "SELECT * FROM no_such_table")
        #expect(unknown.code == "query_failed" && unknown.error["code"].integer == 1102)
        #expect(unknown.data["retryable"].bool == false && unknown.data["phase"].string == "prepare")
        #expect(unknown.message.contains("no_such_table"))
        switch engine {
        case .postgresql:
            #expect(unknown.data["sqlState"].string == "42P01" && unknown.data["position"].integer == 15)
            // Positions count characters, not bytes.
            let behind = try await bench.failure(engine, "SELECT 'é\u{1F408}', nope")
            #expect(behind.data["position"].integer == 14)
            let hint = try await bench.failure(engine, "SELECT upper(1)")
            #expect(hint.data["sqlState"].string == "42883" && hint.data["hint"].string?.isEmpty == false)
        case .mysql:
            #expect(unknown.data["sqlState"].string == "42S02")
        case .sqlite:
            #expect(try await bench.failure(engine, "SELEC 1").data["position"].integer == 1)
        }
        for _ in 0..<20 {
            _ = try await bench.failure(engine, "SELECT * FROM no_such_table")
            #expect(try await bench.run(engine, "SELECT 7 AS a")["rows"] == [[7]])
        }
    }

    @Test(arguments: Engine.allCases) func `an empty result has its columns`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let result = try await bench.run(engine, "SELECT 1 AS a, 'x' AS b WHERE 1 = 0")
        #expect(result["columns"].array?.map { $0["name"].string } == ["a", "b"])
        #expect(result["rows"] == [] && result["rowCount"] == 0 && result["hasMore"] == false && result["truncated"] == false)
        #expect(result.member("resultId") == nil && result.member("affectedRows") == nil)
        #expect(result["command"] == "SELECT" && result["mode"] == "read" && result["notices"] == [])
    }

    @Test(arguments: Engine.allCases) func `writes say how many rows they changed`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        try await bench.write(engine, "DROP TABLE IF EXISTS counted")
        let created = try await bench.write(engine, "CREATE TABLE counted (id INT PRIMARY KEY, v VARCHAR(20))")
        #expect(created["columns"] == [] && created["rows"] == [] && created["command"] == "CREATE TABLE")
        let steps: [(String, Int)] = [
            ("INSERT INTO counted VALUES (1, 'a'), (2, 'b'), (3, 'c')", 3), ("UPDATE counted SET v = 'x' WHERE id > 1", 2),
            ("DELETE FROM counted WHERE id = 9", 0), ("DELETE FROM counted WHERE id = 3", 1),
        ]
        for (sql, count) in steps {
            let result = try await bench.write(engine, sql)
            #expect(result["affectedRows"].integer == count && result["rowCount"] == 0 && result["mode"] == "write", "\(sql)")
        }
        let returning = try await bench.write(engine, "INSERT INTO counted VALUES (4, 'd'), (5, 'e') RETURNING id")
        #expect(returning["rows"] == [[4], [5]] && returning["affectedRows"].integer == 2)
        #expect(
            try await bench.client.failure(
                "query.run", bench.query(engine, "INSERT INTO counted VALUES (1, 'a')", nil, ["mode": "write"])
            ).code == "query_failed")
        #expect(try engine.script("SELECT count(*) FROM counted", file: bench.file).hasPrefix("4"))
        try await bench.write(engine, "DROP TABLE counted")
    }

    @Test(arguments: Engine.allCases) func `neither an option nor the mode lifts a read-only project`(engine: Engine) async throws
    {
        let bench = try await Workbench.start(readOnly: true, engines: [engine])
        for options in [[:], ["mode": "read"], ["mode": "write"]] as [JSONValue] {
            let failure = try await bench.failure(engine, "CREATE TABLE must_not_be (a INT)", nil, options)
            #expect(failure.code == "read_only" && failure.error["code"].integer == 1103)
        }
        // Even a statement that only reads must not be run as a writer.
        #expect(try await bench.failure(engine, "SELECT 1", nil, ["mode": "write"]).code == "read_only")
        try await bench.client.call("project.update", ["projectId": .string(bench.project(engine)), "readOnly": false])
        #expect(try await bench.failure(engine, "CREATE TABLE must_not_be (a INT)").code == "read_only")
        try await bench.write(engine, "CREATE TABLE must_not_be (a INT)")
        try await bench.client.call("project.update", ["projectId": .string(bench.project(engine)), "readOnly": true])
        #expect(try await bench.failure(engine, "DROP TABLE must_not_be", nil, ["mode": "write"]).code == "read_only")
        try engine.script("DROP TABLE must_not_be", file: bench.file)
    }

    @Test func `a client's query id is good once`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let stranger = try bench.daemon.client()
        _ = try await stranger.signUp()
        let id: JSONValue = "01a20a9d-3741-73c3-a6fb-9df4a6b8df20"
        let result = try await bench.run(.sqlite, "SELECT 1", nil, ["queryId": id, "label": "the first"])
        #expect(result["queryId"] == id)
        for spelling in [id, "01A20A9D-3741-73C3-A6FB-9DF4A6B8DF20"] {
            #expect(try await bench.failure(.sqlite, "SELECT 2", nil, ["queryId": spelling]).code == "conflict")
        }
        let record = try await bench.client.call("query.get", ["queryId": id])
        #expect(record["sql"] == "SELECT 1" && record["label"] == "the first" && record["status"] == "success")
        #expect(record["preview"]["rows"] == [[1]])
        // Another user's query with the same id would be lost from their history: it is a conflict as well.
        let project = try await stranger.call(
            "project.create", ["name": "x", "databaseType": "sqlite", "connectionString": .string("sqlite://\(bench.file)")])
        let params: JSONValue = ["projectId": project["id"], "sql": "SELECT 3", "queryId": id]
        #expect(try await stranger.errorCode("query.run", params) == "conflict")
        #expect(try await stranger.errorCode("query.get", ["queryId": id]) == "not_found")
        let slow = bench.client.send(
            "query.run",
            bench.query(.sqlite, Engine.sqlite.slowStatement, nil, ["queryId": "01a20a9d-3741-73c3-a6fb-9df4a6b8df21"]))
        #expect(try await bench.waits(.sqlite, untilRunning: true))
        #expect(
            try await bench.failure(.sqlite, "SELECT 2", nil, ["queryId": "01a20a9d-3741-73c3-a6fb-9df4a6b8df21"]).code
                == "conflict")
        bench.client.notify("$/cancelRequest", ["id": .number(String(slow))])
        await #expect(throws: TestClient.Failure.self) { try await bench.client.result(of: slow, "query.run") }
    }

    /// Security bar E61: eight queries of one user run, the ninth is busy; four of a project have a connection, others wait.
    @Test func `a user's queries and a project's connections are counted`() async throws {
        let bench = try await Workbench.start(engines: [.postgresql, .sqlite])
        let clients = [bench.client, try await bench.connect()]
        var sent: [(TestClient, Int)] = []
        for number in 0..<8 {
            let client = clients[number % 2]
            sent.append((client, client.send("query.run", bench.query(.postgresql, "SELECT pg_sleep(1.5)"))))
        }
        // Four at the server, four waiting: seen from the pool's own figures.
        let deadline = ContinuousClock.now + .promptly
        var health: JSONValue = .null
        repeat {
            health = try await bench.client.call("system.health")
        } while health["queries"]["running"] != 4 && health["queries"]["waiting"] != 4 && ContinuousClock.now < deadline
        let busy = try await bench.failure(.sqlite, "SELECT 1")
        #expect(busy.code == "busy" && busy.data["retryable"].bool == true)
        #expect(busy.data["limit"] == "queriesPerUser" && busy.data["retryAfterMs"].integer != nil)
        let most = try Engine.postgresql.script(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1.5)%' AND pid <> pg_backend_pid()",
            asAdministrator: true)
        #expect((Int(most.prefix { $0.isNumber }) ?? 99) <= 4)
        for (client, id) in sent { #expect(try await client.result(of: id, "query.run")["rowCount"] == 1) }
        #expect(try await bench.run(.sqlite, "SELECT 1")["rows"] == [[1]])
    }

    @Test func `what the server says on the side comes along`() async throws {
        let bench = try await Workbench.start(engines: [.postgresql, .mysql])
        let notice = try await bench.write(.postgresql, "DROP TABLE IF EXISTS never_was")
        #expect(
            notice["notices"][0]["severity"] == "NOTICE" && notice["notices"][0]["message"].string?.contains("never_was") == true)
        let note = try await bench.write(.mysql, "DROP TABLE IF EXISTS never_was")
        #expect(note["notices"][0]["code"] == "1051")
        #expect(try await bench.run(.postgresql, "SELECT 1")["notices"] == [])
    }
}
