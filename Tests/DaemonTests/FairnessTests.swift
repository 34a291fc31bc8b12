import Glibc
import TestSupport
import Testing

/// One user's load is not another's.
@Suite(.serialized) struct FairnessTests {
    /// Security bar E61: fifty slow queries of one user, and the cheap calls of another beside them.
    @Test(.timeLimit(.minutes(2))) func `fifty slow queries delay nobody else`() async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_QUERIES_PER_USER": "60"])
        let other = try bench.daemon.client()
        _ = try await other.signUp()
        let project = try await other.call(
            "project.create",
            ["name": "own", "databaseType": "sqlite", "connectionString": .string("sqlite://" + bench.file)])["id"]
        func percentiles(_ count: Int) async throws -> (p50: Duration, p99: Duration) {
            var times: [Duration] = []
            for number in 0..<count {
                let began = ContinuousClock.now
                switch number % 3 {
                case 0: try await other.call("project.list")
                case 1: try await other.call("query.history", ["limit": 5])
                default: try await other.call("query.run", ["projectId": project, "sql": "SELECT 1"])
                }
                times.append(ContinuousClock.now - began)
            }
            times.sort()
            return (times[count / 2], times[count * 99 / 100])
        }
        _ = try await percentiles(60)
        let idle = try await percentiles(300)
        // A connection takes 32 requests at a time; four of a project have a connection to its server, the others wait for one.
        let clients = [bench.client, try await bench.connect()]
        var sent: [(client: TestClient, id: Int)] = []
        for number in 0..<50 {
            let engine = number % 2 == 0 ? Engine.postgresql : .mysql
            let client = clients[number / 2 % 2]
            sent.append((client, client.send("query.run", bench.query(engine, engine.slowStatement, nil, ["timeoutMs": 90_000]))))
        }
        let looker = try await bench.connect()
        func running() async throws -> Int { try await looker.call("query.running")["items"].array?.count ?? 0 }
        let deadline = ContinuousClock.now + .promptly
        while try await running() < 50, ContinuousClock.now < deadline {}
        #expect(try await running() == 50)
        let busy = try await percentiles(300)
        #expect(try await running() == 50)
        // The bar is twice; the rest of the bound is for a machine that does others as well. What waits behind a query would need a minute.
        #expect(busy.p50 < max(idle.p50 * 3, .milliseconds(10)), "\(busy) beside \(idle)")
        #expect(busy.p99 < max(idle.p99 * 3, .milliseconds(250)), "\(busy) beside \(idle)")
        for (client, id) in sent { client.notify("$/cancelRequest", ["id": .number(String(id))]) }
        for (client, id) in sent {
            await #expect(throws: TestClient.Failure.self) { try await client.result(of: id, "query.run") }
        }
        #expect(try await other.call("query.run", ["projectId": project, "sql": "SELECT 1"])["rows"] == [[1]])
    }

    /// Security bar E57: more connections than there are files.
    @Test func `no file left is waited out, not spun on`() async throws {
        let daemon = try await DaemonProcess.start(launcher: ["prlimit", "--nofile=64:64"])
        let good = try daemon.client()
        _ = try await good.signUp()
        var crowd: [WireConnection] = []
        for _ in 0..<120 { if let one = try? WireConnection(socket: daemon.socketPath) { crowd.append(one) } }
        #expect(crowd.count >= 60)
        try await daemon.waitForLog(containing: "cannot accept connections")
        let before = daemon.processorTicks
        try await Task.sleep(for: .seconds(1))
        // A tick is 10 ms: a loop that spins takes a hundred of them.
        #expect(daemon.processorTicks - before < 30)
        // Who is in goes on; what needs a file of its own may fail, but must answer.
        #expect(try await good.call("project.list")["items"] == [])
        #expect(try await good.call("system.health")["status"] == "ok")
        for one in crowd { one.hangUp() }
        let late = try daemon.client()
        #expect(try await late.call("system.health")["status"] == "ok")
        _ = try await late.signUp()
        #expect(daemon.log.split(separator: "\n").count { $0.contains("cannot accept connections") } < 50)
        #expect(try await daemon.stop() == 0)
    }
}
