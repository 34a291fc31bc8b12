import Glibc
import TestSupport
import Testing

/// Security bar E58: database servers that hang, reset, lie or die. Only the query at hand fails, in time, and nothing of it stays.
@Suite(.serialized) struct DatabaseFaultTests {
    private static let settings = [
        "DBASSIST_LIMITS_CONNECT_TIMEOUT_MS": "800", "DBASSIST_LIMITS_CANCEL_DEADLINE_MS": "200",
    ]

    /// Threads and open files of a process.
    private static func holdings(_ daemon: DaemonProcess) throws -> (threads: Int, files: Int) {
        let count = { (folder: String) in
            try ChildProcess.run(["ls", "/proc/\(daemon.pid)/\(folder)"]).split(separator: "\n").count
        }
        return (try count("task"), try count("fd"))
    }

    private static func proxy(_ engine: Engine) throws -> (proxy: FaultProxy, connection: String) {
        switch engine {
        case .mysql:
            let server = try MariaDBServer.shared.get()
            let proxy = try FaultProxy(to: server.port)
            let uri = server.uri(MariaDBServer.plain, query: "?sslmode=disable")
            return (proxy, uri.replacing(":\(server.port)/", with: ":\(proxy.port)/"))
        default:
            let server = try PostgreSQLServer.shared()
            let proxy = try FaultProxy(to: server.port)
            return (proxy, server.uri(port: proxy.port, query: "?sslmode=disable"))
        }
    }

    /// What a fault may come to. A statement whose bytes all came is a success, and what was changed may still be read as rows.
    private static let codes: Set<String> = [
        "connection_lost", "connection_failed", "connect_timeout", "query_failed", "timeout", "authentication_failed",
        "tls_failed",
        "unknown_database", "read_only", "connection_refused", "busy",
    ]

    @Test(arguments: [Engine.postgresql, .mysql]) func `only the query at hand fails`(engine: Engine) async throws {
        let (proxy, connection) = try Self.proxy(engine)
        defer { proxy.stop() }
        let bench = try await Workbench.start(Self.settings, engines: [.sqlite])
        let project = try await bench.client.call(
            "project.create",
            ["name": "behind", "databaseType": .string(engine.rawValue), "connectionString": .string(connection)])
        let params = { (sql: String) -> JSONValue in
            ["projectId": project["id"], "sql": .string(sql), "timeoutMs": 500, "maxRows": 60_000]
        }
        try await bench.client.call("query.run", params("SELECT 1"))
        let before = try Self.holdings(bench.daemon)
        var failures = 0
        for fault in FaultProxy.Fault.allCases {
            // In the middle of a small answer and of a large one.
            for (passes, sql) in [(40, engine.series(50)), (200_000, engine.series(50_000))] {
                proxy.set(fault, after: passes)
                let began = ContinuousClock.now
                do {
                    try await bench.client.call("query.run", params(sql))
                } catch let failure as TestClient.Failure {
                    failures += 1
                    #expect(Self.codes.contains(failure.code), "\(fault) after \(passes): \(failure)")
                }
                #expect(ContinuousClock.now - began < .promptly, "\(fault) after \(passes)")
                // Others are not held up, and it is well again once the server is.
                #expect(try await bench.run(.sqlite, "SELECT 5 AS a")["rows"] == [[5]])
                proxy.set(nil)
                #expect(try await self.works(bench, params("SELECT 7 AS a")), "\(fault) after \(passes)")
            }
        }
        // A byte at a time, or twice, may still be understood; a large answer that ends or is no answer may not.
        #expect(failures >= 5)
        let deadline = ContinuousClock.now + .promptly
        while true {
            let now = try Self.holdings(bench.daemon)
            // The pool keeps connections that are good: a thread and a few files each.
            if now.threads <= before.threads + 4, now.files <= before.files + 16 { break }
            guard ContinuousClock.now < deadline else {
                Issue.record("\(now) after \(before)")
                break
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(bench.client.wire.stray.isEmpty)
    }

    /// A connection that the fault has spoilt may be found out only when it is used next, which costs that query.
    private func works(_ bench: Workbench, _ params: JSONValue) async throws -> Bool {
        let deadline = ContinuousClock.now + .promptly
        while ContinuousClock.now < deadline {
            do {
                if try await bench.client.call("query.run", params)["rows"] == [[7]] { return true }
            } catch let failure as TestClient.Failure { #expect(Self.codes.contains(failure.code), "\(failure)") }
        }
        return false
    }

    @Test(arguments: [Engine.postgresql, .mysql]) func `a server that spoils the beginning is refused in time`(
        engine: Engine
    ) async throws {
        let (proxy, connection) = try Self.proxy(engine)
        defer { proxy.stop() }
        let bench = try await Workbench.start(Self.settings, engines: [.sqlite])
        for fault in FaultProxy.Fault.allCases {
            for passes in [0, 60] {
                let project = try await bench.client.call(
                    "project.create",
                    [
                        "name": .string("\(fault) \(passes)"), "databaseType": .string(engine.rawValue),
                        "connectionString": .string(connection),
                    ])
                proxy.set(fault, after: passes)
                let began = ContinuousClock.now
                do {
                    try await bench.client.call("query.run", ["projectId": project["id"], "sql": "SELECT 1"])
                } catch let failure as TestClient.Failure {
                    #expect(Self.codes.contains(failure.code), "\(fault) after \(passes): \(failure)")
                }
                #expect(ContinuousClock.now - began < .promptly, "\(fault) after \(passes)")
                proxy.set(nil)
            }
        }
        #expect(try await bench.run(.sqlite, "SELECT 5 AS a")["rows"] == [[5]])
    }
}
