import TestSupport
import Testing

/// Figures about kept results, over the wire.
@Suite(.serialized) struct QuerySummarizeTests {
    private func summary(
        _ bench: Workbench, _ engine: Engine, _ sql: String, _ options: JSONValue = [:], _ run: JSONValue = [:]
    ) async throws -> JSONValue {
        guard case .object(let extra) = options, case .object(let runOptions) = run else { return .null }
        let result = try await bench.run(engine, sql, nil, .object([(name: "keep", value: true)] + runOptions))
        return try await bench.client.call(
            "query.summarize", .object([(name: "resultId", value: result["resultId"])] + extra), timeoutMs: 60_000)
    }

    /// What the engine says of the same rows.
    @Test(arguments: Engine.allCases) func `the figures are the engine's own`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let number =
            engine == .postgresql
            ? "(i % 97)::numeric / 4" : engine == .mysql ? "CAST((i % 97) / 4 AS DECIMAL(10,2))" : "(i % 97) / 4.0"
        let text = engine == .mysql ? "CONCAT('t', i % 500)" : "'t' || (i % 500)"
        let rows =
            "SELECT i, \(number) AS n, \(text) AS t, CASE WHEN i % 10 = 0 THEN NULL ELSE i % 3 END AS r FROM (\(engine.series(20_000))) AS s"
        let found = try await summary(bench, engine, rows, ["topValues": 3], ["pageRows": 333])
        #expect(found["rowCount"] == 20_000 && found["truncated"] == false)
        let own = try await bench.run(
            engine,
            "SELECT COUNT(DISTINCT n), MIN(n), MAX(n), AVG(n), SUM(i), COUNT(DISTINCT t), MIN(t), MAX(t), COUNT(r), AVG(r) FROM (\(rows)) AS q"
        )["rows"][0]
        let value = { (cell: JSONValue) -> Double in cell.double ?? cell.string.flatMap { Double($0) } ?? .nan }
        let (i, n, t, r) = (found["columns"][0], found["columns"][1], found["columns"][2], found["columns"][3])
        #expect(i["sum"].string.flatMap { Double($0) } == value(own[4]) && i["count"] == 20_000)
        #expect(i["distinctIsEstimate"] == true && abs((i["distinct"].double ?? 0) / 20_000 - 1) < 0.04)
        #expect(n["distinct"].integer == own[0].integer && n["distinctIsEstimate"] == false && n["order"] == "number")
        #expect(value(n["min"]) == value(own[1]) && value(n["max"]) == value(own[2]))
        #expect(abs(value(n["mean"]) - value(own[3])) < 1e-4)
        #expect(t["distinct"].integer == own[5].integer && t["min"] == own[6] && t["max"] == own[7] && t["order"] == "text")
        #expect(t["minLength"] == 2 && t["maxLength"] == 4)
        #expect(r["count"].integer == own[8].integer && r["nulls"] == 2000 && r["distinct"] == 3)
        #expect(abs(value(r["mean"]) - value(own[9])) < 1e-3)
        #expect(
            r["topValues"].array?.count == 3
                && r["topValues"].array?.allSatisfy { $0["count"] == 6000 && $0["overcount"] == 0 } == true)
    }

    @Test(arguments: Engine.allCases) func `columns are chosen by name`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let quoted = engine == .mysql ? "`o\"dd\n`" : "\"o\"\"dd\n\""
        let sql = "SELECT 1 AS a, 2 AS \(quoted), 3 AS a"
        let both = try await summary(bench, engine, sql, ["columns": ["a"]])
        #expect(both["columns"].array?.map { $0["min"] } == [1, 3])
        let odd = try await summary(bench, engine, sql, ["columns": ["o\"dd\n", "a"], "topValues": 0])
        #expect(odd["columns"].array?.count == 3 && odd["columns"][1]["topValues"] == [])
        let result = try await bench.run(engine, sql, nil, ["keep": true])
        for columns in [["a", "b"], [], ["A "]] as [JSONValue] {
            let code = try await bench.client.errorCode("query.summarize", ["resultId": result["resultId"], "columns": columns])
            #expect(code == "invalid_params", "\(columns)")
        }
        #expect(
            try await bench.client.errorCode("query.summarize", ["resultId": result["resultId"], "topValues": 101])
                == "invalid_params")
    }

    @Test(arguments: Engine.allCases) func `a result that stopped says so, and none has figures too`(engine: Engine) async throws
    {
        let bench = try await Workbench.start(engines: [engine])
        let cut = try await summary(bench, engine, engine.series(100), [:], ["maxRows": 60, "pageRows": 7])
        #expect(cut["rowCount"] == 60 && cut["truncated"] == true && cut["columns"][0]["max"] == 60)
        let none = try await summary(bench, engine, "SELECT 1 AS a, 'x' AS b WHERE 1 = 0")
        #expect(none["rowCount"] == 0 && none["columns"].array?.count == 2)
        #expect(none["columns"][0].member("min") == nil && none["columns"][0]["distinct"] == 0)
    }

    @Test func `a thousand columns are bounded`() async throws {
        let bench = try await Workbench.start(engines: [.postgresql])
        let columns = (0..<1000).map { "md5((i * \($0 + 1))::text) AS c\($0)" }.joined(separator: ", ")
        let before = try bench.daemon.memoryKiB("VmRSS")
        let found = try await summary(bench, .postgresql, "SELECT \(columns) FROM generate_series(1, 80) AS g (i)")
        #expect(found["columns"].array?.count == 1000 && found["rowCount"] == 80)
        #expect(found["columns"].array?.allSatisfy { $0["distinct"] == 80 } == true)
        #expect(try bench.daemon.memoryKiB("VmHWM") - before < 96 * 1024)
    }

    @Test func `types that have no double are told exactly`() async throws {
        let bench = try await Workbench.start(engines: [.postgresql])
        let sql = """
            SELECT * FROM (VALUES (9223372036854775807::int8, 123456789012345678901234567890.5::numeric, '0044-03-15 BC'::date, true,
                'NaN'::float8, '{"a":1}'::jsonb, '\\x00ff'::bytea),
              (9223372036854775806, 'NaN', 'infinity', false, 1.5, '[1]', '\\x'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL))
            AS v (i, n, d, b, f, j, x)
            """
        let columns = try await summary(bench, .postgresql, sql)["columns"]
        #expect(columns[0]["sum"] == "18446744073709551613" && columns[0]["min"] == "9223372036854775806")
        #expect(columns[1]["sum"] == "123456789012345678901234567890.5" && columns[1]["notFinite"] == 1)
        #expect(columns[2]["min"] == "0044-03-15 BC" && columns[2]["max"] == "infinity" && columns[2]["order"] == "time")
        #expect(columns[3]["trueCount"] == 1 && columns[3]["falseCount"] == 1)
        #expect(columns[4]["mean"].double == 1.5 && columns[4]["max"].double == 1.5)
        #expect(columns[5]["distinct"] == 2 && columns[5].member("min") == nil)
        #expect(columns[6]["minLength"] == 0 && columns[6]["maxLength"] == 2)
    }
}
