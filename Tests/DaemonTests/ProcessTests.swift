import Foundation
import Glibc
import TestSupport
import Testing

/// The daemon as a process: its place in the file system, its rivals, its signals.
@Suite struct ProcessTests {
    /// Security bar B24.
    @Test func `everything is closed to others whatever the umask`() async throws {
        let directory = try TemporaryDirectory()
        let pid = try Command.start(["serve"], in: directory, umask: "000")
        defer {
            kill(pid, SIGTERM)
            #expect(ChildProcess.wait(pid) == 0)
        }
        // As often as we can look, from before it is there: the first mode we see must be the right one.
        let socket = directory.appending("run/d.sock")
        var seen: Set<String> = []
        let deadline = ContinuousClock.now + .seconds(10)
        while seen.isEmpty, ContinuousClock.now < deadline {
            if let mode = mode(socket) { seen.insert(mode) }
        }
        for _ in 0..<20_000 { if let mode = mode(socket) { seen.insert(mode) } }
        #expect(seen == ["140600"])
        let client = TestClient(try WireConnection(socket: socket))
        _ = try await client.signUp()
        #expect(mode(directory.appending("run")) == "40700" && mode(directory.appending("state")) == "40700")
        #expect(mode(directory.appending("run/d.sock.lock")) == "100600")
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.appending("state")) {
            #expect(mode(directory.appending("state/" + name)) == "100600", "\(name)")
        }
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        #expect(status.contains("NoNewPrivs:\t1") && status.contains("Umask:\t0077"))
    }

    /// Security bar B26.
    @Test func `of two daemons the second says who the first is`() async throws {
        let daemon = try await DaemonProcess.start()
        let rival = try Command(["serve"], in: daemon.directory)
        #expect(rival.status == 1 && rival.output.contains("pid \(daemon.pid)") && rival.output.contains(daemon.socketPath))
        let elsewhere = try Command(
            ["serve"], in: daemon.directory, ["DBASSIST_SOCKET": daemon.directory.appending("run2/d.sock")])
        #expect(elsewhere.status == 1 && elsewhere.output.contains("\(daemon.pid)") && elsewhere.output.contains("store"))
        // The one that had to go took nothing with it.
        #expect(try await daemon.client().call("system.health")["status"] == "ok")
        #expect(mode(daemon.socketPath) == "140600")
    }

    /// Security bar B26.
    @Test func `a stale socket is replaced, a foreign file is not`() async throws {
        let daemon = try await DaemonProcess.start()
        try await daemon.crash()
        #expect(mode(daemon.socketPath) == "140600")
        let next = try await daemon.startAgain()
        #expect(try await next.stop() == 0)
        #expect(mode(daemon.socketPath) == nil)
        let path = daemon.socketPath
        let precious = daemon.directory.appending("precious")
        try "precious".write(toFile: precious, atomically: false, encoding: .utf8)
        func check(_ kind: String, _ make: () throws -> Void) throws {
            try make()
            let before = mode(path)
            let run = try Command(["serve"], in: daemon.directory)
            #expect(run.status == 1 && run.output.contains(path), "\(kind): \(run.output)")
            #expect(mode(path) == before && before != nil, "\(kind)")
            #expect(try String(contentsOfFile: precious, encoding: .utf8) == "precious", "\(kind)")
            #expect(rmdir(path) == 0 || unlink(path) == 0)
        }
        try check("file") { try "x".write(toFile: path, atomically: false, encoding: .utf8) }
        try check("symlink") { symlink(precious, path) }
        try check("dangling symlink") { symlink(daemon.directory.appending("nothing"), path) }
        try check("directory") { mkdir(path, 0o700) }
        try check("fifo") { mkfifo(path, 0o600) }
        #expect(try await daemon.startAgain().stop() == 0)
    }

    /// Security bar B24.
    @Test func `a directory or file that others can use is refused by name`() async throws {
        let daemon = try await DaemonProcess.start()
        try await daemon.stop()
        for (name, wrong, right) in [
            ("run", 0o755, 0o700), ("state", 0o770, 0o700), ("state/keyring", 0o644, 0o600), ("state/keyring", 0o660, 0o600),
            ("state/store.sqlite", 0o604, 0o600),
        ] as [(String, mode_t, mode_t)] {
            let path = daemon.directory.appending(name)
            chmod(path, wrong)
            let run = try Command(["serve"], in: daemon.directory)
            #expect(run.status == 1 && run.output.contains(path) && run.output.contains("chmod"), "\(name): \(run.output)")
            chmod(path, right)
        }
        let keyring = daemon.directory.appending("state/keyring")
        rename(keyring, keyring + ".moved")
        symlink(keyring + ".moved", keyring)
        let run = try Command(["serve"], in: daemon.directory)
        #expect(run.status == 1 && run.output.contains(keyring))
    }

    /// Security bar B26: thirty rounds of four at once.
    @Test(.timeLimit(.minutes(5))) func `of many that start at once exactly one serves`() async throws {
        let directory = try TemporaryDirectory()
        for round in 0..<30 {
            let logs = (0..<4).map { directory.appending("log\($0)") }
            for log in logs { unlink(log) }
            let pids = try logs.map { try Command.start(["serve"], in: directory, log: $0) }
            // The losers end by themselves; the winner answers.
            var left = Set(pids)
            let deadline = ContinuousClock.now + .seconds(30)
            while left.count > 1, ContinuousClock.now < deadline {
                for pid in left {
                    var status: Int32 = 0
                    guard waitpid(pid, &status, WNOHANG) == pid else { continue }
                    left.remove(pid)
                    #expect(status >> 8 & 0xFF == 1, "round \(round)")
                }
                usleep(5_000)
            }
            #expect(left.count == 1, "round \(round)")
            let socket = directory.appending("run/d.sock")
            // It has the lock before it listens.
            var wire = try? WireConnection(socket: socket)
            while wire == nil, ContinuousClock.now < deadline {
                usleep(5_000)
                wire = try? WireConnection(socket: socket)
            }
            let health = try await TestClient(#require(wire)).call("system.health")
            #expect(health["status"] == "ok", "round \(round)")
            // Every other round ends as a crash would, so that the next finds a stale socket.
            for pid in left {
                kill(pid, round % 2 == 0 ? SIGTERM : SIGKILL)
                let status = ChildProcess.wait(pid)
                #expect(status == (round % 2 == 0 ? 0 : 128 + SIGKILL), "round \(round)")
            }
            #expect((mode(socket) == nil) == (round % 2 == 0), "round \(round)")
        }
    }

    /// Security bar B25.
    @Test(.enabled(if: getuid() == 0)) func `a peer of another user is closed unread`() async throws {
        let daemon = try await DaemonProcess.start()
        for (path, mode) in [
            (daemon.directory.path, 0o755), (daemon.directory.appending("run"), 0o755), (daemon.socketPath, 0o666),
        ]
            as [(String, mode_t)]
        {
            chmod(path, mode)
        }
        let request = #"{"jsonrpc":"2.0","id":1,"method":"system.health"}"#
        let script = "printf '%s\\n' '\(request)' | timeout 5 socat -t2 - UNIX-CONNECT:\(daemon.socketPath) || true"
        let asRoot = try ChildProcess.run(["sh", "-c", script])
        #expect(asRoot.contains("\"status\":\"ok\""))
        let asNobody = try ChildProcess.run(
            ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "sh", "-c", script])
        #expect(!asNobody.contains("jsonrpc"))
        try await daemon.waitForLog(containing: "refused a peer")
        #expect(try await daemon.client().call("system.health")["status"] == "ok")
    }

    /// Security bar B25.
    @Test(.enabled(if: getuid() == 0)) func `in shared mode the listed users are served and no others`() async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_MODE": "shared", "DBASSIST_ALLOWED_USER_IDS": "65534"])
        chmod(daemon.directory.path, 0o711)
        #expect(mode(daemon.socketPath) == "140666")
        let request = #"{"jsonrpc":"2.0","id":1,"method":"system.health"}"#
        let script = "printf '%s\\n' '\(request)' | timeout 5 socat -t2 - UNIX-CONNECT:\(daemon.socketPath) || true"
        func answer(as user: String) throws -> String {
            try ChildProcess.run(["setpriv", "--reuid=\(user)", "--regid=65534", "--clear-groups", "sh", "-c", script])
        }
        #expect(try answer(as: "65534").contains("\"status\":\"ok\""))
        #expect(try !answer(as: "65533").contains("jsonrpc"))
        try await daemon.waitForLog(containing: "refused a peer")
    }

    /// Security bar E62.
    @Test(arguments: [SIGTERM, SIGINT]) func `a signal lets what is in flight end`(signal: Int32) async throws {
        let bench = try await Workbench.start(engines: [.postgresql])
        let request = bench.client.send("query.run", bench.query(.postgresql, "SELECT pg_sleep(1.5), 'done' AS v"))
        let idle = try await bench.connect()
        bench.daemon.end(signal)
        #expect(try await bench.client.result(of: request, "query.run")["rows"][0][1] == "done")
        #expect(try await bench.daemon.waitForExit(timeoutMs: 10_000) == 0)
        #expect(mode(bench.daemon.socketPath) == nil)
        #expect(await idle.wire.waitUntilClosed())
        #expect(idle.wire.stray.isEmpty && bench.client.wire.stray.isEmpty)
    }

    @Test func `SIGHUP applies what it can and says what it cannot`() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.appending("config.yaml")
        func write(_ text: String) throws { try text.write(toFile: file, atomically: false, encoding: .utf8) }
        try write("logLevel: info\nlimits:\n  pageRows: 5\n")
        let daemon = try await DaemonProcess.start(["DBASSIST_CONFIG": file], in: directory)
        #expect(!daemon.log.contains("system.health"))
        try write("logLevel: debug\nlimits:\n  pageRows: 6\n")
        daemon.end(SIGHUP)
        try await daemon.waitForLog(containing: "needs a restart")
        #expect(daemon.log.contains("limits.pageRows"))
        try await daemon.waitForLog(containing: "reloaded")
        _ = try await daemon.client().call("system.health")
        try await daemon.waitForLog(containing: "system.health")
        try write("logLevl: info\n")
        daemon.end(SIGHUP)
        try await daemon.waitForLog(containing: "did you mean logLevel?")
        #expect(try await daemon.client().call("system.health")["status"] == "ok")
        #expect(try await daemon.client().call("system.limits").description.contains("\"pageRows\":5"))
        // Every line of the log is JSON of its own.
        for line in daemon.log.split(separator: "\n") {
            #expect(throws: Never.self, "\(line)") { try JSONValue(parsing: String(line)) }
        }
    }
}
