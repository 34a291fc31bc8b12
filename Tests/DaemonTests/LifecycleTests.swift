import Glibc
import Protocol
import TestSupport
import Testing

/// `initialize`, `initialized`, `shutdown`, `exit` and the end of input: LSP's life cycle.
@Suite struct LifecycleTests {
    // MARK: On stdio

    @Test(arguments: Carrier.stdio) func nothingIsAnsweredBeforeInitialize(carrier: Carrier) async throws {
        let (daemon, client) = try DaemonProcess.startOnStdio(framing: carrier.framing)
        for method in Specification.shared.methods where method["x-kind"] == "request" {
            guard let name = method["name"].string, name != "initialize" else { continue }
            #expect(try await client.errorCode(name) == "not_initialized", "\(name)")
        }
        #expect(try await client.errorCode("no.such.method") == "not_initialized")
        // A token that is no good does not initialize; without it the client may try again.
        #expect(try await client.errorCode("initialize", ["token": "v4.public.no-such-token"]) == "unauthenticated")
        #expect(try await client.errorCode("system.health") == "not_initialized")
        let result = try await client.initialize()
        #expect(result["serverInfo"]["name"] == "dbassistd")
        #expect(result["limits"] == (try await client.call("system.limits")))
        client.notify("initialized", [:])
        #expect(try await client.call("system.health")["status"] == "ok")
        #expect(try await client.errorCode("initialize", ["capabilities": [:]]) == "invalid_request")
        #expect(daemon.exitStatus == nil)
    }

    @Test(arguments: Carrier.stdio) func shutdownThenExitEndsWithZero(carrier: Carrier) async throws {
        let (daemon, client) = try await carrier.start()
        #expect(try await client.call("shutdown") == .null)
        for method in ["system.health", "auth.whoami", "initialize", "shutdown", "no.such.method"] {
            #expect(try await client.errorCode(method) == "invalid_request", "\(method)")
        }
        client.notify("exit")
        #expect(try await daemon.waitForExit() == 0)
        #expect(client.wire.stray.isEmpty)
    }

    @Test(arguments: Carrier.stdio) func exitWithoutShutdownEndsWithOne(carrier: Carrier) async throws {
        let (daemon, client) = try await carrier.start()
        client.notify("exit")
        #expect(try await daemon.waitForExit() == 1)
    }

    @Test(arguments: [true, false]) func theEndOfInputEndsTheProcess(afterShutdown: Bool) async throws {
        let (daemon, client) = try await Carrier.stdioHeaders.start()
        if afterShutdown { try await client.call("shutdown") }
        client.wire.finishSending()
        #expect(try await daemon.waitForExit() == (afterShutdown ? 0 : 1))
    }

    /// What was asked before the end of input is answered.
    @Test func theEndOfInputLosesNoReply() async throws {
        let (daemon, client) = try await Carrier.stdioLines.start()
        let signup = client.send(
            "auth.signup", ["name": "Ada", "email": "ada@example.com", "password": .string(TestClient.password)])
        let who = client.send("auth.whoami")
        client.wire.finishSending()
        #expect(try await client.result(of: signup, "auth.signup")["user"]["name"] == "Ada")
        #expect(try await client.result(of: who, "auth.whoami")["user"]["name"] == "Ada")
        #expect(try await daemon.waitForExit() == 1)
    }

    @Test(arguments: Carrier.allCases) func initializeTakesAToken(carrier: Carrier) async throws {
        let directory = try TemporaryDirectory()
        let first = try await DaemonProcess.start(in: directory)
        let account = try await first.client().signUp()
        try await first.stop()
        let (daemon, client): (DaemonProcess, TestClient)
        if Carrier.stdio.contains(carrier) {
            (daemon, client) = try DaemonProcess.startOnStdio(in: directory, framing: carrier.framing)
        } else {
            (daemon, client) = try await carrier.start(in: directory)
        }
        #expect(try await client.initialize(token: account.token)["user"]["id"].string == account.userID)
        #expect(try await client.call("auth.whoami")["user"]["id"].string == account.userID)
        #expect(daemon.exitStatus == nil)
    }

    // MARK: What stdin and stdout are

    enum Input: String, CaseIterable, CustomTestStringConvertible {
        case socketPair, terminal
        var testDescription: String { rawValue }
    }

    @Test(arguments: Input.allCases) func speaksOverWhateverItIsGiven(input: Input) async throws {
        var ends: [Int32] = [-1, -1]
        switch input {
        case .socketPair:
            let isOpen = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0
            try #require(isOpen)
        case .terminal:
            var (primary, secondary): (Int32, Int32) = (-1, -1)
            let isOpen = openpty(&primary, &secondary, nil, nil, nil) == 0
            try #require(isOpen)
            ends = [primary, secondary]
            var modes = termios()
            tcgetattr(ends[1], &modes)
            cfmakeraw(&modes)
            tcsetattr(ends[1], TCSANOW, &modes)
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let daemon = try DaemonProcess.startOnStdio(input: ends[1], output: ends[1])
        close(ends[1])
        let client = TestClient(WireConnection(reading: ends[0], writing: dup(ends[0]), framing: .headers), to: daemon)
        try await client.initialize()
        #expect(try await client.call("system.health")["status"] == "ok")
        try await client.call("shutdown")
        client.notify("exit")
        #expect(try await daemon.waitForExit() == 0)
    }

    /// epoll refuses regular files; the daemon does not.
    @Test func readsAFile() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("input")
        let messages = [
            #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}"#,
            #"{"jsonrpc":"2.0","id":2,"method":"system.health"}"#, #"{"jsonrpc":"2.0","id":3,"method":"shutdown"}"#,
            #"{"jsonrpc":"2.0","method":"exit"}"#,
        ]
        let text = Array(messages.joined(separator: "\n").utf8) + [0x0A]
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        try #require(write(file, text, text.count) == text.count)
        lseek(file, 0, SEEK_SET)
        defer { close(file) }
        let output = open(directory.appending("output"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(output) }
        let daemon = try DaemonProcess.startOnStdio(in: directory, input: file, output: output)
        #expect(try await daemon.waitForExit() == 0)
        lseek(output, 0, SEEK_SET)
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(output, &buffer, buffer.count)
        let replies = try buffer[0..<max(count, 0)].split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
        #expect(replies.map { $0["id"].integer } == [1, 2, 3])
        let problems = zip(replies, ["initialize", "system.health", "shutdown"]).flatMap {
            Specification.shared.problems(inReply: $0, to: $1)
        }
        #expect(problems.isEmpty, "\(problems)")
    }

    /// Whatever is logged, stdout has frames only.
    @Test func stdoutHasFramesOnly() async throws {
        let (daemon, client) = try await Carrier.stdioHeaders.start(["DBASSIST_LOG_LEVEL": "trace"])
        for method in ["system.health", "no.such.method", "auth.whoami"] { _ = try? await client.call(method) }
        try await client.call("shutdown")
        client.notify("exit")
        #expect(try await daemon.waitForExit() == 0)
        #expect(await client.wire.waitUntilClosed())
        #expect(client.wire.stray.isEmpty)
        #expect(client.wire.frameCount == 0)
        let lines = daemon.logBytes.split(separator: 0x0A)
        #expect(!lines.isEmpty)
        for line in lines { #expect((try? JSONValue(parsing: Array(line)))?["message"].string != nil) }
    }

    // MARK: On the socket

    @Test(arguments: Carrier.sockets) func theSocketNeedsNoInitialize(carrier: Carrier) async throws {
        let (daemon, client) = try await carrier.start()
        #expect(try await client.call("system.health")["status"] == "ok")
        try await client.initialize()
        #expect(try await client.errorCode("initialize", ["capabilities": [:]]) == "invalid_request")
        #expect(try await client.call("shutdown") == .null)
        #expect(try await client.errorCode("system.health") == "invalid_request")
        client.notify("exit")
        #expect(await client.wire.waitUntilClosed())
        // The daemon goes on.
        #expect(try await daemon.client().call("system.health")["status"] == "ok")
        #expect(try await daemon.stop() == 0)
    }

    /// `rpc.discover` answers the published document.
    @Test func discoverAnswersTheDocument() async throws {
        let daemon = try await DaemonProcess.start()
        #expect(try await daemon.client().call("rpc.discover") == Specification.shared.document)
    }

    /// SIGTERM answers what is in flight, and leaves no socket behind.
    @Test func sigtermDrains() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        try await client.call("system.health")
        let signup = client.send(
            "auth.signup", ["name": "Ada", "email": "ada@example.com", "password": .string(TestClient.password)])
        daemon.end(SIGTERM)
        do {
            _ = try await client.result(of: signup, "auth.signup")
        } catch let failure as TestClient.Failure {
            #expect(["cancelled", "shutting_down"].contains(failure.code))
        } catch is WireConnection.Closed {
            // The signal came before the request was read: nothing was promised.
        }
        #expect(try await daemon.waitForExit() == 0)
        #expect(access(daemon.socketPath, F_OK) != 0)
    }
}
