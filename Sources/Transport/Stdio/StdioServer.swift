public import NIOCore
import NIOPosix
import Protocol

/// Serves the process that started us, over standard input and output.
///
/// Made before there is anybody to answer, since an event loop's channel takes as long to make as a store takes to open: it takes
/// standard input and output over, and reads nothing before ``serve(_:limits:)``.
public final class StdioServer: Sendable {
    private let descriptors: StdioDescriptors
    private let channel: EventLoopFuture<any Channel>
    /// What adds the channel's handler, once that is known.
    private let setUp: EventLoopPromise<@Sendable (any Channel) throws -> Void>
    private let ended: EventLoopPromise<Int32>
    private let connections = ConnectionSet()
    private let group: any EventLoopGroup

    /// Takes standard input and output over; they are given back to nobody.
    public init(group: any EventLoopGroup) throws(TransportError) {
        descriptors = try StdioDescriptors()
        self.group = group
        let setUp = group.any().makePromise(of: (@Sendable (any Channel) throws -> Void).self)
        self.setUp = setUp
        ended = group.any().makePromise()
        channel = NIOPipeBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                // The channel meets its descriptors afterwards.
                setUp.futureResult.hop(to: channel.eventLoop).flatMapThrowing { try $0(channel) }
            }
            .takingOwnershipOfDescriptors(input: descriptors.input, output: descriptors.output)
    }

    deinit {
        setUp.fail(ChannelError.alreadyClosed)
        ended.fail(ChannelError.alreadyClosed)
    }

    /// Begins to read, and to answer by `responder`; once. Returns when it reads.
    nonisolated(nonsending) public func serve(_ responder: any Responder, limits: TransportLimits) async throws {
        let (connections, ended) = (connections, ended)
        setUp.succeed { channel in
            let handler = RPCConnection(
                responder: responder, limits: limits, peer: .stdio, number: 0,
                onClose: { status in
                    connections.remove(0)
                    ended.succeed(status)
                })
            let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
            let loop = channel.eventLoop
            let member = ConnectionSet.Member(
                drain: { loop.execute { bound.value.drain() } }, abandon: { loop.execute { bound.value.abandon() } })
            // Not any more once the daemon stops.
            guard connections.insert(0, member, limit: 1) else { throw ChannelError.alreadyClosed }
            try channel.pipeline.syncOperations.addHandler(handler)
        }
        _ = try await channel.get()
    }

    /// Returns when input ends, `exit` comes or ``drain(graceMs:)`` is done, with the status to exit with.
    public func run() async throws -> Int32 {
        let status = try await ended.futureResult.get()
        descriptors.finish()
        return status
    }

    /// As ``SocketServer/drain(graceMs:)``.
    public func drain(graceMs: Int) async {
        connections.drain()
        let deadline = group.any().scheduleTask(in: .milliseconds(Int64(graceMs))) { self.connections.abandon() }
        await connections.waitUntilEmpty()
        deadline.cancel()
    }
}
