import Glibc
import TestSupport
import Testing

/// Every way to stop a statement stops it at the server within a second, and answers once.
@Suite(.serialized) struct QueryCancelTests {
    enum Way: String, CaseIterable, Sendable {
        case queryCancel, cancelRequest, timeout, closedConnection, logout, revoked, projectDeleted, terminated
    }

    /// What the request is answered with; nil where nobody is left to be answered.
    private static let answers: [Way: String] = [
        .queryCancel: "cancelled", .cancelRequest: "cancelled", .timeout: "timeout", .logout: "cancelled", .revoked: "cancelled",
        .projectDeleted: "cancelled", .terminated: "shutting_down",
    ]

    /// Security bar E59, and E62 for the daemon's own end.
    @Test(arguments: Engine.allCases, Way.allCases) func `a stopped statement is gone`(engine: Engine, way: Way) async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_SHUTDOWN_MS": "500"], engines: [engine])
        let runner = try bench.daemon.client()
        try await runner.call("auth.login", ["email": .string(bench.account.email), "password": .string(bench.account.password)])
        let queryID: JSONValue = "01a20a9d-3741-73c3-a6fb-9df4a6b8df2a"
        let timeoutMs: JSONValue = way == .timeout ? 4_000 : 60_000
        let params = bench.query(engine, engine.slowStatement, nil, ["queryId": queryID, "timeoutMs": timeoutMs])
        let request = runner.send("query.run", params)
        #expect(try await bench.waits(engine, untilRunning: true))
        switch way {
        case .queryCancel: try await bench.client.call("query.cancel", ["queryId": queryID])
        case .cancelRequest: runner.notify("$/cancelRequest", ["id": .number(String(request))])
        case .timeout: #expect(try await bench.waits(engine, untilRunning: false))
        case .closedConnection: runner.wire.hangUp()
        case .logout: try await runner.call("auth.logout")
        case .revoked: try await bench.client.call("auth.revoke", ["others": true])
        case .projectDeleted: try await bench.client.call("project.delete", ["projectId": .string(bench.project(engine))])
        case .terminated: bench.daemon.end(SIGTERM)
        }
        // The grace of half a second comes on top where the daemon ends.
        #expect(try await bench.waits(engine, untilRunning: false))
        if let expected = Self.answers[way] {
            let failure = await #expect(throws: TestClient.Failure.self) {
                try await runner.result(of: request, "query.run")
            }
            #expect(failure?.code == expected)
        }
        if way == .terminated {
            #expect(try await bench.daemon.waitForExit() == 0)
            #expect(runner.wire.frameCount == 0 && runner.wire.stray.isEmpty)
            return
        }
        // A late cancel hits nobody else, and no second answer comes.
        try await bench.client.call("query.cancel", ["queryId": queryID])
        if way != .projectDeleted { #expect(try await bench.run(engine, "SELECT 5 AS a")["rows"] == [[5]]) }
        #expect(runner.wire.stray.isEmpty)
        if way == .queryCancel || way == .timeout {
            let record = try await bench.client.call("query.get", ["queryId": queryID])
            #expect(record["status"] == "cancelled" && record["errorCode"].string == Self.answers[way])
            #expect(runner.wire.frameCount == 0)
        }
    }

    /// Security bar E59: the cancel of one statement never hits the next, however they race.
    @Test(arguments: Engine.allCases) func `cancels race with ends`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        for round in 0..<60 {
            let request = bench.client.send("query.run", bench.query(engine, engine.series(round * 40 + 1)))
            bench.client.notify("$/cancelRequest", ["id": .number(String(request))])
            do {
                #expect(try await bench.client.result(of: request, "query.run")["rowCount"].integer ?? 0 > 0)
            } catch let failure as TestClient.Failure {
                #expect(failure.code == "cancelled")
            }
            #expect(try await bench.run(engine, "SELECT 3 AS a")["rows"] == [[3]])
        }
        #expect(bench.client.wire.frameCount == 0)
    }

    @Test func `nobody stops somebody else's query`() async throws {
        let bench = try await Workbench.start(engines: [.postgresql])
        let stranger = try bench.daemon.client()
        _ = try await stranger.signUp()
        let queryID: JSONValue = "01a20a9d-3741-73c3-a6fb-9df4a6b8df2b"
        let request = bench.client.send("query.run", bench.query(.postgresql, "SELECT pg_sleep(1)", nil, ["queryId": queryID]))
        try await stranger.call("query.cancel", ["queryId": queryID])
        #expect(try await bench.client.result(of: request, "query.run")["rowCount"] == 1)
    }

    @Test func `stopping after the first page gives the rest of what was read, and then says so`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let endless =
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i <= 20 OR i % 100000000 = 0"
        let first = try await bench.run(.sqlite, endless, nil, ["pageRows": 10])
        #expect(first["rowCount"] == 10 && first["hasMore"] == true)
        let fetch = bench.client.send("query.fetch", ["resultId": first["resultId"], "cursor": "p2"])
        try await bench.client.call("query.cancel", ["queryId": first["queryId"]])
        let failure = await #expect(throws: TestClient.Failure.self) { try await bench.client.result(of: fetch, "query.fetch") }
        #expect(failure?.code == "cancelled")
        let second = try await bench.client.call("query.fetch", ["resultId": first["resultId"], "cursor": first["nextCursor"]])
        #expect(second["rows"][9] == [20])
    }
}
