import Glibc
public import Logging
public import NIOCore
import NIOPosix
import Protocol

/// Serves many clients over a Unix socket.
public final class SocketServer: Sendable {
    private let responder: any Responder
    private let limits: TransportLimits
    private let allowedUIDs: Set<UInt32>?
    private let group: any EventLoopGroup
    private let logger: Logger
    private let connections = ConnectionSet()

    /// Only processes of `allowedUIDs` get an answer; others are closed before a byte of theirs is read. nil allows whoever the
    /// permissions of the socket let connect.
    public init(
        responder: any Responder, limits: TransportLimits, allowedUIDs: Set<UInt32>?, group: any EventLoopGroup, logger: Logger
    ) {
        self.responder = responder
        self.limits = limits
        self.allowedUIDs = allowedUIDs
        self.group = group
        self.logger = logger
    }

    /// Open connections now.
    public var connectionCount: Int { connections.count }

    /// Accepts clients on a listening descriptor, which it then owns. The channel answered is closed to stop accepting.
    public func start(descriptor: Int32) async throws -> any Channel {
        let logger = logger
        return try await ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AcceptBackoff(logger)) }
            }
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in self.accept(channel) }
            .withBoundSocket(descriptor)
            .get()
    }

    private func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
        PeerCredentials.uid(of: channel).flatMapThrowing { uid in
            guard let uid, self.allowedUIDs?.contains(uid) != false else {
                self.logger.warning("refused a peer", metadata: ["uid": "\(uid.map(String.init) ?? "unknown")"])
                throw ChannelError.operationUnsupported
            }
            let number = self.connections.nextNumber()
            let handler = RPCConnection(
                responder: self.responder, limits: self.limits, peer: .socket(uid: uid), number: number,
                onClose: { _ in self.connections.remove(number) })
            let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
            let loop = channel.eventLoop
            let member = ConnectionSet.Member(
                drain: { loop.execute { bound.value.drain() } }, abandon: { loop.execute { bound.value.abandon() } })
            guard self.connections.insert(number, member, limit: self.limits.connections) else {
                self.logger.warning("refused a connection: too many", metadata: ["limit": "\(self.limits.connections)"])
                throw ChannelError.operationUnsupported
            }
            try channel.pipeline.syncOperations.addHandler(handler)
            channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
        }
    }

    /// Returns once there is no connection.
    public func waitUntilIdle() async { await connections.waitUntilEmpty() }

    /// Answers what is in flight, for at most `graceMs`; then fails the rest. Returns when every connection is gone.
    public func drain(graceMs: Int) async {
        connections.drain()
        let deadline = group.any().scheduleTask(in: .milliseconds(Int64(graceMs))) { self.connections.abandon() }
        await connections.waitUntilEmpty()
        deadline.cancel()
    }
}
