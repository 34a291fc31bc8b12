import Glibc
import Protocol
import TestSupport
import Testing

/// `dbassistd --stdio` where a daemon has the store already: it serves its client through that one.
@Suite struct RelayTests {
    private func editor(
        _ directory: TemporaryDirectory, _ framing: FrameDecoder.Framing = .headers
    ) throws -> (daemon: DaemonProcess, client: TestClient) {
        try DaemonProcess.startOnStdio(in: directory, framing: framing)
    }

    @Test(arguments: [FrameDecoder.Framing.headers, .lines])
    func `an editor beside a serving daemon has the same accounts`(framing: FrameDecoder.Framing) async throws {
        let directory = try TemporaryDirectory()
        let serving = try await DaemonProcess.start(in: directory)
        let account = try await serving.client().signUp()
        let (relay, client) = try editor(directory, framing)
        try await client.initialize()
        let session = try await client.call(
            "auth.login", ["email": .string(account.email), "password": .string(account.password)])
        #expect(session["user"]["email"] == .string(account.email))
        // A reply of many pieces goes through whole.
        #expect(try await client.call("rpc.discover")["openrpc"].string != nil)
        #expect(try await client.call("shutdown") == .null)
        client.notify("exit")
        #expect(try await relay.waitForExit() == 0)
        #expect(relay.log.contains("relaying") && client.wire.stray.isEmpty)
        #expect(serving.exitStatus == nil)
        #expect(try await serving.stop() == 0)
    }

    @Test func `exit without shutdown and the end of input end it with 1`() async throws {
        let directory = try TemporaryDirectory()
        let serving = try await DaemonProcess.start(in: directory)
        let (first, leaving) = try editor(directory)
        try await leaving.initialize()
        leaving.notify("exit")
        #expect(try await first.waitForExit() == 1)
        let (second, ending) = try editor(directory)
        try await ending.initialize()
        ending.wire.finishSending()
        #expect(try await second.waitForExit() == 1)
        #expect(!first.log.contains("has ended") && !second.log.contains("has ended"))
        withExtendedLifetime(serving) {}
    }

    @Test func `of two editors the first serves the second, and stays until it has gone`() async throws {
        let directory = try TemporaryDirectory()
        let (first, owner) = try editor(directory)
        try await owner.initialize()
        let account = try await owner.signUp()
        let (second, guest) = try editor(directory)
        try await guest.initialize(token: account.token)
        #expect(try await guest.call("auth.whoami")["user"]["email"] == .string(account.email))
        try await owner.call("shutdown")
        owner.notify("exit")
        #expect(await owner.wire.waitUntilClosed())
        #expect(try await guest.call("auth.whoami")["user"]["email"] == .string(account.email))
        #expect(first.exitStatus == nil)
        try await guest.call("shutdown")
        guest.notify("exit")
        #expect(try await second.waitForExit() == 0)
        #expect(try await first.waitForExit() == 0)
        #expect(access(first.socketPath, F_OK) != 0)
    }

    @Test func `when the daemon behind it dies it says so and ends`() async throws {
        let directory = try TemporaryDirectory()
        let serving = try await DaemonProcess.start(in: directory)
        let (relay, client) = try editor(directory)
        try await client.initialize()
        try await serving.crash()
        #expect(try await relay.waitForExit() == 1)
        #expect(relay.log.contains("has ended"))
        // The next start finds the store free.
        let (_, again) = try editor(directory)
        try await again.initialize()
        #expect(try await again.call("system.health")["status"] == "ok")
    }

    @Test func `where the daemon serves another socket, both the store and the socket are named`() async throws {
        let directory = try TemporaryDirectory()
        let serving = try await DaemonProcess.start(in: directory)
        let (relay, _) = try DaemonProcess.startOnStdio(["DBASSIST_SOCKET": directory.appending("none.sock")], in: directory)
        #expect(try await relay.waitForExit() == 1)
        #expect(relay.log.contains("in use by") && relay.log.contains("none.sock"))
        withExtendedLifetime(serving) {}
    }
}
