import TestSupport
import Testing

/// project.summary and dashboard.get after queries that are known one by one.
@Suite struct FiguresTests {
    /// Five that succeed with 1 + 3 + 0 + 25 + 0 rows, two that fail, two that are stopped.
    private func runKnownQueries(_ bench: Workbench, _ engine: Engine) async throws {
        try await bench.run(engine, "SELECT 1")
        try await bench.run(engine, engine.series(3))
        try await bench.run(engine, "SELECT 1 WHERE 1 = 0")
        let large = try await bench.run(engine, engine.series(25), nil, ["pageRows": 10])
        while try await bench.client.call("query.fetch", ["resultId": large["resultId"]]).member("totalRows") == nil {}
        try await bench.write(engine, "CREATE TABLE IF NOT EXISTS figures (a INT)")
        _ = try await bench.failure(engine, "SELECT nope")
        _ = try await bench.failure(engine, "DELETE FROM figures")
        _ = try await bench.failure(engine, engine.slowStatement, nil, ["timeoutMs": 100])
        let request = bench.client.send("query.run", bench.query(engine, engine.slowStatement))
        #expect(try await bench.waits(engine, untilRunning: true))
        bench.client.notify("$/cancelRequest", ["id": .number(String(request))])
        await #expect(throws: TestClient.Failure.self) { try await bench.client.result(of: request, "query.run") }
    }

    /// As near as the spec says of percentiles.
    private func isNear(_ found: JSONValue, _ exact: Double) -> Bool {
        found.double.map { abs($0 - exact) <= 0.016 * exact + 1e-9 } ?? false
    }

    @Test(arguments: Engine.allCases) func `a summary is right to the row`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let id: JSONValue = .string(bench.project(engine))
        let empty = try await bench.client.call("project.summary", ["projectId": id])
        #expect(empty["queries"]["total"] == 0 && empty["queries"].member("successRate") == nil && empty["recentQueries"] == [])
        try await runKnownQueries(bench, engine)
        let summary = try await bench.client.call("project.summary", ["projectId": id])
        let queries = summary["queries"]
        #expect(queries["total"] == 9 && queries["success"] == 5 && queries["error"] == 2 && queries["cancelled"] == 2)
        #expect(queries["rows"] == 29)
        #expect(abs((queries["successRate"].double ?? 0) - 5.0 / 7) < 1e-9)
        let durations = (try await bench.client.call("query.history", ["status": "success"])["items"].array ?? [])
            .compactMap { $0["durationMs"].double }.sorted()
        #expect(isNear(queries["p50Ms"], durations[2]) && isNear(queries["p95Ms"], durations[4]))
        #expect(summary["recentQueries"].array?.count == 9 && summary["messageCount"] == 0)
        #expect(summary["recentQueries"][0]["status"] == "cancelled" && summary["recentQueries"][8]["sql"] == "SELECT 1")
        let database = summary["database"]
        switch engine {
        case .postgresql:
            #expect(
                database["serverVersion"].string?.hasPrefix("PostgreSQL 15.") == true && database["currentUser"] == "plain_role")
        case .mysql:
            #expect(database["serverVersion"].string?.hasPrefix("MariaDB 10.11") == true && database["databaseName"] == "app")
        case .sqlite:
            #expect(database["tableCount"] == 2 && database["databaseName"] == "test.sqlite")
            #expect(database["sizeBytes"].integer ?? 0 > 0 && database.member("currentUser") == nil)
        }
        #expect(database["tableCount"].integer ?? 0 > 0 && database.member("unavailable") == nil)
    }

    @Test func `a summary is answered without its database`() async throws {
        let bench = try await Workbench.start(engines: [])
        let text: JSONValue = .string("postgresql://ada@127.0.0.1:\(try Loopback.freePort())/shop")
        let project = try await bench.client.call(
            "project.create", ["name": "gone", "databaseType": "postgresql", "connectionString": text])
        let refused = try await bench.client.failure("query.run", ["projectId": project["id"], "sql": "SELECT 1"])
        #expect(refused.code == "connection_refused" && refused.error["code"] == 1101 && refused.data["retryable"] == true)
        let summary = try await bench.client.call("project.summary", ["projectId": project["id"]])
        #expect(summary["database"]["unavailable"]["code"] == "connection_refused")
        #expect(summary["queries"]["error"] == 1 && summary["queries"]["successRate"].double == 0)
    }

    @Test func `a dashboard adds up`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite, .postgresql])
        try await runKnownQueries(bench, .sqlite)
        try await bench.run(.postgresql, "SELECT 1")
        let stranger = try bench.daemon.client()
        _ = try await stranger.signUp()
        let dashboard = try await bench.client.call("dashboard.get", ["days": 3])
        #expect(dashboard["totals"] == ["projects": 2, "queries": 10, "messages": 0])
        #expect(dashboard["queriesByStatus"] == ["running": 0, "success": 6, "error": 2, "cancelled": 2])
        #expect(dashboard["successRate"].double == 0.75)
        let projects = dashboard["projects"].array ?? []
        #expect(projects.map { $0["name"].string } == ["sqlite", "postgresql"])
        #expect(projects.map { $0["queries"].integer } == [9, 1] && projects.map { $0["errors"].integer } == [2, 0])
        #expect(projects.allSatisfy { $0["lastUsedAt"].string != nil })
        let days = dashboard["activity"].array ?? []
        #expect(days.count == 3 && days.compactMap { $0["queries"].integer }.reduce(0, +) == 10)
        #expect(days.compactMap { $0["date"].string } == days.compactMap { $0["date"].string }.sorted())
        #expect(dashboard["since"].string?.hasPrefix(days[0]["date"].string ?? "?") == true)
        #expect(dashboard["recentQueries"].array?.count == 10 && dashboard["recentMessages"] == [])
        let durations = (try await bench.client.call("query.history", ["status": "success"])["items"].array ?? [])
            .compactMap { $0["durationMs"].double }.sorted()
        #expect(isNear(dashboard["latency"]["p50Ms"], durations[2]) && isNear(dashboard["latency"]["p95Ms"], durations[5]))
        #expect(try await stranger.call("dashboard.get")["totals"] == ["projects": 0, "queries": 0, "messages": 0])
        for days in [0, 366] {
            #expect(try await bench.client.errorCode("dashboard.get", ["days": .number(String(days))]) == "invalid_params")
        }
    }
}
