import Glibc
import Logging
import NIOCore

/// Stops accepting for a while when the process has no file left: who waits to be accepted would otherwise wake the event loop
/// again and again, and each time in vain.
final class AcceptBackoff: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private static let pause = TimeAmount.milliseconds(250)

    private let logger: Logger
    private var isPaused = false
    /// Said once until a connection is accepted again.
    private var isTold = false

    init(_ logger: Logger) { self.logger = logger }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isTold = false
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let code = (error as? IOError)?.errnoCode, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) else {
            return context.fireErrorCaught(error)
        }
        if !isTold { logger.warning("cannot accept connections", metadata: ["errno": "\(code)"]) }
        isTold = true
        guard !isPaused else { return }
        isPaused = true
        // Not to ask for reads is not enough: only without automatic ones does the event loop stop looking at the socket.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.pause) { bound.value.handler.resume(bound.value.context) }
    }

    private func resume(_ context: ChannelHandlerContext) {
        isPaused = false
        guard context.channel.isActive else { return }
        try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }
}
