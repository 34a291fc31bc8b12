import Glibc
import TestSupport

/// A service manager's half of socket activation, for what the real one would not do: a Python process that makes a socket, says so in
/// the environment, and becomes the daemon.
enum HandedSocket {
    /// For ``DaemonProcess/start(_:in:launcher:)``.
    ///
    /// - Parameter kind: `stream` is the right one; `datagram`, `deaf` (does not listen), `abstract`, `tcp` and `file` are not.
    /// - Parameter variables: in place of `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES` as they should be.
    static func launcher(
        _ path: String, kind: String = "stream", count: Int = 1, _ variables: [String: String] = [:]
    ) -> [String] {
        ["python3", "-c", script, path, kind, String(count)] + variables.map { "\($0.key)=\($0.value)" } + ["--"]
    }

    /// Listens at a path, as a service manager does that has not started the daemon yet. The caller closes the descriptor.
    static func listen(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, Glibc.listen(descriptor, 8) == 0 else {
            throw ChildProcess.Failure("cannot listen at \(path): \(errno)")
        }
        return descriptor
    }

    private static let script = """
        import os, socket, sys
        path, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
        end = sys.argv.index("--")
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        mask = os.umask(0o177)
        if kind == "tcp":
            made = socket.socket()
            made.bind(("127.0.0.1", 0))
            made.listen()
        elif kind == "file":
            made = open(path, "w")
        else:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if kind == "datagram" else socket.SOCK_STREAM)
            made.bind("\\0" + path if kind == "abstract" else path)
            if kind in ("stream", "abstract"):
                made.listen()
        os.umask(mask)
        keep = os.dup(made.fileno())
        while keep < 16:
            keep = os.dup(keep)
        for number in range(3, 3 + count):
            os.dup2(keep, number, inheritable=True)
        os.closerange(3 + count, 64)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(count), LISTEN_FDNAMES=":".join(["dbassistd.socket"] * count))
        for item in sys.argv[4:end]:
            name, _, value = item.partition("=")
            os.environ[name] = value
        os.execvpe(sys.argv[end + 1], sys.argv[end + 1:], os.environ)
        """
}

/// Stops some of a process's threads and no others, by ptrace(2), until the value goes: what hangs in a daemon. As root only.
final class FrozenThreads {
    let count: Int
    private let pid: pid_t
    private let input: Int32

    /// - Parameter name: what the names of the threads begin with; after `!` what those begin with that go on.
    init(of process: pid_t, named name: String) throws {
        let (order, answer) = try (ChildProcess.pipe(), ChildProcess.pipe())
        pid = try ChildProcess.start(
            ["python3", "-c", Self.script, String(process), name], standardInput: order.reading, standardOutput: answer.writing,
            standardError: STDERR_FILENO)
        close(order.reading)
        close(answer.writing)
        input = order.writing
        var text = [UInt8](repeating: 0, count: 16)
        let size = max(0, read(answer.reading, &text, text.count))
        close(answer.reading)
        count = Int(String(decoding: text[0..<size].filter { $0 != 10 }, as: UTF8.self)) ?? 0
    }

    deinit {
        close(input)
        _ = ChildProcess.wait(pid)
    }

    private static let script = """
        import ctypes, os, sys
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000
        process, name, held = sys.argv[1], sys.argv[2], []
        for thread in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{thread}/comm") as file:
                if file.read().startswith(name.lstrip("!")) == name.startswith("!"):
                    continue
            if libc.ptrace(SEIZE, int(thread), None, None) == 0 and libc.ptrace(INTERRUPT, int(thread), None, None) == 0:
                os.waitpid(int(thread), WALL)
                held.append(int(thread))
        print(len(held), flush=True)
        sys.stdin.read()
        for thread in held:
            libc.ptrace(DETACH, thread, None, None)
        """
}
