import Glibc
import Synchronization

/// An HTTP proxy for tests: it takes `CONNECT`, leads every host to this machine, and remembers who was asked for.
public final class ForwardProxy: Sendable {
    private struct State {
        var targets: [String] = []
        var refusals = 0
        var descriptors: Set<Int32> = []
        var isStopped = false
    }

    public let port: Int
    private let authorization: String?
    private let listener: Int32
    private let state = Mutex(State())

    /// - Parameter authorization: what `Proxy-Authorization` must be; nil: anything or nothing.
    public init(authorization: String? = nil) throws {
        (listener, port) = try Loopback.listen()
        self.authorization = authorization
        BackgroundThread { [self] in accept() }
    }

    /// The hosts and ports that clients were led to.
    public var targets: [String] { state.withLock { $0.targets } }
    /// How many were turned away because they did not log in.
    public var refusals: Int { state.withLock { $0.refusals } }

    /// Ends every connection and the proxy.
    public func stop() {
        let open = state.withLock { state in
            state.isStopped = true
            return state.descriptors
        }
        for descriptor in open.union([listener]) { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { break }
            let isWelcome = state.withLock { state in
                if !state.isStopped { state.descriptors.insert(client) }
                return !state.isStopped
            }
            guard isWelcome else {
                close(client)
                break
            }
            BackgroundThread { [self] in
                serve(client)
                state.withLock { _ = $0.descriptors.remove(client) }
                close(client)
            }
        }
        close(listener)
    }

    private func serve(_ client: Int32) {
        guard let lines = head(client), let first = lines.first else { return }
        let words = first.split(separator: " ")
        let header = lines.first { $0.lowercased().hasPrefix("proxy-authorization:") }
        let login = header.map { String($0.dropFirst("proxy-authorization:".count).drop { $0 == " " }) }
        guard authorization == nil || login == authorization else {
            state.withLock { $0.refusals += 1 }
            say(
                "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n",
                client)
            return
        }
        guard words.count == 3, words[0] == "CONNECT", let port = words[1].split(separator: ":").last.flatMap({ Int($0) }),
            let server = Loopback.connect(to: port)
        else { return say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", client) }
        state.withLock { $0.targets.append(String(words[1])) }
        say("HTTP/1.1 200 Connection established\r\n\r\n", client)
        let forth = BackgroundThread { Self.copy(from: client, to: server) }
        Self.copy(from: server, to: client)
        forth.join()
        close(server)
    }

    /// The lines of a request without a body; nil where none comes.
    private func head(_ client: Int32) -> [Substring]? {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
            var byte: UInt8 = 0
            guard bytes.count < 16_384, recv(client, &byte, 1, 0) == 1 else { return nil }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
    }

    private func say(_ text: String, _ client: Int32) {
        let bytes = Array(text.utf8)
        _ = send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private static func copy(from source: Int32, to target: Int32) {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while case let count = recv(source, &buffer, buffer.count, 0), count > 0 {
            guard send(target, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(target, Int32(SHUT_RDWR))
    }
}
