import TestSupport
import Testing

/// chat.confirm, chat.examples and chat.deleteExample. One test at a time: they use one table of servers that all tests share.
@Suite(.serialized) struct ChatExamplesTests {
    private static let table = "confirmed"

    private func bench(_ engine: Engine, _ settings: [String: String] = [:]) async throws -> Workbench {
        let bench = try await Workbench.start(settings, engines: [engine])
        // The server is that of all tests.
        try await bench.write(engine, "DROP TABLE IF EXISTS \(Self.table)")
        try await bench.write(engine, "CREATE TABLE \(Self.table) (a INTEGER PRIMARY KEY, b VARCHAR(20))")
        try await bench.write(engine, "INSERT INTO \(Self.table) VALUES (1, 'x'), (2, 'y')")
        return bench
    }

    private func pair(_ bench: Workbench, _ engine: Engine, _ question: String, _ sql: String) -> JSONValue {
        ["projectId": .string(bench.project(engine)), "question": .string(question), "sql": .string(sql)]
    }

    @Test(arguments: Engine.allCases) func `a pair is kept, replaced and taken back`(engine: Engine) async throws {
        let bench = try await bench(engine)
        let client = bench.client
        let project: JSONValue = ["projectId": .string(bench.project(engine))]
        #expect(try await client.call("chat.examples", project) == ["items": []])
        let odd = "How \"many\"\nrows has \u{202E}it 📚?"
        let sql = "-- of all\nSELECT count(*) FROM \(Self.table);"
        let first = try await client.call("chat.confirm", pair(bench, engine, odd, sql))
        #expect(first["question"].string == odd && first["sql"].string == sql)
        let reads = [
            "WITH x AS (SELECT a FROM \(Self.table)) SELECT * FROM x", "(SELECT 1) UNION (SELECT 2)",
            "SELECT b FROM \(Self.table) WHERE b = 'DELETE FROM it INTO FOR UPDATE'",
        ]
        // SQLite has no parentheses there.
        for sql in reads where engine != .sqlite || !sql.hasPrefix("(") {
            let again = try await client.call("chat.confirm", pair(bench, engine, " how \"MANY\" rows has \u{202E}it 📚", sql))
            #expect(again["id"] == first["id"] && again["sql"].string == sql)
        }
        let second = try await client.call("chat.confirm", pair(bench, engine, "And which?", "SELECT a FROM \(Self.table)"))
        let page = try await client.call("chat.examples", ["projectId": project["projectId"], "limit": 1])
        #expect(page["items"].array == [second])
        let rest = try await client.call(
            "chat.examples", ["projectId": project["projectId"], "limit": 1, "cursor": page["nextCursor"]])
        #expect(rest["items"].array?.map { $0["id"] } == [first["id"]] && rest.member("nextCursor") == nil)
        // What was confirmed did not run.
        #expect(try await client.call("query.history", ["text": "count(*)"])["items"] == [])
        for _ in 0..<2 { #expect(try await client.call("chat.deleteExample", ["exampleId": first["id"]]) == [:]) }
        #expect(try await client.call("chat.examples", project)["items"].array == [second])
        try await client.call("project.delete", project)
        #expect(try await client.call("chat.examples", project) == ["items": []])
        #expect(try await client.errorCode("chat.confirm", pair(bench, engine, "q", "SELECT 1")) == "not_found")
    }

    @Test(arguments: Engine.allCases) func `only what reads can be confirmed`(engine: Engine) async throws {
        let bench = try await bench(engine)
        let client = bench.client
        var writes = [
            "DELETE FROM \(Self.table)", "INSERT INTO \(Self.table) VALUES (9, 'z')", "UPDATE \(Self.table) SET b = 'z'",
            "DROP TABLE \(Self.table)", "CREATE TABLE other (a INTEGER)", "/* SELECT */ DELETE FROM \(Self.table)",
        ]
        switch engine {
        case .postgresql:
            writes += [
                "WITH x AS (DELETE FROM \(Self.table) RETURNING a) SELECT * FROM x", "SELECT a INTO other FROM \(Self.table)",
                "SELECT a FROM \(Self.table) FOR UPDATE", "DELETE FROM \(Self.table) RETURNING a", "COPY confirmed TO STDOUT",
                "EXPLAIN ANALYZE DELETE FROM \(Self.table)", "SELECT pg_reload_conf()",
            ]
        case .mysql: writes += ["SELECT a INTO OUTFILE '/tmp/never' FROM \(Self.table)", "SELECT 1 INTO @x"]
        case .sqlite:
            writes += [
                "PRAGMA user_version = 3", "WITH x AS (SELECT 1) DELETE FROM \(Self.table)",
                "REPLACE INTO \(Self.table) VALUES (1, 'q')",
            ]
        }
        for sql in writes {
            let failure = try await client.failure("chat.confirm", pair(bench, engine, "How?", sql))
            #expect(failure.code == "read_only", "\(sql): \(failure)")
        }
        let failure = try await client.failure("chat.confirm", pair(bench, engine, "How?", "SELECT *\nFROM absent"))
        #expect(failure.code == "query_failed")
        if engine == .postgresql { #expect(failure.data["position"] == 15) }
        for sql in ["SELECT 1; DELETE FROM \(Self.table)", "COMMIT; DELETE FROM \(Self.table)", "-- nothing", "SELEC 1"] {
            let code = try await client.errorCode("chat.confirm", pair(bench, engine, "How?", sql))
            #expect(["query_failed", "read_only"].contains(code), "\(sql)")
        }
        let placeholder = engine == .postgresql ? "$1" : "?"
        for (question, sql, path) in [
            ("How?", "SELECT a FROM \(Self.table) WHERE a = \(placeholder)", "params.sql"), ("How?", "SELECT '\0'", "params.sql"),
            ("a\0b", "SELECT 1", "params.question"), ("", "SELECT 1", "params.question"), ("How?", "", "params.sql"),
            (String(repeating: "é", count: 2_001), "SELECT 1", "params.question"),
        ] {
            let failure = try await client.failure("chat.confirm", pair(bench, engine, question, sql))
            #expect(failure.code == "invalid_params" && failure.data["path"].string == path, "\(sql): \(failure)")
        }
        #expect(try await client.call("chat.examples", ["projectId": .string(bench.project(engine))]) == ["items": []])
        #expect(try await bench.run(engine, "SELECT count(*) FROM \(Self.table) WHERE b < 'z'")["rows"] == [[2]])
    }

    @Test func `a project has so many and no more`() async throws {
        let bench = try await bench(.sqlite, ["DBASSIST_LIMITS_CHAT_EXAMPLES": "2"])
        for question in ["One?", "Two?"] {
            try await bench.client.call("chat.confirm", pair(bench, .sqlite, question, "SELECT 1"))
        }
        let failure = try await bench.client.failure("chat.confirm", pair(bench, .sqlite, "Three?", "SELECT 1"))
        #expect(failure.code == "conflict" && failure.data["limit"] == "chatExamples")
        try await bench.client.call("chat.confirm", pair(bench, .sqlite, "two", "SELECT 2"))
    }
}
