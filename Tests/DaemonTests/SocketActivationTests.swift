import Foundation
import Glibc
import TestSupport
import Testing

/// A socket that a service manager makes and hands over (sd_listen_fds(3)).
@Suite struct SocketActivationTests {
    private static let activator = "/usr/bin/systemd-socket-activate"
    static var hasActivator: Bool { access(activator, X_OK) == 0 }

    @Test func `the socket that is handed over is served, and stays as it is`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("run/d.sock")
        let daemon = try await DaemonProcess.start(in: directory, launcher: HandedSocket.launcher(path))
        var made = stat()
        #expect(lstat(path, &made) == 0 && mode(path) == "140600")
        #expect(try await daemon.client().call("system.health")["status"] == "ok")
        // The lock is taken all the same, so that a daemon started by hand keeps away.
        let rival = try Command(["serve"], in: directory)
        #expect(rival.status == 1 && rival.output.contains("pid \(daemon.pid)"), "\(rival.output)")
        if getuid() == 0 {
            let info = try String(contentsOfFile: "/proc/\(daemon.pid)/fdinfo/3", encoding: .utf8)
            let flags = info.split(separator: "\n").first { $0.hasPrefix("flags:") }?.split(separator: "\t").last
            let bits = try #require(flags.flatMap { Int32($0, radix: 8) })
            #expect(bits & O_CLOEXEC != 0 && bits & O_NONBLOCK != 0)
            let environment = try String(contentsOfFile: "/proc/\(daemon.pid)/environ", encoding: .utf8)
            #expect(!environment.contains("dbassistd.socket"), "LISTEN_FDNAMES is still there")
        }
        #expect(try await daemon.stop() == 0)
        var left = stat()
        #expect(lstat(path, &left) == 0 && left.st_ino == made.st_ino)
    }

    @Test func `what is not one listening socket with a path is refused, and nothing is removed`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("run/d.sock")
        func check(_ kind: String, _ count: Int = 1, _ variables: [String: String] = [:], says text: String) throws {
            let launched = HandedSocket.launcher(path, kind: kind, count: count, variables)
            let log = directory.appending("log")
            let environment = ["DBASSIST_STATE_DIR=\(directory.appending("state"))", "DBASSIST_SOCKET=\(path)"]
            let pid = try ChildProcess.start(
                launched + [Repository.daemon.path(), "serve"], log: log, environment: environment + ["PATH=/usr/bin:/bin"])
            #expect(ChildProcess.wait(pid) == 1, "\(kind) \(count) \(variables)")
            let said = try String(contentsOfFile: log, encoding: .utf8)
            #expect(said.contains(text) && said.contains("Correct the socket unit"), "\(kind) \(count) \(variables): \(said)")
            #expect(kind == "abstract" || kind == "tcp" || mode(path) != nil, "\(kind)")
            #expect(mode(directory.appending("state")) == nil, "\(kind)")
            unlink(path)
            unlink(log)
        }
        try check("datagram", says: "no Unix stream socket")
        try check("deaf", says: "no Unix stream socket")
        try check("tcp", says: "no Unix stream socket")
        try check("file", says: "no Unix stream socket")
        try check("abstract", says: "no path")
        try check("stream", 2, says: "there are 2")
        try check("stream", 1, ["LISTEN_FDS": "900"], says: "is not open")
        try check("stream", 1, ["LISTEN_FDS": "1x"], says: "no numbers")
        try check("stream", 1, ["LISTEN_FDS": "-1"], says: "no numbers")
        try check("stream", 1, ["LISTEN_FDS": "99999999999"], says: "no numbers")
        try check("stream", 1, ["LISTEN_PID": ""], says: "no numbers")
        try check("stream", 1, ["LISTEN_FDNAMES": "a:b"], says: "2 names")
    }

    @Test func `a socket for another process is none of ours`() async throws {
        let directory = try TemporaryDirectory()
        let foreign = directory.appending("other/x.sock")
        for variables in [["LISTEN_PID": "1"], ["LISTEN_FDS": "0"]] {
            let launcher = HandedSocket.launcher(foreign, variables)
            let daemon = try await DaemonProcess.start(in: directory, launcher: launcher)
            #expect(try await daemon.stop() == 0)
            #expect(mode(daemon.socketPath) == nil && mode(foreign) == "140600")
            unlink(foreign)
        }
    }

    @Test func `a daemon that makes its own socket leaves that of a service manager alone`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("run/d.sock")
        mkdir(directory.appending("run"), 0o700)
        let listener = try HandedSocket.listen(path)
        let run = try Command(["serve"], in: directory)
        #expect(run.status == 1 && run.output.contains("service manager") && run.output.contains(path), "\(run.output)")
        #expect(mode(path) != nil && mode(directory.appending("state")) == nil)
        // Nobody listens any more: now it is stale.
        close(listener)
        let pid = try Command.start(["serve"], in: directory)
        var wire = try? WireConnection(socket: path)
        let deadline = ContinuousClock.now + .seconds(10)
        while wire == nil, ContinuousClock.now < deadline {
            usleep(5_000)
            wire = try? WireConnection(socket: path)
        }
        #expect(wire != nil)
        kill(pid, SIGTERM)
        #expect(ChildProcess.wait(pid) == 0)
    }

    /// systemd's own program for it: it listens, and starts the daemon when the first client has connected.
    @Test(.enabled(if: hasActivator)) func `who connects before there is a daemon is served by it`() async throws {
        let directory = try TemporaryDirectory()
        let activated = try Activated(in: directory, Self.activator)
        let client = TestClient(try activated.connect())
        let account = try await client.signUp()
        // An editor that starts now comes to the same daemon.
        let (relay, editor) = try DaemonProcess.startOnStdio(in: directory)
        try await editor.initialize(token: account.token)
        #expect(try await editor.call("auth.whoami")["user"]["email"] == .string(account.email))
        #expect(relay.log.contains("relaying"))
        try await relay.stop()
        #expect(activated.stop() == 0)
    }

    @Test(.enabled(if: hasActivator)) func `an editor has the daemon started that a service manager listens for`() async throws {
        let directory = try TemporaryDirectory()
        let activated = try Activated(in: directory, Self.activator)
        let (relay, editor) = try DaemonProcess.startOnStdio(in: directory)
        try await editor.initialize()
        #expect(try await editor.call("system.health")["status"] == "ok")
        #expect(relay.log.contains("relaying") && !relay.log.contains("started"))
        let account = try await editor.signUp()
        let other = TestClient(try activated.connect())
        try await other.attach(account.token)
        try await editor.call("shutdown")
        editor.notify("exit")
        #expect(try await relay.waitForExit() == 0)
        #expect(activated.stop() == 0)
    }

    @Test(.enabled(if: getuid() == 0)) func `with any the permissions of the socket say who is served`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("run/d.sock")
        let settings = ["DBASSIST_MODE": "shared", "DBASSIST_ALLOWED_USER_IDS": "any"]
        let daemon = try await DaemonProcess.start(settings, in: directory, launcher: HandedSocket.launcher(path))
        chmod(directory.path, 0o711)
        chmod(directory.appending("run"), 0o711)
        chown(path, 0, 65533)
        chmod(path, 0o660)
        let request = #"{"jsonrpc":"2.0","id":1,"method":"system.health"}"#
        let script = "printf '%s\\n' '\(request)' | timeout 5 socat -t2 - UNIX-CONNECT:\(path) 2>&1 || true"
        func answer(group: Int) throws -> String {
            try ChildProcess.run(["setpriv", "--reuid=65534", "--regid=\(group)", "--clear-groups", "sh", "-c", script])
        }
        #expect(try answer(group: 65533).contains("\"status\":\"ok\""))
        #expect(try answer(group: 65532).contains("Permission denied"))
        #expect(try await daemon.stop() == 0)
        unlink(path)
        // A socket of its own making is open to all in shared mode, so somebody has to look.
        let alone = try Command(["serve"], in: directory, settings)
        #expect(alone.status == 78 && alone.output.contains("allowedUserIds: any"), "\(alone.output)")
        let mixed = try Command(["serve"], in: directory, settings.merging(["DBASSIST_ALLOWED_USER_IDS": "any,5"]) { $1 })
        #expect(mixed.status == 78 && mixed.output.contains("\"any\" is not a user id"), "\(mixed.output)")
    }
}

/// A daemon behind systemd-socket-activate.
private final class Activated {
    let pid: pid_t
    private let path: String

    init(in directory: TemporaryDirectory, _ activator: String) throws {
        path = directory.appending("run/d.sock")
        mkdir(directory.appending("run"), 0o700)
        let settings = ["DBASSIST_STATE_DIR=\(directory.appending("state"))", "DBASSIST_SOCKET=\(path)", "LC_ALL=C.UTF-8"]
        let options = settings.flatMap { ["-E", $0] }
        pid = try ChildProcess.start(
            ["sh", "-c", "umask 077; exec \"$@\"", "sh", activator, "--listen=\(path)"] + options
                + [Repository.daemon.path(), "serve"], log: directory.appending("activated.log"))
        // It listens once the path is there; to connect would start the daemon.
        let deadline = ContinuousClock.now + .seconds(10)
        while mode(path) == nil, ContinuousClock.now < deadline { usleep(5_000) }
    }

    func connect() throws -> WireConnection { try WireConnection(socket: path) }

    func stop() -> Int32 {
        kill(pid, SIGTERM)
        return ChildProcess.wait(pid)
    }

    deinit { kill(pid, SIGKILL) }
}
