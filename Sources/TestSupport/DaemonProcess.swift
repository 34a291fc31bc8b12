public import Glibc
public import Protocol
import Synchronization

/// A running daemon: the binary that was built, with a home, state directory and socket of its own.
///
/// It is killed when the value goes, and when the test process ends. Waiting is done by reading: its log says when it serves,
/// and the end of its log when it is gone.
public final class DaemonProcess: Sendable {
    private struct State {
        var log: [UInt8] = []
        /// Exit code, or 128 and the signal; nil while it runs.
        var status: Int32?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    public let pid: pid_t
    /// Holds everything the daemon has; shared by the daemons that follow one another in it.
    public let directory: TemporaryDirectory
    private let settings: [String: String]
    private let state = Mutex(State())

    public var stateDirectory: String { directory.appending("state") }
    public var socketPath: String { directory.appending("run/d.sock") }

    /// Starts a daemon that serves a socket, and waits until `system.health` answers.
    /// - Parameter settings: environment variables on top of the usual ones (`DBASSIST_LIMITS_LOGIN_FAILURES`).
    /// - Parameter launcher: a command that becomes the daemon, and so has its pid: a tracer that detaches.
    public static func start(
        _ settings: [String: String] = [:], in directory: TemporaryDirectory? = nil, launcher: [String] = []
    ) async throws -> DaemonProcess {
        let daemon = try DaemonProcess(
            ["serve"], settings, directory ?? TemporaryDirectory(), launcher: launcher, input: nil, output: nil)
        try await daemon.wait { $0.log.hasLine(containing: "\"serving\"") || $0.status != nil }
        guard daemon.exitStatus == nil else { throw ChildProcess.Failure("the daemon did not start:\n\(daemon.log)") }
        _ = try await daemon.client().call("system.health")
        return daemon
    }

    /// Starts a daemon that speaks over its standard input and output, which are pipes of ours.
    public static func startOnStdio(
        _ settings: [String: String] = [:], in directory: TemporaryDirectory? = nil, framing: FrameDecoder.Framing = .headers
    ) throws -> (daemon: DaemonProcess, client: TestClient) {
        let input = try ChildProcess.pipe()
        let output = try ChildProcess.pipe()
        let wire = WireConnection(reading: output.reading, writing: input.writing, framing: framing)
        defer {
            close(input.reading)
            close(output.writing)
        }
        let daemon = try startOnStdio(settings, in: directory, input: input.reading, output: output.writing)
        return (daemon, TestClient(wire, to: daemon))
    }

    /// Starts a daemon that speaks over descriptors of the caller, who keeps them.
    public static func startOnStdio(
        _ settings: [String: String] = [:], in directory: TemporaryDirectory? = nil, input: Int32, output: Int32
    ) throws -> DaemonProcess {
        try DaemonProcess(["--stdio"], settings, directory ?? TemporaryDirectory(), input: input, output: output)
    }

    private init(
        _ arguments: [String], _ settings: [String: String], _ directory: TemporaryDirectory, launcher: [String] = [],
        input: Int32?, output: Int32?
    ) throws {
        // Writing to a daemon that is gone must fail, not end the tests.
        signal(SIGPIPE, SIG_IGN)
        let errors = try ChildProcess.pipe()
        defer { close(errors.writing) }
        self.directory = directory
        self.settings = settings
        let environment = [
            "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": directory.appending("home"),
            "XDG_CONFIG_HOME": directory.appending("config"), "XDG_STATE_HOME": directory.appending("xdg-state"),
            "XDG_RUNTIME_DIR": directory.appending("xdg-run"), "DBASSIST_STATE_DIR": directory.appending("state"),
            "DBASSIST_SOCKET": directory.appending("run/d.sock"),
        ].merging(settings) { $1 }
        let command = launcher + [Repository.daemonPath] + arguments
        do {
            pid = try ChildProcess.start(
                command, standardInput: input, standardOutput: output, standardError: errors.writing,
                environment: environment.map { "\($0.key)=\($0.value)" })
        } catch {
            close(errors.reading)
            throw error
        }
        DaemonGuard.shared.add(pid, directory: directory.path)
        follow(errors.reading)
    }

    deinit { end(SIGKILL) }

    // MARK: Its log and its end

    /// Reads its log to the end, and then collects its exit status: on a thread of its own, which does not keep the value.
    private func follow(_ errors: Int32) {
        let reader = LogReader(descriptor: errors, pid: pid) { [weak self] change in
            guard let self else { return }
            let waiters = self.state.withLock { state in
                switch change {
                case .log(let bytes): state.log += bytes
                case .exit(let status): state.status = status
                }
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
        reader.start()
    }

    /// What it has written to stderr so far.
    public var log: String { String(decoding: logBytes, as: UTF8.self) }
    public var logBytes: [UInt8] { state.withLock { $0.log } }

    /// Exit code, or 128 and the signal that ended it; nil while it runs.
    public var exitStatus: Int32? { state.withLock { $0.status } }

    private func wait(timeoutMs: Int = 20_000, until isDone: @Sendable (borrowing State) -> Bool) async throws {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMs)
        let alarm = Task {
            try await Task.sleep(until: deadline, clock: .continuous)
            self.wake()
        }
        defer { alarm.cancel() }
        while !state.withLock({ isDone($0) }) {
            guard ContinuousClock.now < deadline else { throw ChildProcess.Failure("waited \(timeoutMs) ms in vain:\n\(log)") }
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard !isDone(state), ContinuousClock.now < deadline else { return false }
                    state.waiters.append(continuation)
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
    }

    private func wake() {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until it has logged a line that contains `text`.
    public func waitForLog(containing text: String, timeoutMs: Int = 20_000) async throws {
        try await wait(timeoutMs: timeoutMs) { $0.log.hasLine(containing: text) }
    }

    /// The same, or until it has ended.
    public func waitForLogOrExit(containing text: String, timeoutMs: Int = 20_000) async throws {
        try await wait(timeoutMs: timeoutMs) { $0.log.hasLine(containing: text) || $0.status != nil }
    }

    /// Waits until it has ended, and answers its exit code, or 128 and the signal.
    @discardableResult
    public func waitForExit(timeoutMs: Int = 20_000) async throws -> Int32 {
        try await wait(timeoutMs: timeoutMs) { $0.status != nil }
        return exitStatus ?? -1
    }

    /// A line of `/proc/PID/status` in KiB: `VmRSS` is what it has in memory now, `VmHWM` the most it had.
    public func memoryKiB(_ line: String) throws -> Int {
        let descriptor = open("/proc/\(pid)/status", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = max(0, read(descriptor, &bytes, bytes.count))
        let lines = String(decoding: bytes[0..<count], as: UTF8.self).split(separator: "\n")
        let found = lines.first { $0.hasPrefix(line + ":") }?.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard let found, found.count > 1, let value = Int(found[1]) else { throw ChildProcess.Failure("no \(line) of \(pid)") }
        return value
    }

    // MARK: Ending it

    /// Sends a signal, if it still runs.
    public func end(_ signal: Int32) {
        // The status is set before the process is reaped, so that the pid cannot be another's.
        state.withLock { state in if state.status == nil { _ = kill(pid, signal) } }
    }

    /// SIGTERM, and what it exits with.
    @discardableResult
    public func stop() async throws -> Int32 {
        end(SIGTERM)
        return try await waitForExit()
    }

    /// SIGKILL, as a crash would.
    public func crash() async throws {
        end(SIGKILL)
        try await waitForExit()
    }

    /// Another daemon in the same directory with the same settings; this one must have ended.
    public func startAgain() async throws -> DaemonProcess { try await Self.start(settings, in: directory) }

    /// Another daemon with the same settings and keyring and a directory of its own: on the same store, if that is named.
    public func startAnother(_ more: [String: String] = [:]) async throws -> DaemonProcess {
        let other = try TemporaryDirectory()
        try ChildProcess.run(["install", "-d", "-m", "700", other.appending("state")])
        try ChildProcess.run(["install", "-m", "600", stateDirectory + "/keyring", other.appending("state/keyring")])
        return try await Self.start(settings.merging(more) { $1 }, in: other)
    }

    // MARK: Speaking to it

    /// A new connection to its socket.
    public func client(_ framing: FrameDecoder.Framing = .lines) throws -> TestClient {
        TestClient(try WireConnection(socket: socketPath, framing: framing), to: self)
    }
}

extension [UInt8] {
    fileprivate func hasLine(containing text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard count >= wanted.count else { return false }
        return self.firstRange(of: wanted) != nil
    }
}
