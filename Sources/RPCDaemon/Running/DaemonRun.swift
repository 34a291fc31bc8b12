import Databases
import Glibc
import Handlers
import Logging
import NIOCore
import NIOPosix
import Protocol
import Security
import ServiceLifecycle
import Store
import Synchronization
import Threads
import Transport
import UnixSignals

/// A run of the daemon, from its configuration to its exit status.
struct DaemonRun {
    private let overrides: SettingOverrides
    private let servesSocket: Bool
    private let servesStdio: Bool
    private let manager = Main.serviceManager.withLock { $0 }

    init(_ overrides: SettingOverrides, socket: Bool, stdio: Bool) {
        self.overrides = overrides
        servesSocket = socket
        servesStdio = stdio
    }

    /// Starts on the process's first thread: to go to another takes a fifteenth of a start.
    ///
    /// - Returns: the exit status.
    @MainActor func run() async throws(Failure) -> Int32 {
        let settings: Settings
        let configuration: Configuration
        do {
            settings = try Settings.load(overrides)
            configuration = try Configuration(settings)
        } catch {
            throw Failure("\(error)", status: Failure.configuration)
        }
        let logger = Self.logger(configuration)
        Self.logHardening(logger)
        // A daemon of an editor's would keep the store from the one that a service manager starts for whoever connects.
        if !servesSocket, SocketFile.isActivated(configuration.socketPath) {
            return try relay(to: configuration.socketPath, "A service manager is to start the daemon.", logger)
        }
        let status = Mutex<Int32>(0)
        do {
            try await serve(configuration, settings, logger) { code in status.withLock { $0 = code } }
        } catch let error as StoreError {
            if error.code == .locked, servesStdio, !servesSocket {
                return try relay(to: configuration.socketPath, error.message, logger)
            }
            throw Failure(error.message, status: 1)
        } catch let error as SecurityError {
            throw Failure(error.message, status: 1)
        } catch let error as TransportError {
            throw Failure(error.description, status: 1)
        } catch let error as ConfigurationError {
            throw Failure(error.description, status: Failure.configuration)
        } catch {
            throw Failure("\(error)", status: 1)
        }
        return status.withLock { $0 }
    }

    /// Another daemon has the store, or is to have it: serves the client through it.
    private func relay(to socket: String, _ reason: String, _ logger: Logger) throws(Failure) -> Int32 {
        let outcome: (status: Int32, isLost: Bool)
        do throws(TransportError) {
            let relay = try StdioRelay(path: socket, patienceMs: 3000)
            logger.info("relaying", metadata: ["socket": "\(socket)"])
            outcome = try relay.run()
        } catch {
            throw Failure("\(reason) \(error.description)", status: 1)
        }
        guard !outcome.isLost else {
            throw Failure("The daemon at \(socket) has ended, and with it this connection; start again.", status: 1)
        }
        return outcome.status
    }

    @MainActor private func serve(
        _ configuration: Configuration, _ settings: Settings, _ logger: Logger, _ leave: @escaping @Sendable (Int32) -> Void
    ) async throws {
        // The lock of the socket comes first: of two daemons started at once the second touches nothing.
        let file = servesSocket ? try socketFile(configuration, logger) : nil
        defer { file?.release() }
        let clientCount = ClientCount()
        // From here on no other daemon can have the store, so that the client on stdio is ours.
        let claim = try StoreClaim(configuration.store)
        let threads = servesSocket ? max(1, min(4, System.coreCount)) : 1
        let servesStdio = servesStdio
        let making = SideWork(name: "front") { try Front(threads: threads, servesStdio: servesStdio) }
        let services = try open(claim, configuration, clientCount, logger)
        let front = try making.value()
        let (group, stdio) = (front.group, front.stdio)
        let responder = DaemonResponder(daemon: Daemon(services))
        let limits = TransportLimits(configuration.limits)
        logger.info("started", metadata: ["version": "\(daemonVersion)", "pid": "\(getpid())"])
        // The rest is made while the client is answered.
        try await stdio?.serve(responder, limits: limits)
        let graceMs = configuration.limits.shutdownMs
        var list: [ServiceGroupConfiguration.ServiceConfiguration] = []
        let socketServer = SocketServer(
            responder: responder, limits: limits, allowedUIDs: allowedUIDs(configuration), group: group, logger: logger)
        clientCount.add { socketServer.connectionCount }
        if let file {
            let service = SocketService(server: socketServer, file: file, graceMs: graceMs, manager: manager, logger: logger)
            list.append(.init(service))
            list += watchdog(group)
        }
        if let stdio {
            clientCount.add { 1 }
            // A daemon that serves a socket as well goes on when the editor has gone.
            let servesSocket = servesSocket
            let service = StdioService(server: stdio, companion: servesSocket ? nil : socketServer, graceMs: graceMs) {
                if !servesSocket { leave($0) }
            }
            list.append(.init(service, atItsEnd: servesSocket ? .ignore : .gracefullyShutdownGroup))
        }
        if !servesSocket {
            let companion = CompanionSocketService(
                server: socketServer, path: configuration.socketPath, isShared: configuration.mode == .shared, graceMs: graceMs,
                logger: logger)
            list.append(.init(companion))
        }
        let metrics = try configuration.metricsSocketPath.map { path throws(TransportError) in try SocketFile(path: path) }
        defer { metrics?.release() }
        if let metrics {
            let service = MetricsService(file: metrics, group: group, services: services, logger: logger)
            list.append(.init(service))
        }
        list += await background(services, settings, logger)
        let quiet = Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() }
        var life = ServiceGroupConfiguration(services: list, logger: quiet)
        life.gracefulShutdownSignals = [.sigterm, .sigint]
        try await ServiceGroup(configuration: life).run()
        await services.stopDatabases(deadlineMs: configuration.limits.shutdownMs)
        await services.store.close()
        logger.info("stopped")
    }

    /// Keyring and store, and what the handlers work with.
    private func open(
        _ claim: StoreClaim, _ configuration: Configuration, _ clientCount: ClientCount, _ logger: Logger
    ) throws -> Services {
        let keyring = try Keyring.loadOrCreate(path: configuration.keyringPath)
        let store = try claim.open(
            installation: keyring.installation, nowMs: Timestamp.now(),
            report: MigrationReport(logger, manager).progressed)
        if store.interruptedQueries + store.interruptedTurns > 0 {
            logger.warning(
                "found unfinished",
                metadata: ["queries": "\(store.interruptedQueries)", "turns": "\(store.interruptedTurns)"])
        }
        var policy = configuration.policy
        policy.forbiddenFiles = Self.identities([configuration.store.path, configuration.keyringPath].compactMap { $0 })
        policy.forbiddenDatabase = store.databaseIdentity
        policy.forbiddenDirectories = Self.identities([configuration.stateDirectory])
        let services = Services(
            store: store, keyring: keyring, keyringPath: configuration.keyringPath, limits: configuration.limits, policy: policy,
            version: daemonVersion, spoolDirectory: configuration.stateDirectory, models: configuration.catalogue(logger: logger),
            logger: logger, tracer: try configuration.tracer(logger: logger), clientCount: { clientCount.value })
        store.watch(services)
        return services
    }

    /// What runs beside those who serve.
    private func background(
        _ services: Services, _ settings: Settings, _ logger: Logger
    ) async -> [ServiceGroupConfiguration.ServiceConfiguration] {
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let list: [any DaemonService] = [
            HousekeepingService(services: services), KeyringService(services: services), ResealingService(services: services),
            ReloadService(
                overrides: overrides, effective: settings, services: services, manager: manager, hangups: hangups,
                logger: logger),
        ]
        return list.map { .init($0) }
    }

    /// The socket that a service manager listens on for us, else one of our own.
    private func socketFile(_ configuration: Configuration, _ logger: Logger) throws -> SocketFile {
        // Until it is to be read again, which it is now: a service manager that asks for that early must not end us.
        signal(SIGHUP, SIG_IGN)
        guard let inherited = try manager.socket() else {
            guard configuration.allowedUIDs != nil else {
                throw ConfigurationError(
                    "allowedUserIds: any needs a socket whose permissions say who may connect; list the user ids, or have systemd make it."
                )
            }
            return try SocketFile(path: configuration.socketPath, isShared: configuration.mode == .shared)
        }
        if inherited.path != configuration.socketPath {
            let paths: Logger.Metadata = ["socket": "\(inherited.path)", "setting": "\(configuration.socketPath)"]
            logger.notice("the service manager listens elsewhere than the setting says", metadata: paths)
        }
        return try SocketFile(inherited, stateDirectory: configuration.stateDirectory)
    }

    /// Beside an editor the socket is always of our own making, and open to all in shared mode: there only the daemon looks.
    private func allowedUIDs(_ configuration: Configuration) -> Set<UInt32>? {
        servesSocket ? configuration.allowedUIDs : configuration.allowedUIDs ?? [geteuid()]
    }

    private func watchdog(_ loops: any EventLoopGroup) -> [ServiceGroupConfiguration.ServiceConfiguration] {
        guard let interval = manager.watchdogInterval else { return [] }
        return [.init(WatchdogService(manager: manager, interval: interval, loops: loops))]
    }

    private static func logger(_ configuration: Configuration) -> Logger {
        StderrLogHandler.level.withLock { $0 = configuration.logLevel }
        let isJSON = configuration.logsJSON
        return Logger(label: "dbassistd") { StderrLogHandler(label: $0, isJSON: isJSON) }
    }

    @MainActor private static func logHardening(_ logger: Logger) {
        switch Main.hardening {
        case .success([]): break
        case .success(let names): logger.info("variables ignored", metadata: ["names": "\(names.joined(separator: " "))"])
        case .failure(let error): logger.warning("not hardened", metadata: ["error": "\(error.message)"])
        }
    }

    private static func identities(_ paths: [String]) -> Set<FileIdentity> {
        var identities: Set<FileIdentity> = []
        for path in paths {
            for suffix in ["", "-wal", "-shm", ".lock"] {
                var status = stat()
                guard lstat(path + suffix, &status) == 0 else { continue }
                identities.insert(FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)))
            }
        }
        return identities
    }
}

/// What clients come in by: made beside the store, which takes about as long.
private struct Front: Sendable {
    let group: MultiThreadedEventLoopGroup
    let stdio: StdioServer?

    init(threads: Int, servesStdio: Bool) throws(TransportError) {
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        stdio = servesStdio ? try StdioServer(group: group) : nil
    }
}

/// Adds up the clients of every server.
private final class ClientCount: Sendable {
    private let sources = Mutex<[@Sendable () -> Int]>([])
    func add(_ source: @escaping @Sendable () -> Int) { sources.withLock { $0.append(source) } }
    var value: Int { sources.withLock { $0 }.reduce(0) { $0 + $1() } }
}

/// Ends the process with a sentence on stderr.
struct Failure: Error, CustomStringConvertible {
    /// EX_CONFIG of sysexits.h: starting again without a change helps nothing.
    static let configuration: Int32 = 78

    let description: String
    let status: Int32

    init(_ description: String, status: Int32) {
        self.description = description
        self.status = status
    }
}

extension TransportLimits {
    init(_ limits: Limits) {
        self.init()
        headerBytes = limits.headerBytes
        bodyBytesBeforeLogin = limits.bodyBeforeLoginBytes
        bodyBytes = limits.bodyBytes
        jsonDepth = limits.jsonDepth
        batchRequests = limits.batchItems
        requestsInFlight = limits.requestsInFlight
        outputBytes = limits.outputQueueBytes
        outputStallMs = limits.outputStallMs
        headerMs = limits.headerMs
        bodyMs = limits.bodyMs
        connections = limits.clientConnections
    }
}
