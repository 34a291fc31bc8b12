import Glibc

/// The other end of sd_notify(3), as a service manager has it: receives what a daemon says of itself.
public final class NotifyListener: Sendable {
    /// What goes into the daemon's `NOTIFY_SOCKET`.
    public let name: String
    private let descriptor: Int32

    /// - Parameter name: an absolute path, or `@` and an abstract name.
    public init(_ name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = name.hasPrefix("@") ? [0] + Array(name.utf8.dropFirst()) : Array(name.utf8) + [0]
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: address.sun_path) + bytes.count)
        let bound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        guard bound == 0 else { throw ChildProcess.Failure("cannot bind \(name): \(String(cString: strerror(errno)))") }
    }

    deinit {
        close(descriptor)
        if !name.hasPrefix("@") { unlink(name) }
    }

    /// The lines of the next datagram, or nil where none comes in time. Blocks the thread.
    public func next(timeoutMs: Int32 = 20_000) -> [String]? {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&wanted, 1, timeoutMs) == 1 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { return nil }
        return String(decoding: buffer[0..<count], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// The first datagram that has `line`, past those that have not; nil where none comes in time.
    public func first(with line: String, timeoutMs: Int32 = 20_000) -> [String]? {
        let deadline = ContinuousClock.now + .milliseconds(Int64(timeoutMs))
        while ContinuousClock.now < deadline {
            guard let lines = next(timeoutMs: timeoutMs) else { return nil }
            if lines.contains(line) { return lines }
        }
        return nil
    }
}
