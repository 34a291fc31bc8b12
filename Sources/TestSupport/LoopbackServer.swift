import Glibc
import Synchronization

/// Takes connections on a port of loopback, each on a thread of its own, until it is stopped.
final class LoopbackServer: Sendable {
    private struct State {
        var clients: Set<Int32> = []
        var isStopped = false
    }

    let port: Int
    private let listener: Int32
    private let state = Mutex(State())

    /// Listens. Nobody is taken before ``start(_:)``.
    init() throws { (listener, port) = try Loopback.listen() }

    /// Begins to take clients. What `serve` leaves of a connection when it returns is closed.
    func start(_ serve: @escaping @Sendable (Int32) -> Void) {
        BackgroundThread { [self] in accept(serve) }
    }

    /// Ends every connection and the server.
    func stop() {
        let open = state.withLock { state in
            state.isStopped = true
            return state.clients
        }
        for descriptor in open.union([listener]) { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    private func accept(_ serve: @escaping @Sendable (Int32) -> Void) {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { break }
            let isWelcome = state.withLock { state in
                if !state.isStopped { state.clients.insert(client) }
                return !state.isStopped
            }
            guard isWelcome else {
                close(client)
                break
            }
            BackgroundThread { [self] in
                serve(client)
                state.withLock { _ = $0.clients.remove(client) }
                close(client)
            }
        }
        close(listener)
    }

    /// Passes on what `source` sends to `target`, changed by `change`, until either ends or `change` answers nil; then neither
    /// goes on.
    static func copy(from source: Int32, to target: Int32, _ change: ([UInt8]) -> [UInt8]? = { $0 }) {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0, let bytes = change(Array(buffer[..<count])) else { break }
            guard bytes.isEmpty || send(target, bytes, bytes.count, Int32(MSG_NOSIGNAL)) >= 0 else { break }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(target, Int32(SHUT_RDWR))
    }
}
