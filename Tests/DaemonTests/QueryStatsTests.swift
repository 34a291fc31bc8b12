import TestSupport
import Testing

/// query.stats over queries that are known one by one.
@Suite struct QueryStatsTests {
    @Test(arguments: Engine.allCases) func `figures are right to the query`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let empty = try await bench.client.call("query.stats")
        #expect(empty["totals"]["count"] == 0 && empty["totals"]["totalMs"].double == 0)
        #expect(["errorRate", "meanMs", "p50Ms", "p95Ms", "maxMs"].allSatisfy { empty["totals"].member($0) == nil })
        #expect(empty["days"].array?.count == 30 && empty["projects"] == [] && empty["mostFrequent"] == [])
        for number in 1...3 { try await bench.run(engine, "SELECT \(number), '\(number)'") }
        try await bench.write(engine, "CREATE TABLE IF NOT EXISTS figures (a INT)")
        try await bench.write(engine, "INSERT INTO figures VALUES (1), (2)")
        try await bench.write(engine, "insert into figures values (3)")
        for _ in 0..<2 { _ = try await bench.failure(engine, "SELECT 'it''s' FROM nope") }
        _ = try await bench.failure(engine, engine.slowStatement, nil, ["timeoutMs": 100])
        let stats = try await bench.client.call("query.stats", ["projectId": .string(bench.project(engine))])
        let totals = stats["totals"]
        #expect(totals["count"] == 9 && totals["success"] == 6 && totals["error"] == 2 && totals["cancelled"] == 1)
        #expect(totals["errorRate"].double == 0.25 && totals["rows"] == 3)
        let durations = (try await bench.client.call("query.history", ["status": "success"])["items"].array ?? [])
            .compactMap { $0["durationMs"].double }.sorted()
        #expect(totals["maxMs"].double == durations.last)
        #expect(abs((totals["totalMs"].double ?? 0) - durations.reduce(0, +)) < 0.01)
        #expect(abs((totals["p50Ms"].double ?? 0) - durations[2]) <= 0.016 * durations[2])
        #expect(stats["projects"][0]["figures"] == totals && stats["projects"][0]["databaseType"].string == engine.rawValue)
        #expect(stats["days"][29]["figures"] == totals && stats["days"][28]["figures"]["count"] == 0)
        let frequent = stats["mostFrequent"].array ?? []
        #expect(frequent.map { $0["figures"]["count"].integer } == [3, 2, 2, 1, 1])
        let failing = stats["mostFailing"].array ?? []
        #expect(failing.map { $0["sql"] } == ["SELECT ? FROM nope"])
        #expect(failing[0]["figures"]["errorRate"].double == 1 && failing[0]["figures"].member("p50Ms") == nil)
        let inserts = frequent.first { $0["sql"] == "INSERT INTO figures VALUES (?)" } ?? .null
        #expect(inserts["lastMode"] == "write" && inserts["projectName"].string == engine.rawValue)
        let sample = try await bench.client.call("query.get", ["queryId": inserts["lastQueryId"]])
        #expect(sample["sql"] == "insert into figures values (3)" && sample["shape"] == inserts["shape"])
        #expect(sample["createdAt"] == inserts["lastUsedAt"])
        #expect(try await bench.client.call("query.history", ["shape": inserts["shape"]])["items"].array?.count == 2)
        #expect(try await bench.client.call("query.stats", ["statements": 1])["mostFrequent"].array?.count == 1)
        #expect(try await bench.client.call("query.stats", ["statements": 0])["mostFrequent"] == [])
    }

    @Test func `a period is whole days, and says which`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        try await bench.run(.sqlite, "SELECT 1")
        let client = bench.client
        let cases: [(params: JSONValue, since: JSONValue, until: JSONValue, days: Int)] = [
            (
                ["since": "2026-01-05T09:00:00.000Z", "until": "2026-01-06T00:00:00.000Z"], "2026-01-05T00:00:00.000Z",
                "2026-01-06T00:00:00.000Z", 1
            ),
            (
                ["since": "2026-01-05T09:00:00.000Z", "until": "2026-01-06T00:00:00.001Z"], "2026-01-05T00:00:00.000Z",
                "2026-01-07T00:00:00.000Z", 2
            ),
            (["until": "2026-01-31T12:00:00.000Z"], "2026-01-02T00:00:00.000Z", "2026-02-01T00:00:00.000Z", 30),
            (
                ["since": "2024-01-01T00:00:00.000Z", "until": "2025-01-01T00:00:00.000Z"], "2024-01-01T00:00:00.000Z",
                "2025-01-01T00:00:00.000Z", 366
            ),
        ]
        for (params, since, until, days) in cases {
            let stats = try await client.call("query.stats", params)
            #expect(stats["since"] == since && stats["until"] == until && stats["days"].array?.count == days, "\(params)")
            #expect(stats["totals"]["count"] == 0)
        }
        for wrong in [
            ["since": "2024-01-01T00:00:00.000Z", "until": "2025-01-01T00:00:00.001Z"], ["since": "2999-01-01T00:00:00.000Z"],
            ["since": "2025-01-02T00:00:00.000Z", "until": "2025-01-02T00:00:00.000Z"], ["since": "2025-02-30T00:00:00.000Z"],
            ["statements": 101], ["statements": -1], ["projectId": "shop"],
        ] as [JSONValue] {
            #expect(try await client.errorCode("query.stats", wrong) == "invalid_params", "\(wrong)")
        }
    }

    @Test func `what is forgotten is neither shown nor counted, and only one's own is`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let client = bench.client
        var ids: [JSONValue] = []
        for number in 0..<5 { ids.append(try await bench.run(.sqlite, "SELECT \(number)")["queryId"]) }
        let stranger = try bench.daemon.client()
        _ = try await stranger.signUp()
        #expect(try await stranger.call("query.forget", ["queryIds": .array(ids)])["forgotten"] == 0)
        #expect(try await stranger.call("query.forget", ["before": "2999-01-01T00:00:00.000Z"])["forgotten"] == 0)
        #expect(try await stranger.call("query.stats")["totals"]["count"] == 0)
        #expect(try await client.call("query.stats")["totals"]["count"] == 5)
        #expect(try await client.call("query.forget", ["queryIds": .array([ids[0], ids[1], ids[0]])])["forgotten"] == 2)
        #expect(try await client.call("query.forget", ["queryIds": .array([ids[0], ids[1]])])["forgotten"] == 0)
        #expect(try await client.errorCode("query.get", ["queryId": ids[0]]) == "not_found")
        #expect(try await client.call("query.history", ["text": "select"])["items"].array?.count == 3)
        #expect(try await client.call("dashboard.get")["totals"]["queries"] == 3)
        let project: JSONValue = .string(bench.project(.sqlite))
        #expect(
            try await client.call("query.forget", ["projectId": project, "before": "2020-01-01T00:00:00.000Z"])["forgotten"] == 0)
        #expect(try await client.call("query.forget", ["projectId": project])["forgotten"] == 3)
        #expect(try await client.call("query.stats")["mostFrequent"] == [])
        #expect(try await client.call("project.summary", ["projectId": project])["queries"]["total"] == 0)
        for wrong in [
            [:], ["queryIds": []], ["queryIds": ["x"]], ["queryIds": .array([ids[0]]), "projectId": project],
            ["queryIds": .array([ids[0]]), "before": "2020-01-01T00:00:00.000Z"], ["before": "never"],
        ] as [JSONValue] {
            #expect(try await client.errorCode("query.forget", wrong) == "invalid_params", "\(wrong)")
        }
    }

    /// What runs while its history is forgotten ends as any other.
    @Test func `a running write is not forgotten`() async throws {
        let bench = try await Workbench.start(engines: [.postgresql])
        let id: JSONValue = "01a20a9d-3741-73c3-a6fb-9df4a6b8df2c"
        let request = bench.client.send(
            "query.run", bench.query(.postgresql, Engine.postgresql.slowStatement, nil, ["queryId": id, "mode": "write"]))
        #expect(try await bench.waits(.postgresql, untilRunning: true))
        let other = try await bench.connect()
        #expect(try await other.call("query.forget", ["queryIds": .array([id])])["forgotten"] == 0)
        #expect(try await other.call("query.forget", ["before": "2999-01-01T00:00:00.000Z"])["forgotten"] == 0)
        #expect(try await other.call("query.history", ["text": "PG_SLEEP"])["items"].array?.count == 1)
        try await other.call("query.cancel", ["queryId": id])
        await #expect(throws: TestClient.Failure.self) { try await bench.client.result(of: request, "query.run") }
        #expect(try await other.call("query.stats")["totals"]["cancelled"] == 1)
        #expect(try await other.call("query.forget", ["queryIds": .array([id])])["forgotten"] == 1)
    }

    /// Limits of history may be nought, which other limits may not.
    @Test func `history has no end if the operator says so`() async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_LIMITS_HISTORY_ROWS": "0", "DBASSIST_LIMITS_HISTORY_DAYS": "0"])
        let limits = try await daemon.client().call("system.limits")
        #expect(limits["historyRows"] == 0 && limits["historyDays"] == 0)
    }
}
