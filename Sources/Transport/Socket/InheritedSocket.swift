import Glibc

/// A listening socket that was made before the process started, by a service manager that goes on holding it (sd_listen_fds(3)).
///
/// Clients may connect to it before the daemon runs and while it is started again: they wait. The path is the service manager's: a
/// daemon that was given its socket neither binds nor removes anything there.
public struct InheritedSocket: Sendable {
    /// The first descriptor that is handed over.
    private static let first: Int32 = 3

    /// Non-blocking and close-on-exec; whoever serves it closes it.
    public let descriptor: Int32
    /// Absolute.
    public let path: String

    /// The one socket that is handed over; nil where none is, or it is for another process.
    ///
    /// - Parameters: what the environment had as `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`. Take them out of it: what they say
    ///   holds for no child.
    /// - Throws: where what is handed over is not exactly one listening stream socket with a path.
    public init?(pid: String?, count: String?, names: String?) throws(TransportError) {
        guard let pid, let count else { return nil }
        guard let pid = Self.number(pid), let count = Self.number(count), count <= 1024 else {
            throw Self.refused("LISTEN_PID and LISTEN_FDS are no numbers that make sense")
        }
        guard pid == getpid(), count > 0 else { return nil }
        // Before anything is refused: nothing that was handed over goes on to a child.
        for descriptor in Self.first..<Self.first + count {
            guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
                throw Self.refused("LISTEN_FDS is \(count), but descriptor \(descriptor) is not open")
            }
        }
        guard count == 1 else { throw Self.refused("there are \(count)") }
        if let names {
            let found = names.split(separator: ":", omittingEmptySubsequences: false).count
            guard found == 1 else { throw Self.refused("LISTEN_FDNAMES has \(found) names for it") }
        }
        path = try Self.check(Self.first)
        guard fcntl(Self.first, F_SETFL, fcntl(Self.first, F_GETFL) | O_NONBLOCK) == 0 else {
            throw .system("The socket that was handed over cannot be used", errno)
        }
        descriptor = Self.first
    }

    /// - Returns: its path.
    private static func check(_ descriptor: Int32) throws(TransportError) -> String {
        guard option(SO_DOMAIN, descriptor) == AF_UNIX, option(SO_TYPE, descriptor) == Int32(SOCK_STREAM.rawValue),
            option(SO_ACCEPTCONN, descriptor) == 1
        else { throw refused("it is no Unix stream socket that listens") }
        // A client that anybody may be: the kernel looks at no permissions where there is no file.
        guard let path = UnixAddress.path(of: descriptor) else { throw refused("it has no path in the file system") }
        guard path.hasPrefix("/") else { throw refused("its path \(path) is not absolute") }
        return path
    }

    private static func option(_ name: Int32, _ descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : nil
    }

    /// Digits and nothing else.
    private static func number(_ text: String) -> Int32? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int32(text) : nil
    }

    private static func refused(_ why: String) -> TransportError {
        TransportError(
            .inherited,
            "The service manager must hand over one socket, made with one ListenStream=/path: \(why). Correct the socket unit.")
    }
}
