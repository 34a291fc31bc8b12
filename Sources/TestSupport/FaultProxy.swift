import Glibc
import Synchronization
import Threads

/// Stands between a client and a server on loopback, passes bytes on, and spoils what the server says when it is told to.
public final class FaultProxy: Sendable {
    /// What happens to the server's bytes.
    public enum Fault: String, Sendable, CaseIterable {
        /// Nothing comes any more; the connection stays open.
        case stall
        /// The connection ends, as of a server that stopped.
        case close
        /// The connection is reset, as of a machine that went away.
        case reset
        /// Other bytes come, as many.
        case garbage
        /// Zeroes come, as many.
        case zeroes
        /// The first four bytes become the largest number there is, where the protocols have their lengths.
        case lie
        /// Every piece comes twice.
        case twice
        /// A byte is lost.
        case gap
        /// Each byte comes alone.
        case drip
    }

    private struct State {
        var fault: Fault?
        /// Bytes that pass before the fault begins.
        var passes = 0
    }

    /// Where clients connect to.
    public var port: Int { front.port }
    private let front: LoopbackServer
    private let server: Int
    private let state = Mutex(State())

    /// Begins to pass bytes on to `server`, a port on loopback.
    public init(to server: Int) throws {
        front = try LoopbackServer()
        self.server = server
        front.start { [self] in serve($0) }
    }

    /// From now on the server's bytes are spoilt, after `bytes` more of them; nil mends everything, for new connections at least.
    public func set(_ fault: Fault?, after bytes: Int = 0) {
        state.withLock {
            $0.fault = fault
            $0.passes = bytes
        }
    }

    /// Ends every connection and the proxy.
    public func stop() { front.stop() }

    private func serve(_ client: Int32) {
        guard let upstream = Loopback.connect(to: server) else { return }
        let forth = BackgroundThread { LoopbackServer.copy(from: client, to: upstream) }
        LoopbackServer.copy(from: upstream, to: client) { spoil($0, client) }
        forth.join()
        close(upstream)
    }

    /// What becomes of a piece; nil ends the connection.
    private func spoil(_ bytes: [UInt8], _ client: Int32) -> [UInt8]? {
        let (fault, passing) = state.withLock { state -> (Fault?, Int) in
            guard let fault = state.fault else { return (nil, bytes.count) }
            let passing = min(state.passes, bytes.count)
            state.passes -= passing
            // Once is enough: what follows cannot be understood.
            if passing < bytes.count, fault == .lie || fault == .gap { state.fault = nil }
            return (fault, passing)
        }
        guard let fault, passing < bytes.count else { return bytes }
        let (good, rest) = (Array(bytes[..<passing]), Array(bytes[passing...]))
        switch fault {
        case .stall: return good
        case .close: return nil
        case .reset:
            // Dissolving a TCP socket's association sends RST (connect(2), tcp_disconnect).
            var nowhere = sockaddr()
            connect(client, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
            return nil
        case .garbage: return good + rest.indices.map { _ in .random(in: .min ... .max) }
        case .zeroes: return good + [UInt8](repeating: 0, count: rest.count)
        case .lie: return good + [0x7F, 0xFF, 0xFF, 0xFF] + rest.dropFirst(4)
        case .twice: return good + rest + rest
        case .gap: return good + rest.dropFirst()
        case .drip:
            for byte in good + rest {
                guard send(client, [byte], 1, Int32(MSG_NOSIGNAL)) == 1 else { return nil }
            }
            return []
        }
    }
}
