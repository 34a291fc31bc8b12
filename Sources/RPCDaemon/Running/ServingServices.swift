import Logging
import NIOCore
import ServiceLifecycle
import Transport

/// A service whose name is that of its type: the default would print everything it holds, by reflection.
protocol DaemonService: Service, CustomStringConvertible {}

extension DaemonService {
    var description: String { _typeName(Self.self, qualified: false) }
}

/// Serves the socket until the daemon stops.
struct SocketService: DaemonService {
    let server: SocketServer
    /// Held as long as the socket is served: its end removes the socket and the lock.
    let file: SocketFile
    let graceMs: Int
    let logger: Logger

    func run() async throws {
        let channel = try await server.start(descriptor: file.descriptor)
        logger.info("serving", metadata: ["socket": "\(file.path)"])
        try? await gracefulShutdown()
        try await channel.close()
        await server.drain(graceMs: graceMs)
    }
}

/// Serves the process that started us, until it is done or the daemon stops.
struct StdioService: DaemonService {
    let server: StdioServer
    let graceMs: Int
    let exit: @Sendable (Int32) -> Void

    func run() async throws {
        let status = try await withGracefulShutdownHandler {
            try await server.run()
        } onGracefulShutdown: {
            Task { await server.drain(graceMs: graceMs) }
        }
        exit(status)
    }
}
