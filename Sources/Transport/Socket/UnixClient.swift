import Glibc
import Threads

/// A client's end of a Unix socket, for a thread that waits.
public enum UnixClient {
    /// What a server said, and which process it is.
    public struct Answer: Sendable {
        public var bytes: [UInt8]
        /// The one that began to listen: a service manager, where that made the socket.
        public var listenerPID: Int32?
    }

    /// - Parameter ofOwnUser: whether a server of another user is refused.
    /// - Returns: the descriptor, which is the caller's to close.
    static func connect(_ path: String, ofOwnUser: Bool) throws(TransportError) -> Int32 {
        guard path.utf8.count < UnixAddress.pathBytes else {
            throw TransportError(.pathTooLong, "The socket path \(path) is too long.")
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system("A socket cannot be made", errno) }
        let status = UnixAddress(path: path).withPointer { Glibc.connect(descriptor, $0, $1) }
        guard status == 0, !ofOwnUser || PeerCredentials.uid(of: descriptor) == geteuid() else {
            let number = status == 0 ? EACCES : errno
            close(descriptor)
            throw .system("No daemon of yours answers at \(path)", number)
        }
        return descriptor
    }

    /// Sends a request and waits for all that comes back: until the server closes, which it does once it has answered a client that
    /// sends no more, or until `bytesMax` or the time is over.
    public static func exchange(
        _ path: String, _ request: String, bytesMax: Int = 1 << 20, timeoutMs: Int
    ) throws(TransportError) -> Answer {
        let descriptor = try connect(path, ofOwnUser: false)
        defer { close(descriptor) }
        let deadline = Monotonic.after(milliseconds: timeoutMs)
        let bytes = Array(request.utf8)
        // A request fits into the socket's buffer.
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw .system("The daemon at \(path) takes no request", errno)
        }
        shutdown(descriptor, Int32(SHUT_WR))
        var answer = Answer(bytes: [], listenerPID: PeerCredentials.pid(of: descriptor))
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while answer.bytes.count < bytesMax {
            let now = Monotonic.nowNs
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard now < deadline, Glibc.poll(&poll, 1, Int32((deadline - now) / 1_000_000) + 1) > 0 else {
                throw TransportError.system("The daemon at \(path) does not answer", ETIMEDOUT)
            }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            answer.bytes += chunk[..<count]
        }
        return answer
    }
}
