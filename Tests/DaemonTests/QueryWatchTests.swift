import TestSupport
import Testing

/// query.running, query.subscribe and query/event.
@Suite(.serialized) struct QueryWatchTests {
    /// Another connection of the same user that watches, and its subscription.
    private func watcher(_ bench: Workbench, _ params: JSONValue = [:]) async throws -> (client: TestClient, id: JSONValue) {
        let client = try await bench.connect()
        return (client, try await client.call("query.subscribe", params)["subscriptionId"])
    }

    /// The next event that is not `progress`.
    private func event(_ client: TestClient) async throws -> JSONValue {
        while true {
            let event = try await client.notification("query/event")
            if event["event"] != "progress" { return event }
        }
    }

    /// Each query starts once and ends once, whoever runs it and however it ends, and the ids are those of reply and history.
    @Test(arguments: Engine.allCases) func `a watcher sees every query start and end`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let (watcher, subscription) = try await watcher(bench)
        let good = try await bench.run(engine, engine.series(7), nil, ["label": "seven"])
        let pushed = try await bench.run(engine, engine.series(2_500), nil, ["partialResultToken": "t"])
        _ = try await bench.failure(engine, "SELECT * FROM absent")
        let wrote = try await bench.write(engine, engine == .sqlite ? "DELETE FROM t" : "CREATE TABLE watched (a int)")
        for (ended, queryID, rowCount) in [
            ("finished", good["queryId"], 7), ("finished", pushed["queryId"], 2_500), ("failed", .null, 0),
            ("finished", wrote["queryId"], 0),
        ] as [(String, JSONValue, Int)] {
            let start = try await event(watcher)
            #expect(start["event"] == "started" && start["subscriptionId"] == subscription)
            let end = try await event(watcher)
            #expect(end["event"].string == ended && end["query"]["queryId"] == start["query"]["queryId"])
            if ended == "finished" { #expect(end["query"]["queryId"] == queryID && end.member("errorCode") == nil) }
            #expect(end["query"]["rowCount"].integer == rowCount && (end["durationMs"].double ?? -1) >= 0)
            #expect(end["query"]["projectName"].string == engine.rawValue)
            let record = try await bench.client.call("query.get", ["queryId": end["query"]["queryId"]])
            #expect(record["durationMs"] == end["durationMs"])
            if ended == "failed" { #expect(end["errorCode"] == "query_failed" && record["errorMessage"] == end["errorMessage"]) }
        }
        #expect(try await watcher.call("query.running")["items"] == [])
        try await watcher.call("query.unsubscribe", ["subscriptionId": subscription])
        _ = try await bench.run(engine, engine.series(1))
        try await watcher.call("query.running")
        #expect(watcher.wire.frameCount == 0)
    }

    /// Security bar E60: a query that runs is seen, with its progress, and stopped from another connection.
    @Test(arguments: Engine.allCases) func `a running query is listed, makes progress and is cancelled`(engine: Engine)
        async throws
    {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_PROGRESS_MS": "50"], engines: [engine])
        let (early, _) = try await watcher(bench)
        let runner = try await bench.connect()
        let queryID: JSONValue = "01a20a9d-3741-73c3-a6fb-9df4a6b8df2d"
        let request = runner.send(
            "query.run", bench.query(engine, engine.slowStatement, nil, ["queryId": queryID, "timeoutMs": 60_000]))
        #expect(try await event(early)["event"] == "started")
        var phase: JSONValue = nil
        while phase != "running" {
            let progress = try await early.notification("query/event")
            #expect(progress["event"] == "progress" && progress["query"]["queryId"] == queryID)
            phase = progress["query"]["phase"]
        }
        let late = try await bench.connect()
        let subscribed = try await late.call("query.subscribe", ["projectId": .string(bench.project(engine))])
        let running = try await late.call("query.running")["items"].array ?? []
        #expect(running.count == 1 && running.first?["queryId"] == queryID)
        #expect(running.first?["sql"].string == engine.slowStatement && running.first?["sqlTruncated"] == false)
        #expect(subscribed["running"].array?.first?["queryId"] == queryID)
        try await late.call("query.cancel", ["queryId": queryID])
        for client in [early, late] {
            let end = try await event(client)
            #expect(end["event"] == "cancelled" && end["errorCode"] == "cancelled" && end["query"]["queryId"] == queryID)
        }
        let failure = await #expect(throws: TestClient.Failure.self) { try await runner.result(of: request, "query.run") }
        #expect(failure?.code == "cancelled")
        #expect(try await late.call("query.running")["items"] == [])
    }

    @Test func `a watcher sees nothing of other people, other projects, and after it has logged out`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let stranger = try bench.daemon.client()
        _ = try await stranger.signUp()
        try await stranger.call("query.subscribe")
        try await stranger.call("query.subscribe", ["projectId": .string(bench.project(.sqlite))])
        let elsewhere = try await watcher(bench, ["projectId": "01a20a9d-3741-73c3-a6fb-9df4a6b8df2e"]).client
        let gone = try await bench.connect()
        try await gone.call("query.subscribe")
        // The connection is somebody else's now, and then nobody's.
        let other = try await gone.signUp()
        let back = try await watcher(bench).client
        _ = try await bench.run(.sqlite, "SELECT 1")
        #expect(try await event(back)["event"] == "started")
        #expect(try await event(back)["event"] == "finished")
        for client in [stranger, elsewhere, gone] {
            #expect(try await client.call("query.running")["items"] == [])
            #expect(client.wire.frameCount == 0)
        }
        // Nor again when its first user returns to it.
        try await gone.attach(bench.account.token)
        _ = try await bench.run(.sqlite, "SELECT 1")
        try await gone.call("query.running")
        #expect(gone.wire.frameCount == 0)
        #expect(other.userID != bench.account.userID)
    }

    /// Security bar D50: what a slow subscriber misses is counted, and it costs nobody else anything.
    @Test func `a subscriber that does not read is told how much it has missed`() async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_SUBSCRIPTION_EVENTS": "8"], engines: [.sqlite])
        let slow = try SilentClient(socket: bench.daemon.socketPath)
        slow.send("auth.attach", ["token": .string(bench.account.token)], id: 1)
        slow.send("query.subscribe", [:], id: 2)
        let (reader, _) = try await watcher(bench)
        // Wide events, so that what the kernel holds for the slow one is little.
        let filler = String(repeating: "x", count: 2_000)
        for number in 0..<600 {
            _ = try await bench.run(.sqlite, "SELECT \(number) AS n /* \(filler) */")
            let ends = [try await event(reader)["event"], try await event(reader)["event"]]
            #expect(ends == ["started", "finished"], "\(number)")
        }
        // Reading now, it gets all that was kept, the count of what was not, and then new events.
        var kinds: [String: Int] = [:]
        var missed = 0
        slow.readEvents { event in
            kinds[event["event"].string ?? "", default: 0] += 1
            missed += event["missed"].integer ?? 0
            return event["event"] == "missed"
        }
        #expect(missed > 0 && kinds["missed", default: 0] == 1)
        #expect(kinds["started", default: 0] + kinds["finished", default: 0] + missed == 1_200, "\(kinds) \(missed)")
        slow.close()
    }

    @Test func `subscriptions are counted and end with their connection`() async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_SUBSCRIPTIONS_PER_CONNECTION": "2"], engines: [.sqlite])
        let watcher = try await bench.connect()
        let first = try await watcher.call("query.subscribe")["subscriptionId"]
        try await watcher.call("query.subscribe")
        let failure = try await watcher.failure("query.subscribe")
        #expect(failure.code == "busy" && failure.data["limit"] == "subscriptionsPerConnection")
        // One of another connection is none of ours.
        try await bench.client.call("query.unsubscribe", ["subscriptionId": first])
        #expect(try await watcher.errorCode("query.subscribe") == "busy")
        try await watcher.call("query.unsubscribe", ["subscriptionId": first])
        try await watcher.call("query.subscribe")
        watcher.wire.hangUp()
        _ = try await bench.run(.sqlite, "SELECT 1")
    }

    /// A DBA finds the query, its project and its user at the server, by the ids that reply, event and history have.
    @Test(arguments: [Engine.postgresql, .mysql]) func `the server shows whose statement runs`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let queryID = "01a20a9d-3741-73c3-a6fb-9df4a6b8df2f"
        let request = bench.client.send(
            "query.run",
            bench.query(engine, engine.slowStatement, nil, ["queryId": .string(queryID), "timeoutMs": 60_000]))
        #expect(try await bench.waits(engine, untilRunning: true))
        let shown =
            switch engine {
            case .postgresql:
                try engine.script(
                    "SELECT application_name, query FROM pg_stat_activity WHERE query LIKE '%pg_sleep(61)%' AND pid <> pg_backend_pid()",
                    asAdministrator: true)
            default:
                try engine.script(
                    "SELECT info FROM information_schema.processlist WHERE info LIKE '%SLEEP(61)%' AND info NOT LIKE '%processlist%'",
                    asAdministrator: true)
            }
        for part in ["query=\(queryID)", "project=\(bench.project(engine))", "user=\(bench.account.userID)", "dbassistd"] {
            #expect(shown.contains(part), "\(shown)")
        }
        try await bench.connect().call("query.cancel", ["queryId": .string(queryID)])
        await #expect(throws: TestClient.Failure.self) { try await bench.client.result(of: request, "query.run") }
        // Positions are those of the user's own text.
        let failure = try await bench.failure(engine, "SELECT 1,\n  nosuchcolumn")
        if engine == .postgresql { #expect(failure.data["position"] == 13) }
        let syntax = try await bench.failure(engine, "SELECT FROM WHERE x")
        #expect(syntax.data["position"].integer == (engine == .postgresql ? 13 : 8), "\(syntax)")
    }
}
