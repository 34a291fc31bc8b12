import Glibc
import NIOCore

/// Who connected, as the kernel recorded it at `connect()` (unix(7), SO_PEERCRED).
enum PeerCredentials {
    /// `struct ucred`, which Swift's Glibc module does not show.
    private struct Credentials {
        var pid: Int32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }

    static func uid(of channel: any Channel) -> EventLoopFuture<UInt32?> {
        guard let provider = channel as? any SocketOptionProvider else { return channel.eventLoop.makeSucceededFuture(nil) }
        let credentials: EventLoopFuture<Credentials> = provider.unsafeGetSocketOption(
            level: .init(rawValue: CInt(SOL_SOCKET)), name: .init(rawValue: CInt(SO_PEERCRED)))
        return credentials.map { $0.uid }
    }

    static func uid(of descriptor: Int32) -> UInt32? { credentials(of: descriptor)?.uid }

    /// The process that made the other end; of a server's socket, the one that began to listen.
    static func pid(of descriptor: Int32) -> Int32? { credentials(of: descriptor)?.pid }

    private static func credentials(of descriptor: Int32) -> Credentials? {
        var credentials = Credentials()
        var size = socklen_t(MemoryLayout<Credentials>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        return credentials
    }
}
