import TestSupport
import Testing

/// Who asks too often is told when to ask again, and nobody else notices.
@Suite struct RateLimitTests {
    /// Asks until it is too often: on a machine that is busy with others a minute passes quickly.
    private func refusal(_ client: TestClient, _ method: String, _ params: JSONValue, _ limit: String) async throws {
        var found: TestClient.Failure?
        for _ in 0..<5 where found == nil {
            do { try await client.call(method, params) } catch let failure as TestClient.Failure { found = failure }
        }
        let failure = try #require(found)
        #expect(failure.code == "rate_limited" && failure.data["limit"].string == limit, "\(failure)")
        #expect(failure.data["retryable"] == true && (1...60_000).contains(failure.data["retryAfterMs"].integer ?? 0))
    }

    @Test func `each kind has its limit`() async throws {
        let bench = try await Workbench.start(
            ["DBASSIST_LIMITS_QUERIES_PER_MINUTE": "6", "DBASSIST_LIMITS_CHAT_TURNS_PER_MINUTE": "6"], engines: [.sqlite])
        let client = bench.client
        try await bench.run(.sqlite, "SELECT 1")
        try await refusal(client, "query.run", bench.query(.sqlite, "SELECT 1"), "queriesPerMinute")
        try await refusal(client, "query.explain", bench.query(.sqlite, "SELECT 1"), "queriesPerMinute")
        try await refusal(client, "project.test", ["projectId": .string(bench.project(.sqlite))], "queriesPerMinute")
        // The account's, not the connection's.
        try await refusal(try await bench.connect(), "query.run", bench.query(.sqlite, "SELECT 1"), "queriesPerMinute")
        let turn: JSONValue = ["projectId": .string(bench.project(.sqlite)), "content": "Which tables are there?"]
        try await client.call("chat.send", turn)
        try await refusal(client, "chat.send", turn, "chatTurnsPerMinute")
        #expect(try await client.call("system.limits")["queriesPerMinute"] == 6)
        let other = try bench.daemon.client()
        _ = try await other.signUp()
        let project = try await other.call(
            "project.create", ["name": "own", "databaseType": "sqlite", "connectionString": .string("sqlite://" + bench.file)])
        try await other.call("query.run", ["projectId": project["id"], "sql": "SELECT 1"])
    }

    @Test func `log-ins of a peer are counted`() async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_LIMITS_LOGINS_PER_MINUTE": "2"])
        let client = try daemon.client()
        let account = try await client.signUp()
        let login: JSONValue = ["email": .string(account.email), "password": .string(account.password)]
        try await refusal(client, "auth.login", login, "loginsPerMinute")
        try await refusal(try daemon.client(), "auth.login", login, "loginsPerMinute")
        // A session that is open is nobody's log-in.
        let other = try daemon.client()
        try await other.attach(account.token)
        #expect(try await other.call("project.list")["items"] == [])
    }

    @Test(arguments: Carrier.allCases) func `requests are counted, and leaving is free`(carrier: Carrier) async throws {
        let (_, client) = try await carrier.start(["DBASSIST_LIMITS_REQUESTS_PER_MINUTE": "12"])
        for _ in 0..<3 { try await refusal(client, "system.health", [:], "requestsPerMinute") }
        #expect(try await client.call("shutdown") == .null)
    }
}
