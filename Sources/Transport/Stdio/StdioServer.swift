import Logging
public import NIOCore
import NIOPosix
import Protocol

/// Serves the process that started us, over standard input and output.
public final class StdioServer: Sendable {
    private let responder: any Responder
    private let limits: TransportLimits
    private let group: any EventLoopGroup
    private let connections = ConnectionSet()

    /// Touches no descriptor before ``run()``.
    public init(responder: any Responder, limits: TransportLimits, group: any EventLoopGroup) {
        self.responder = responder
        self.limits = limits
        self.group = group
    }

    /// Serves until input ends, `exit` comes or ``drain(graceMs:)`` is done; answers the status to exit with.
    public func run() async throws -> Int32 {
        let descriptors = try StdioDescriptors()
        let ended = group.any().makePromise(of: Int32.self)
        let connections = connections
        _ = try await NIOPipeBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = RPCConnection(
                        responder: self.responder, limits: self.limits, peer: .stdio, number: 0,
                        onClose: { status in
                            connections.remove(0)
                            ended.succeed(status)
                        })
                    let bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
                    let loop = channel.eventLoop
                    _ = connections.insert(
                        0,
                        .init(
                            drain: { loop.execute { bound.value.drain() } }, abandon: { loop.execute { bound.value.abandon() } }),
                        limit: 1)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .takingOwnershipOfDescriptors(input: descriptors.input, output: descriptors.output)
            .get()
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
