import Handlers
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Transport

/// Answers `GET /metrics` over HTTP on a Unix socket of its own, for whatever collects figures: no log-in, only its owner can connect.
struct MetricsService: DaemonService {
    let description = "metrics"
    let file: SocketFile
    let group: any EventLoopGroup
    let services: Services
    let logger: Logger

    /// A collector asks now and then; who says nothing for so long is gone.
    private static let idle = TimeAmount.seconds(10)

    func run() async throws {
        let services = services
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: Self.idle))
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(MetricsHandler { services.metricsText() })
                }
            }
            .withBoundSocket(file.listen())
            .get()
        logger.info("serving metrics", metadata: ["socket": "\(file.path)"])
        try? await gracefulShutdown()
        try await channel.close()
    }
}

/// One connection of a collector.
private final class MetricsHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let render: @Sendable () -> String
    private var head: HTTPRequestHead?

    init(_ render: @escaping @Sendable () -> String) { self.render = render }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let path = request.uri.prefix { $0 != "?" }
        let isRead = request.method == .GET || request.method == .HEAD
        let (status, text): (HTTPResponseStatus, String) =
            switch (path, isRead) {
            case ("/metrics", true): (.ok, render())
            case ("/metrics", false): (.methodNotAllowed, "Only GET and HEAD.\n")
            default: (.notFound, "Only /metrics is here.\n")
            }
        var headers = HTTPHeaders([
            ("Content-Type", status == .ok ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain; charset=utf-8"),
            ("Content-Length", "\(text.utf8.count)"),
        ])
        if status == .methodNotAllowed { headers.add(name: "Allow", value: "GET, HEAD") }
        if !request.isKeepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: request.version, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: text)))), promise: nil)
        }
        let done = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if !request.isKeepAlive {
            let channel = context.channel
            done.whenComplete { _ in channel.close(promise: nil) }
        }
    }
}
