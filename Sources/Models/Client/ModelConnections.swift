import AsyncHTTPClient
import Glibc
public import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// The connections to model servers, kept open from one request to the next. Made without a thread; the first request starts one.
///
/// There is one HTTP client for all models that agree in proxy, authorities and time to connect.
public final class ModelConnections: Sendable {
    private struct Kind: Hashable {
        var proxy: ModelProxy?
        var tlsCAFile: String?
        var connectTimeoutMs: Int
    }

    private enum State {
        case unused
        case running([Kind: HTTPClient])
        case stopped
    }

    /// One thread for all, started by the first request and never ended: a request that comes in the moment of ``shutdown()`` is told
    /// so by its client, where a loop that is gone would never answer.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private let state = Mutex(State.unused)
    let logger: Logger?

    public init(logger: Logger? = nil) { self.logger = logger }

    /// The client for `settings`.
    /// - Throws: `notConfigured` for a file that cannot be used, `cancelled` after ``shutdown()``.
    func client(for settings: ModelSettings) throws(ModelError) -> HTTPClient {
        let kind = Kind(
            proxy: settings.proxy, tlsCAFile: settings.tlsCAFile, connectTimeoutMs: settings.connectTimeoutMs)
        let configuration = try Self.configuration(settings)
        let client = state.withLock { state -> HTTPClient? in
            var clients: [Kind: HTTPClient] = [:]
            switch state {
            case .stopped: return nil
            case .unused: break
            case .running(let known):
                if let client = known[kind] { return client }
                clients = known
            }
            let client = HTTPClient(eventLoopGroup: Self.group, configuration: configuration)
            clients[kind] = client
            state = .running(clients)
            return client
        }
        guard let client else { throw ModelError(.cancelled, "The daemon is stopping and asks no model any more.") }
        return client
    }

    private static func configuration(_ settings: ModelSettings) throws(ModelError) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let file = settings.tlsCAFile {
            guard access(file, R_OK) == 0 else {
                throw ModelError(
                    .notConfigured,
                    "The file of \(settings.setting(.tlsCaFile)) cannot be read; name a PEM file with the authorities to trust.")
            }
            tls.trustRoots = .file(file)
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .milliseconds(Int64(settings.connectTimeoutMs))))
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        // A person waits: that nobody listens is said at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
        if let proxy = settings.proxy {
            let login = proxy.user.map { HTTPClient.Authorization.basic(username: $0, password: proxy.password) }
            configuration.proxy =
                login.map { .server(host: proxy.host, port: proxy.port, authorization: $0) }
                ?? .server(host: proxy.host, port: proxy.port)
        }
        return configuration
    }

    /// Ends every request and connection.
    public func shutdown() async {
        let old = state.withLock { state in
            defer { state = .stopped }
            return state
        }
        guard case .running(let clients) = old else { return }
        for client in clients.values { try? await client.shutdown() }
    }
}
