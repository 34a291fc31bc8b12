import TestSupport
import Testing

/// query.explain.
@Suite(.serialized) struct QueryExplainTests {
    private static let books = 4000

    private func bench(_ engine: Engine) async throws -> Workbench {
        let bench = try await Workbench.start(engines: [engine])
        // The server is that of all tests.
        for sql in [
            "DROP TABLE IF EXISTS author", "DROP TABLE IF EXISTS book",
            "CREATE TABLE author (id INTEGER PRIMARY KEY, name VARCHAR(100))",
            "CREATE TABLE book (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, title VARCHAR(200))",
            "CREATE INDEX book_author ON book (author_id)",
        ] { try await bench.write(engine, sql) }
        let authors = (1...200).map { "(\($0), 'a\($0)')" }
        try await bench.write(engine, "INSERT INTO author (id, name) VALUES \(authors.joined(separator: ", "))")
        // So many that an index pays.
        let books = (1...Self.books).map { "(\($0), \($0 % 200 + 1), 't\($0)')" }
        try await bench.write(engine, "INSERT INTO book (id, author_id, title) VALUES \(books.joined(separator: ", "))")
        if engine != .sqlite { try await bench.write(engine, engine == .mysql ? "ANALYZE TABLE book" : "ANALYZE") }
        return bench
    }

    private func explain(
        _ bench: Workbench, _ engine: Engine, _ sql: String, _ options: JSONValue = [:]
    ) async throws -> JSONValue {
        try await bench.client.call("query.explain", bench.query(engine, sql, nil, options))
    }

    private static let join =
        "SELECT a.name, count(*) FROM author a JOIN book b ON b.author_id = a.id WHERE a.id < 10 GROUP BY a.name ORDER BY 2 DESC"

    @Test(arguments: Engine.allCases) func `a plan names its tables and indexes in a tree`(engine: Engine) async throws {
        let bench = try await bench(engine)
        let plan = try await explain(bench, engine, Self.join)
        let nodes = plan["nodes"].array ?? []
        #expect(plan["engine"].string == engine.rawValue && plan["analyzed"] == false && plan["truncated"] == false)
        #expect(nodes.count >= 3)
        for (index, node) in nodes.enumerated() {
            #expect(node["id"].integer == index && !(node["operation"].string ?? "").isEmpty)
            if let parent = node["parentId"].integer { #expect(parent < index) } else { #expect(index == 0 || engine == .sqlite) }
            #expect(node.member("actualMs") == nil)
        }
        let relations = nodes.compactMap { $0["relation"].string }
        #expect(relations.contains { $0.hasSuffix("a") || $0.hasSuffix("author") }, "\(nodes)")
        #expect(relations.contains { $0.hasSuffix("b") || $0.hasSuffix("book") }, "\(nodes)")
        if engine == .postgresql {
            let costs = nodes.map { $0["cost"].double ?? 0 }
            #expect(costs.allSatisfy { $0 > 0 } && plan["costliest"].array?.count == 3)
        }
        let byKey = try await explain(bench, engine, "SELECT title FROM book WHERE author_id = 7 AND title = 'x'")
        let indexes = (byKey["nodes"].array ?? []).compactMap { $0["index"].string }
        #expect(indexes == ["book_author"], "\(byKey)")
        // What was explained did not run, and is no query.
        #expect(try await bench.client.call("query.history", ["text": "nosuch"])["items"] == [])
        #expect(try await bench.client.call("query.history", ["text": "FROM author a JOIN"])["items"] == [])
    }

    @Test(arguments: [Engine.postgresql, .mysql]) func `analyze measures what it runs`(engine: Engine) async throws {
        let bench = try await bench(engine)
        let plan = try await explain(bench, engine, Self.join, ["analyze": true])
        let nodes = plan["nodes"].array ?? []
        #expect(plan["analyzed"] == true && !(plan["costliest"].array ?? []).isEmpty)
        let scan = nodes.first { ($0["relation"].string ?? "").hasSuffix(engine == .mysql ? "b" : "book") }
        #expect((scan?["actualRows"].double ?? 0) > 0 && (scan?["loops"].double ?? 0) >= 1, "\(nodes)")
        #expect(nodes.contains { ($0["actualMs"].double ?? 0) > 0 })
        if engine == .postgresql { #expect((plan["executionMs"].double ?? 0) > 0 && (plan["planningMs"].double ?? 0) > 0) }
        // It runs, so it must be a read.
        for sql in ["DELETE FROM book", "INSERT INTO author VALUES (999, 'x')"] {
            let code = try await bench.client.errorCode("query.explain", bench.query(engine, sql, nil, ["analyze": true]))
            #expect(code == "read_only", "\(sql)")
        }
        #expect(try await bench.run(engine, "SELECT count(*) FROM book")["rows"] == [[.number(String(Self.books))]])
    }

    @Test func `PostgreSQL shows the plan of a write without the write`() async throws {
        let bench = try await bench(.postgresql)
        let plan = try await explain(bench, .postgresql, "DELETE FROM book WHERE author_id = 7")
        #expect(plan["nodes"].array?.first?["operation"] == "ModifyTable")
        #expect(try await bench.run(.postgresql, "SELECT count(*) FROM book")["rows"] == [[.number(String(Self.books))]])
    }

    @Test(arguments: [Engine.mysql, .sqlite]) func `plans of writes are refused elsewhere`(engine: Engine) async throws {
        let bench = try await bench(engine)
        let code = try await bench.client.errorCode(
            "query.explain", bench.query(engine, "DELETE FROM book WHERE author_id = 7"))
        #expect(code == "read_only")
    }

    @Test(arguments: Engine.allCases) func `parameters are bound and errors placed`(engine: Engine) async throws {
        let bench = try await bench(engine)
        let sql = "SELECT * FROM book WHERE id = \(engine == .postgresql ? "$1" : "?")"
        let plan = try await bench.client.call("query.explain", bench.query(engine, sql, [7]))
        #expect(plan["nodes"].array?.isEmpty == false)
        #expect(try await bench.client.errorCode("query.explain", bench.query(engine, sql, [7, 8])) == "invalid_parameters")
        let failure = try await bench.client.failure("query.explain", bench.query(engine, "SELECT *\nFROM absent"))
        #expect(failure.code == "query_failed")
        if engine == .postgresql { #expect(failure.data["position"] == 15) }
        for sql in ["SELECT 1; SELECT 2", "SELEC 1", "-- nothing", "COMMIT", "ANALYZE TABLE book", "ANALYZE; DROP TABLE book"] {
            let failure = try await bench.client.failure("query.explain", bench.query(engine, sql))
            #expect(["query_failed", "read_only", "policy"].contains(failure.code), "\(sql): \(failure)")
        }
        #expect(try await bench.run(engine, "SELECT count(*) FROM book")["rows"] == [[.number(String(Self.books))]])
    }

    /// Deeper than JSON on our wire may be: the engine's plan is text then.
    @Test func `a plan that is too deep or too long is legible`() async throws {
        let bench = try await bench(.postgresql)
        var sql = "SELECT id FROM book"
        for level in 0..<60 { sql = "SELECT id FROM (\(sql) OFFSET \(level % 2)) s\(level)" }
        let plan = try await explain(bench, .postgresql, sql)
        #expect(plan["nodes"] == [] && plan["truncated"] == true)
        #expect(plan["plan"].string?.contains("Seq Scan") == true)
        let wide = "SELECT 1 " + (0..<700).map { "UNION ALL SELECT \($0) " }.joined()
        let bounded = try await Workbench.start(["DBASSIST_LIMITS_PLAN_NODES": "100"], engines: [.postgresql])
        let cut = try await explain(bounded, .postgresql, wide)
        #expect(cut["nodes"].array?.count == 100 && cut["truncated"] == true)
    }

    @Test(arguments: [Engine.postgresql, .mysql]) func `a long analysis is stopped`(engine: Engine) async throws {
        let bench = try await bench(engine)
        let request = bench.client.send(
            "query.explain", bench.query(engine, engine.slowStatement, nil, ["analyze": true, "timeoutMs": 60_000]))
        #expect(try await bench.waits(engine, untilRunning: true))
        bench.client.notify("$/cancelRequest", ["id": .number(String(request))])
        let failure = await #expect(throws: TestClient.Failure.self) {
            try await bench.client.result(of: request, "query.explain")
        }
        #expect(failure?.code == "cancelled")
        #expect(try await bench.waits(engine, untilRunning: false))
        let late = try await bench.client.failure(
            "query.explain", bench.query(engine, engine.slowStatement, nil, ["analyze": true, "timeoutMs": 300]))
        #expect(late.code == "timeout")
    }

    @Test func `somebody else's project is unknown`() async throws {
        let bench = try await bench(.sqlite)
        let stranger = try bench.daemon.client()
        _ = try await stranger.signUp()
        #expect(try await stranger.errorCode("query.explain", bench.query(.sqlite, "SELECT 1")) == "not_found")
    }
}
