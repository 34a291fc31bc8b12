public import Glibc
import Synchronization

/// Runs programs for tests.
public enum ChildProcess {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
        public init(_ description: String) { self.description = description }
    }

    /// Held while a program is started and while a pipe is not yet marked as ours only: a program that got another's pipe would
    /// hold it open.
    private static let startLock = Mutex(())

    /// Starts a program, found on the search path, in a process group of its own. Its standard input is `standardInput` (a
    /// descriptor of ours; `/dev/null` without one); output and errors go to descriptors of ours, or to `log`, or nowhere.
    public static func start(
        _ arguments: [String], standardInput: Int32? = nil, standardOutput: Int32? = nil, standardError: Int32? = nil,
        log: String? = nil,
        environment: [String] = ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let standardInput {
            posix_spawn_file_actions_adddup2(&actions, standardInput, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        if let standardOutput {
            posix_spawn_file_actions_adddup2(&actions, standardOutput, 1)
        } else {
            posix_spawn_file_actions_addopen(&actions, 1, log ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o666)
        }
        posix_spawn_file_actions_adddup2(&actions, standardError ?? 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The tests ignore SIGPIPE; what they start does not inherit that.
        var ignored = sigset_t()
        sigemptyset(&ignored)
        sigaddset(&ignored, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &ignored)
        // Threads of the pool block signals; a shell that cannot hear of its children's end would wait for ever.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var argv = arguments.map { strdup($0) } + [nil]
        var envp = environment.map { strdup($0) } + [nil]
        defer {
            for copy in argv + envp { free(copy) }
        }
        var pid = pid_t()
        let status = startLock.withLock { _ in posix_spawnp(&pid, arguments[0], &actions, &attributes, &argv, &envp) }
        guard status == 0 else { throw Failure("cannot start \(arguments[0]): \(String(cString: strerror(status)))") }
        return pid
    }

    /// A pipe, closed in every program that is started.
    public static func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        let isMade = startLock.withLock { _ in
            Glibc.pipe(&ends) == 0 && fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0
        }
        guard isMade else { throw Failure("no pipe") }
        return (ends[0], ends[1])
    }

    /// Starts a program that reads what to do, and ends when we do.
    ///
    /// - Returns: the descriptor to write to; whoever has it closes it.
    public static func startGuard(_ arguments: [String]) throws -> Int32 {
        let ends = try pipe()
        defer { close(ends.reading) }
        do {
            _ = try start(arguments, standardInput: ends.reading)
        } catch {
            close(ends.writing)
            throw error
        }
        return ends.writing
    }

    /// Waits for a process to end; answers its exit code, or 128 and the signal.
    public static func wait(_ pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }

    /// Runs a program to its end and answers what it wrote. Throws where its exit code is not 0.
    @discardableResult
    public static func run(_ arguments: [String]) throws -> String {
        var template = Array("/tmp/dbassist-run-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Failure("cannot make a temporary file") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            close(descriptor)
            unlink(path)
        }
        let status = wait(try start(arguments, log: path))
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 { output += buffer[..<count] }
        let text = String(decoding: output, as: UTF8.self)
        guard status == 0 else { throw Failure("\(arguments.joined(separator: " ")): exit \(status)\n\(text)") }
        return text
    }
}
