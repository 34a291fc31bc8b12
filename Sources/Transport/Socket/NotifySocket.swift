import Glibc

/// Where a service manager is told how its service is, by the protocol of sd_notify(3): datagrams of `NAME=value` lines to a socket
/// that has a path, or an abstract name that is written with `@`.
public final class NotifySocket: Sendable {
    private let descriptor: Int32
    private let address: UnixAddress

    /// - Parameter name: what the environment had as `NOTIFY_SOCKET`.
    /// - Returns: nil where that is no name of a socket, or no socket can be made.
    public init?(name: String) {
        guard let address = UnixAddress(name: name) else { return nil }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        // A service manager that reads nothing holds nobody up.
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        self.descriptor = descriptor
        self.address = address
    }

    deinit { close(descriptor) }

    /// Sends one datagram; takes a second at most.
    ///
    /// - Parameter lines: none with a line break in it: that would begin another.
    /// - Returns: whether it was taken.
    @discardableResult
    public func send(_ lines: [String]) -> Bool {
        let bytes = Array(lines.map { $0.replacingBreaks() }.joined(separator: "\n").utf8)
        return address.withPointer { pointer, size in
            sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), pointer, size) == bytes.count
        }
    }
}

extension String {
    fileprivate func replacingBreaks() -> String {
        guard utf8.contains(where: { $0 == 10 || $0 == 0 }) else { return self }
        return String(decoding: utf8.map { $0 == 10 || $0 == 0 ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }
}
