import Glibc
import Threads

/// One connection to a ``ModelServer``, on a thread of its own: HTTP/1.1, one request after the other.
struct ModelServerConnection {
    private let descriptor: Int32
    private let server: ModelServer

    init(_ descriptor: Int32, _ server: ModelServer) {
        self.descriptor = descriptor
        self.server = server
    }

    func serve() {
        var unread: [UInt8] = []
        var tunnel: String?
        while let request = next(&unread, tunnel) {
            // As a proxy it is the server behind it as well.
            if request.method == "CONNECT" {
                tunnel = request.path
                guard write(Array("HTTP/1.1 200 OK\r\n\r\n".utf8)) else { return }
                continue
            }
            let reply = reply(to: request)
            guard send(reply) else { return }
        }
    }

    // MARK: Requests

    private func next(_ unread: inout [UInt8], _ tunnel: String?) -> ModelServer.Request? {
        var headEnd: Int?
        while true {
            if headEnd == nil { headEnd = Self.end(ofHead: unread) }
            if let headEnd {
                let lines = String(decoding: unread[..<headEnd], as: UTF8.self).split(separator: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    guard let colon = line.firstIndex(of: ":") else { continue }
                    headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
                }
                let length = headers["content-length"].flatMap { Int($0) } ?? 0
                if unread.count >= headEnd + 4 + length {
                    let bytes = Array(unread[(headEnd + 4)..<(headEnd + 4 + length)])
                    unread.removeFirst(headEnd + 4 + length)
                    return note(lines.first ?? "", tunnel, headers, bytes)
                }
            }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            server.state.withLock { $0.received += chunk[..<count] }
            unread += chunk[..<count]
            // A TLS handshake: as other servers do, it says that it does not speak it.
            if unread.first == 0x16 {
                _ = write(Array("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".utf8))
                return nil
            }
        }
    }

    private static func end(ofHead bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first {
            bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 && bytes[$0 + 3] == 10
        }
    }

    private func note(_ line: Substring, _ tunnel: String?, _ headers: [String: String], _ bytes: [UInt8]) -> ModelServer.Request
    {
        let words = line.split(separator: " ").map(String.init)
        let request = server.state.withLock { state in
            let index = state.requests.count { $0.path.hasSuffix("/chat/completions") }
            let request = ModelServer.Request(
                method: words.first ?? "", path: words.count > 1 ? words[1] : "", tunnel: tunnel, headers: headers, bytes: bytes,
                body: (try? JSONValue(parsing: bytes)) ?? .null, index: index)
            state.requests.append(request)
            return request
        }
        server.state.broadcast()
        return request
    }

    private func reply(to request: ModelServer.Request) -> ModelReply {
        if let key = server.key, request.headers["authorization"] != "Bearer \(key)" { return .unauthorized }
        if request.path == "/v1/chat/completions", request.method == "POST" { return server.answer(request) }
        if request.path == "/v1/models", request.method == "GET", server.listsModels {
            let list = server.models.map {
                JSONValue.object([(name: "id", value: .string($0)), (name: "object", value: "model")])
            }
            return .json(["object": "list", "data": .array(list)])
        }
        return .status(404, message: "Not found")
    }

    // MARK: Replies

    /// - Returns: whether the connection can be used again.
    private func send(_ reply: ModelReply) -> Bool {
        guard let head = reply.head else { return reply.steps.allSatisfy { run($0, isChunked: false) } && false }
        var isOpen = true
        if reply.sendsHeadFirst { isOpen = write(head) }
        var pending = reply.sendsHeadFirst ? [] : head
        for step in reply.steps where isOpen {
            if case .bytes = step, !pending.isEmpty {
                isOpen = write(pending)
                pending = []
            }
            if isOpen { isOpen = run(step, isChunked: true) }
        }
        if isOpen, !pending.isEmpty { isOpen = write(pending) }
        guard isOpen else { return false }
        return write(Array("0\r\n\r\n".utf8))
    }

    /// - Returns: whether the connection is still good.
    private func run(_ step: ModelReply.Step, isChunked: Bool) -> Bool {
        switch step {
        case .bytes(let bytes):
            guard !bytes.isEmpty else { return true }
            if !isChunked { return write(bytes) }
            return write(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8))
        case .delay(let milliseconds): return wait(milliseconds, released: false)
        case .hold: return wait(-1, released: true)
        case .hang: return wait(-1, released: false)
        case .close: return false
        case .reset:
            // Dissolving a TCP socket's association sends RST (connect(2), tcp_disconnect).
            var nowhere = sockaddr()
            connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
            return false
        }
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + start }, $0.count - start, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                noteDisconnect()
                return false
            }
            start += count
        }
        return true
    }

    /// Waits for the time to pass, or for the release; false when the client is gone or the server stops.
    private func wait(_ milliseconds: Int, released: Bool) -> Bool {
        while true {
            var waits = [
                pollfd(fd: descriptor, events: Int16(POLLIN) | Self.hangUp, revents: 0),
                pollfd(fd: released ? server.releases : -1, events: Int16(POLLIN), revents: 0),
            ]
            let status = poll(&waits, 2, Int32(milliseconds))
            if status < 0, errno == EINTR { continue }
            if waits[0].revents != 0 {
                if !server.state.withLock({ $0.isStopped }) { noteDisconnect() }
                return false
            }
            var byte: UInt8 = 0
            // Another connection may have taken it.
            if !released || read(server.releases, &byte, 1) == 1 { return true }
        }
    }

    /// POLLRDHUP, which the C library shows to GNU programs only.
    private static let hangUp: Int16 = 0x2000

    private func noteDisconnect() {
        server.state.withLock { $0.disconnects += 1 }
        server.state.broadcast()
    }
}
