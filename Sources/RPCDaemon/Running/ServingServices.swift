import Logging
import NIOCore
import ServiceLifecycle
import Transport

/// A part of the daemon that runs until the daemon stops.
protocol DaemonService: Service {
    /// A plain name for the group's log: the default would print everything it holds, by reflection.
    var description: String { get }
}

extension ServiceGroupConfiguration.ServiceConfiguration {
    /// A service of ours, which is printed when it is made: they all have one type there, since how a type is printed is looked up in
    /// everything that is linked, type by type.
    init(_ service: any DaemonService, atItsEnd: TerminationBehavior = .cancelGroup) {
        self.init(service: Named(service: service), successTerminationBehavior: atItsEnd)
    }

    private struct Named: Service, TextOutputStreamable {
        let service: any DaemonService

        func run() async throws { try await service.run() }
        func write(to target: inout some TextOutputStream) { service.description.write(to: &target) }
    }
}

/// Serves the socket until the daemon stops.
struct SocketService: DaemonService {
    let description = "socket"
    let server: SocketServer
    /// Held as long as the socket is served: its end removes the socket and the lock.
    let file: SocketFile
    let graceMs: Int
    var manager = ServiceManager()
    let logger: Logger

    func run() async throws {
        let channel = try await server.start(descriptor: file.listen())
        logger.info("serving", metadata: ["socket": "\(file.path)"])
        manager.isReady("Serving \(file.path)")
        try? await gracefulShutdown()
        manager.isStopping(graceMs: graceMs)
        try await channel.close()
        await server.drain(graceMs: graceMs)
    }
}

/// Serves the socket beside a client on stdio, for the editors that start after this one: the store is ours alone, so they come
/// to us. Where that is not possible we serve our own client all the same.
struct CompanionSocketService: DaemonService {
    let description = "companion socket"
    let server: SocketServer
    let path: String
    let isShared: Bool
    let graceMs: Int
    let logger: Logger

    func run() async throws {
        do throws(TransportError) {
            let file = try SocketFile(path: path, isShared: isShared)
            defer { file.release() }
            try? await SocketService(server: server, file: file, graceMs: graceMs, logger: logger).run()
        } catch {
            logger.info("the socket is not served", metadata: ["reason": "\(error)"])
            try? await gracefulShutdown()
        }
    }
}

/// Serves the process that started us, until it is done or the daemon stops.
struct StdioService: DaemonService {
    let description = "stdio"
    let server: StdioServer
    /// What serves other clients of a daemon that would end with this one: it stays until the last of them has gone.
    let companion: SocketServer?
    let graceMs: Int
    let exit: @Sendable (Int32) -> Void

    func run() async throws {
        let status = try await withGracefulShutdownHandler {
            try await server.run()
        } onGracefulShutdown: {
            Task { await server.drain(graceMs: graceMs) }
        }
        exit(status)
        await companion?.waitUntilIdle()
    }
}
