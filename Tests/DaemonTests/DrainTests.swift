import Glibc
import TestSupport
import Testing

/// A daemon that is told to stop while it has much to do. Security bar E62.
@Suite(.serialized) struct DrainTests {
    /// A client with requests under way.
    private struct Busy {
        let name: String
        let client: TestClient
        var requests: [(id: Int, method: String)] = []

        mutating func send(_ method: String, _ params: JSONValue?) { requests.append((client.send(method, params), method)) }

        /// What became of each: the code of its error, or `done`.
        func outcomes() async throws -> [String] {
            var outcomes: [String] = []
            for (id, method) in requests {
                do {
                    _ = try await client.result(of: id, method, timeoutMs: 30_000)
                    outcomes.append("done")
                } catch let failure as TestClient.Failure {
                    outcomes.append(failure.code)
                } catch is WireConnection.Closed { outcomes.append("no answer") }
            }
            return outcomes
        }
    }

    /// Every kind of work that takes its time, on a connection each; all of it has been read by the daemon when this returns.
    private func crowd(_ bench: Workbench) async throws -> [Busy] {
        var crowd: [Busy] = []
        for engine in Engine.allCases {
            var busy = Busy(name: "slow \(engine)", client: try await bench.connect())
            for mode in ["read", "write"] {
                // A write of SQLite's keeps the file from others.
                guard engine != .sqlite || mode == "read" else { continue }
                busy.send(
                    "query.run", bench.query(engine, engine.slowStatement, nil, ["mode": .string(mode), "timeoutMs": 60_000]))
            }
            crowd.append(busy)
        }
        var pushed = Busy(name: "pushed", client: try await bench.connect())
        pushed.send(
            "query.run", bench.query(.postgresql, Engine.postgresql.series(3_000_000), nil, ["partialResultToken": "t"]))
        crowd.append(pushed)
        var short = Busy(name: "short", client: try await bench.connect())
        short.send("query.run", bench.query(.postgresql, "SELECT pg_sleep(0.5)"))
        short.send("query.run", bench.query(.mysql, "SELECT SLEEP(0.5)"))
        crowd.append(short)
        var passwords = Busy(name: "passwords", client: try bench.daemon.client())
        for _ in 0..<4 {
            passwords.send(
                "auth.login", ["email": .string(bench.account.email), "password": .string(bench.account.password)])
        }
        crowd.append(passwords)
        var turn = Busy(name: "turn", client: try await bench.connect())
        turn.send("chat.send", ["projectId": .string(bench.project(.sqlite)), "content": "what tables are there?"])
        crowd.append(turn)
        // Answered on the event loop: what was sent before has been read.
        for busy in crowd where busy.name != "passwords" { try await busy.client.call("system.health") }
        return crowd
    }

    /// Everything that was under way is answered exactly once, and then its connection ends; the socket goes, the service manager is
    /// told, and all in the time that was given.
    @Test(.timeLimit(.minutes(3))) func `what is under way is answered, once, and in time`() async throws {
        let directory = try TemporaryDirectory()
        let manager = try NotifyListener(directory.appending("notify"))
        let graceMs = TestScale.count(5_000, full: 10_000)
        let bench = try await Workbench.start([
            "NOTIFY_SOCKET": manager.name, "DBASSIST_LIMITS_SHUTDOWN_MS": .init(graceMs),
            "DBASSIST_LIMITS_QUERIES_PER_USER": "32",
        ])
        #expect(manager.first(with: "READY=1") != nil)
        let crowd = try await crowd(bench)
        // Somebody who never reads does not hold it up.
        let silent = try SilentClient(socket: bench.daemon.socketPath)
        silent.send("auth.attach", ["token": .string(bench.account.token)], id: 1)
        silent.send("query.run", bench.query(.sqlite, Engine.sqlite.series(3_000_000), nil, ["partialResultToken": "t"]), id: 2)
        let watcher = try await bench.connect()
        try await watcher.call("query.subscribe")
        let began = ContinuousClock.now
        bench.daemon.end(SIGTERM)
        #expect(manager.first(with: "STOPPING=1") != nil)
        var answered = 0
        for busy in crowd {
            let outcomes = try await busy.outcomes()
            answered += outcomes.count
            for outcome in outcomes {
                // Of what is pushed a reader that has not come to the end in time loses the end, with the connection.
                let isCut = busy.name == "pushed" && outcome == "no answer"
                #expect(isCut || ["done", "cancelled", "shutting_down"].contains(outcome), "\(busy.name): \(outcomes)")
            }
            if busy.name == "short" { #expect(outcomes == ["done", "done"]) }
            if busy.name.hasPrefix("slow") { #expect(!outcomes.contains("done"), "\(busy.name): \(outcomes)") }
            #expect(await busy.client.wire.waitUntilClosed())
            // Once each: nothing with an id is left over.
            await #expect(throws: WireConnection.Closed.self) {
                try await busy.client.wire.receive { $0.member("id") != nil }
            }
            if busy.name != "pushed" { #expect(busy.client.wire.stray.isEmpty) }
        }
        #expect(try await bench.daemon.waitForExit(timeoutMs: 60_000) == 0)
        let took = ContinuousClock.now - began
        #expect(took < .milliseconds(graceMs) + .seconds(TestScale.isFull ? 2 : 10), "\(took)")
        #expect(access(bench.daemon.socketPath, F_OK) != 0)
        silent.close()
        print("E62: \(answered) requests under way were answered once each, and the daemon gone \(took) after SIGTERM")
        // No statement goes on at a server.
        for engine in [Engine.postgresql, .mysql] { #expect(try await bench.waits(engine, untilRunning: false)) }
    }

    /// Whatever the libraries of databases have to say: standard output has frames and nothing else, also while it ends.
    @Test(.timeLimit(.minutes(2))) func `notices and lost connections leave standard output alone`() async throws {
        let server = try PostgreSQLServer.shared()
        let database = try server.makeDatabase()
        let (daemon, client) = try DaemonProcess.startOnStdio(["DBASSIST_LOG_LEVEL": "trace"])
        client.wire.startRecording()
        try await client.initialize()
        _ = try await client.signUp()
        func project(_ engine: Engine, _ string: String) async throws -> JSONValue {
            try await client.call(
                "project.create",
                [
                    "name": .string(engine.rawValue), "databaseType": .string(engine.rawValue),
                    "connectionString": .string(string),
                    "readOnly": false,
                ])["id"]
        }
        let postgresql = try await project(.postgresql, server.uri(database: database))
        let mysql = try await project(.mysql, Engine.mysql.connectionString(file: ""))
        let noisy = """
            DO $$ BEGIN FOR i IN 1..150 LOOP RAISE NOTICE 'notice %', i; RAISE WARNING 'warning %', i; END LOOP;
            RAISE INFO 'info'; RAISE LOG 'log'; END $$
            """
        for round in 0..<3 {
            let run: JSONValue = ["projectId": postgresql, "sql": .string(noisy), "mode": "write"]
            #expect(try await client.call("query.run", run)["notices"].array?.isEmpty == false)
            let warned: JSONValue = ["projectId": mysql, "sql": "SELECT CAST('x' AS INTEGER), 1/0"]
            _ = try await client.call("query.run", warned)
            // Connections that are idle, and one that works, end at the server's word, which the library would print.
            let slow = client.send("query.run", ["projectId": postgresql, "sql": .string(Engine.postgresql.slowStatement)])
            let until = ContinuousClock.now + .promptly
            while try server.psql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '\(database)' AND state = 'active'",
                database: "postgres") == "0\n", ContinuousClock.now < until
            {}
            await #expect(throws: TestClient.Failure.self) { try await client.result(of: slow, "query.run") }
            try server.psql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '\(database)'",
                database: "postgres")
            #expect(daemon.exitStatus == nil, "round \(round)")
        }
        let last = client.send("query.run", ["projectId": postgresql, "sql": .string(Engine.postgresql.slowStatement)])
        try await client.call("system.health")
        daemon.end(SIGTERM)
        let failure = await #expect(throws: TestClient.Failure.self) { try await client.result(of: last, "query.run") }
        #expect(["cancelled", "shutting_down"].contains(failure?.code), "\(String(describing: failure))")
        _ = try await daemon.waitForExit()
        #expect(await client.wire.waitUntilClosed())
        #expect(client.wire.stray.isEmpty)
        // Every byte was a frame's.
        #expect(client.wire.record.starts(with: Array("Content-Length: ".utf8)))
        for line in daemon.logBytes.split(separator: 0x0A) {
            #expect((try? JSONValue(parsing: Array(line)))?["message"].string != nil, "\(String(decoding: line, as: UTF8.self))")
        }
    }
}
