import TestSupport
import Testing

/// Clients that ask for much and read nothing. Security bar D50 and E61.
@Suite(.serialized) struct UnreadResultTests {
    private func percentiles(_ client: TestClient, _ project: JSONValue, _ count: Int) async throws -> (
        p50: Duration, p99: Duration
    ) {
        var times: [Duration] = []
        for number in 0..<count {
            let began = ContinuousClock.now
            if number % 2 == 0 {
                try await client.call("project.list")
            } else {
                try await client.call("query.run", ["projectId": project, "sql": "SELECT 1"])
            }
            times.append(ContinuousClock.now - began)
        }
        times.sort()
        return (times[count / 2], times[count * 99 / 100])
    }

    /// Each asks for more than its socket and its queue hold: most for a page, some for rows without end.
    @Test(.timeLimit(.minutes(5))) func `clients that never read cost little and delay nobody`() async throws {
        let stallMs = 10_000
        let bench = try await Workbench.start(
            [
                "DBASSIST_LIMITS_CLIENT_CONNECTIONS": "700", "DBASSIST_LIMITS_QUERIES_PER_USER": "600",
                "DBASSIST_LIMITS_DATABASE_CONNECTIONS_PER_PROJECT": "32", "DBASSIST_LIMITS_OUTPUT_STALL_MS": .init(stallMs),
            ], engines: [.sqlite])
        let good = try bench.daemon.client()
        _ = try await good.signUp()
        let project = try await good.call(
            "project.create",
            ["name": "own", "databaseType": "sqlite", "connectionString": .string("sqlite://" + bench.file)])["id"]
        _ = try await percentiles(good, project, 50)
        let idle = try await percentiles(good, project, 200)
        let before = try bench.daemon.memoryKiB("VmRSS")
        let count = TestScale.count(60, full: 500)
        let wide =
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i, printf('%0250d', i) FROM n"
        var silent: [SilentClient] = []
        for number in 0..<count {
            let client = try SilentClient(socket: bench.daemon.socketPath)
            client.send("auth.attach", ["token": .string(bench.account.token)], id: 1)
            if number % 20 == 0 {
                let endless = bench.query(.sqlite, Engine.sqlite.series(100_000_000), nil, ["partialResultToken": "t"])
                client.send("query.run", endless, id: 2)
            } else {
                client.send("query.run", bench.query(.sqlite, wide), id: 2)
            }
            silent.append(client)
        }
        func clients() async throws -> Int {
            try await good.call("system.health")["connections"]["clients"].integer ?? 0
        }
        let until = ContinuousClock.now + .promptly
        while try await clients() < count + 2, ContinuousClock.now < until {}
        let busy = try await percentiles(good, project, 200)
        let most = try bench.daemon.memoryKiB("VmHWM") - before
        // A page and what is being read of the next, for each; a hash of a password is in it too.
        #expect(most < 96 * 1024 + count * 768, "\(most) KiB more for \(count) clients")
        #expect(busy.p50 < max(idle.p50 * 4, .milliseconds(20)), "\(busy) beside \(idle)")
        #expect(busy.p99 < max(idle.p99 * 4, .milliseconds(500)), "\(busy) beside \(idle)")
        // Who takes nothing for so long is let go.
        let goneBy = ContinuousClock.now + .milliseconds(stallMs) + .promptly
        while try await clients() > 2, ContinuousClock.now < goneBy { try await Task.sleep(for: .milliseconds(100)) }
        #expect(try await clients() == 2)
        #expect(try await good.call("system.health")["queries"]["running"] == 0)
        for client in silent { client.close() }
        print("E61: \(count) clients that read nothing took \(most / 1024) MiB; beside them \(busy), alone \(idle)")
        #expect(try await bench.daemon.stop() == 0)
    }
}
