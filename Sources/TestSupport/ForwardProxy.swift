import Glibc
import Synchronization

/// An HTTP proxy for tests: it takes `CONNECT`, leads every host to this machine, and remembers who was asked for.
public final class ForwardProxy: Sendable {
    private struct State {
        var targets: [String] = []
        var refusals = 0
    }

    public var port: Int { front.port }
    private let front: LoopbackServer
    private let authorization: String?
    private let state = Mutex(State())

    /// - Parameter authorization: what `Proxy-Authorization` must be; nil: anything or nothing.
    public init(authorization: String? = nil) throws {
        front = try LoopbackServer()
        self.authorization = authorization
        front.start { [self] in serve($0) }
    }

    /// The hosts and ports that clients were led to.
    public var targets: [String] { state.withLock { $0.targets } }
    /// How many were turned away because they did not log in.
    public var refusals: Int { state.withLock { $0.refusals } }

    /// Ends every connection and the proxy.
    public func stop() { front.stop() }

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
        let forth = BackgroundThread { LoopbackServer.copy(from: client, to: server) }
        LoopbackServer.copy(from: server, to: client)
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
}
