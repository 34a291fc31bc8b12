import NIOCore
import NIOPosix
import NIOSSL

/// A server that speaks TLS, with a certificate of an authority of its own, and passes on to another port what it hears.
///
/// The certificate is for `localhost`, `127.0.0.1` and `model.test`.
public final class TLSFront: Sendable {
    public let port: Int
    /// The authority's PEM file.
    public let authorityPath: String
    private let directory: TemporaryDirectory
    private let channel: any Channel
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Starts to listen on loopback.
    /// - Parameter server: the port on loopback that is passed on to.
    public init(to server: Int) async throws {
        directory = try TemporaryDirectory()
        try ChildProcess.run(["sh", "-c", Self.script, directory.path])
        authorityPath = directory.appending("ca.pem")
        let certificates = try NIOSSLCertificate.fromPEMFile(directory.appending("server.pem"))
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: directory.appending("server.key"), format: .pem)))
        let context = try NIOSSLContext(configuration: configuration)
        channel = try await ServerBootstrap(group: Self.group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                try channel.pipeline.syncOperations.addHandler(Passage(to: server))
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    public func stop() { channel.close(promise: nil) }

    private static let script = """
        set -e; cd "$0"; exec 2>/dev/null
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=test authority" -keyout ca.key -out ca.pem
        openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr
        echo subjectAltName=DNS:localhost,DNS:model.test,IP:127.0.0.1 > names
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem
        """
}

/// Passes what one channel reads to another on the same event loop.
private final class Passage: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let server: Int?
    private var other: (any Channel)?
    private var early: [ByteBuffer] = []

    /// Connects to `server` once it is active.
    init(to server: Int) { self.server = server }

    /// Passes to a channel that is there.
    init(to other: any Channel) {
        server = nil
        self.other = other
    }

    func channelActive(context: ChannelHandlerContext) {
        guard let server else { return }
        let client = context.channel
        ClientBootstrap(group: context.eventLoop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Passage(to: client)) }
        }.connect(host: "127.0.0.1", port: server).assumeIsolated().whenComplete { result in
            guard case .success(let channel) = result else { return client.close(promise: nil) }
            self.other = channel
            for buffer in self.early { channel.writeAndFlush(buffer, promise: nil) }
            self.early = []
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if let other { other.writeAndFlush(buffer, promise: nil) } else { early.append(buffer) }
    }

    func channelInactive(context: ChannelHandlerContext) { other?.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
