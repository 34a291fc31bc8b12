import Glibc
import TestSupport
import Testing

/// A daemon that several people use does not tell any of them what listens on its machine. Security bar B19.
@Suite struct PolicySilenceTests {
    private func test(_ client: TestClient, _ engine: Engine, _ text: String) async throws -> JSONValue {
        let result = try await client.call(
            "project.test", ["databaseType": .string(engine.rawValue), "connectionString": .string(text)])
        // All of it but how long it took.
        return .array(
            (result["steps"].array ?? []).map { step in
                guard case .object(let members) = step else { return step }
                return .object(members.filter { $0.name != "durationMs" })
            })
    }

    private func creating(_ client: TestClient, _ engine: Engine, _ text: String) async throws -> JSONValue {
        let params: JSONValue = [
            "name": "x", "databaseType": .string(engine.rawValue), "connectionString": .string(text),
        ]
        return try await client.failure("project.create", params).withoutRequestID
    }

    private func uri(_ engine: Engine, _ host: String, _ port: Int) -> String { "\(engine.rawValue)://u:p@\(host):\(port)/d" }

    @Test func whatListensIsNotTold() async throws {
        let open = try Loopback.listen()
        defer { close(open.descriptor) }
        let closed = try Loopback.freePort()
        let daemon = try await DaemonProcess.start(["DBASSIST_MODE": "shared"])
        let client = try daemon.client()
        _ = try await client.signUp()
        for engine in [Engine.postgresql, .mysql] {
            for host in ["127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "localhost"] {
                let answers = [
                    try await test(client, engine, uri(engine, host, open.port)),
                    try await test(client, engine, uri(engine, host, closed)),
                ]
                #expect(answers[0] == answers[1], "\(host)")
                #expect(answers[0].array?.contains { $0["step"] == "policy" && $0["status"] == "failed" } == true, "\(host)")
                // A name is looked up when it is connected to; an address is refused at once.
                guard host != "localhost" else { continue }
                let refusals = [
                    try await creating(client, engine, uri(engine, host, open.port)),
                    try await creating(client, engine, uri(engine, host, closed)),
                ]
                #expect(refusals[0] == refusals[1] && refusals[0]["data"]["code"] == "policy", "\(host)")
            }
        }
        var caller = pollfd(fd: open.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&caller, 1, 0) == 0, "somebody called")
    }

    /// Nor which files and sockets there are.
    @Test func whatIsThereIsNotTold() async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_MODE": "shared"])
        let client = try daemon.client()
        _ = try await client.signUp()
        let directory = daemon.directory
        try Engine.sqlite.script("CREATE TABLE t (a)", file: directory.appending("there"))
        mkfifo(directory.appending("fifo"), 0o600)
        symlink("/nowhere", directory.appending("dangling"))
        for (engine, prefix) in [
            (Engine.sqlite, "sqlite://"), (.postgresql, "postgresql://u@/d?host="), (.mysql, "mysql://u@/d?socket="),
        ] {
            var answers: Set<String> = []
            var refusals: Set<String> = []
            for path in [
                "there", "not-there", "fifo", "dangling", "state", "state/keyring", "state/store.sqlite", "run/d.sock", "a/b",
            ] {
                let text = prefix + directory.appending(path)
                answers.insert("\(try await test(client, engine, text))")
                refusals.insert("\(try await creating(client, engine, text))")
            }
            #expect(answers.count == 1, "\(answers)")
            #expect(refusals.count == 1 && refusals.first?.contains("policy") == true, "\(refusals)")
        }
    }

    /// And time does not tell either. Medians of interleaved tries; a connection made would be a factor.
    @Test func timeDoesNotTell() async throws {
        let open = try Loopback.listen()
        defer { close(open.descriptor) }
        let closed = try Loopback.freePort()
        let daemon = try await DaemonProcess.start(["DBASSIST_MODE": "shared"])
        let client = try daemon.client()
        _ = try await client.signUp()
        let there = daemon.directory.appending("there")
        try Engine.sqlite.script("CREATE TABLE t (a)", file: there)
        for (name, one, other) in [
            ("a port", uri(.postgresql, "127.0.0.1", open.port), uri(.postgresql, "127.0.0.1", closed)),
            ("a port by name", uri(.postgresql, "localhost", open.port), uri(.postgresql, "localhost", closed)),
            ("a port of MySQL", uri(.mysql, "127.0.0.1", open.port), uri(.mysql, "127.0.0.1", closed)),
            ("a file", "sqlite://" + there, "sqlite://" + there + "-not"),
        ] {
            let engine = Engine(rawValue: String(one.prefix { $0 != ":" })) ?? .sqlite
            let ratio = try await MedianRatio.of(
                count: TestScale.count(9, full: 300), { _ = try await test(client, engine, one) },
                { _ = try await test(client, engine, other) })
            if TestScale.isFull { print("B19: \(name) that is there takes \(ratio) of the time of one that is not") }
            // A loose bar: what it must not do, connecting, takes ten times as long.
            #expect(ratio > 0.5 && ratio < 2, "\(name)")
        }
    }
}
