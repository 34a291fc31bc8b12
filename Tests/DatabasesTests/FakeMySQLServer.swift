import Glibc
import Synchronization
import TestSupport

/// A server that speaks as much MySQL as a test wants it to, on its own thread, one connection, loopback.
final class FakeMySQLServer: Sendable {
    /// One step of the conversation, after the greeting: read one packet and answer with these bytes.
    typealias Answer = @Sendable (_ packet: [UInt8]) -> [UInt8]?

    let port: Int
    private let listener: Int32
    private let answer: Answer
    private let greeting: [UInt8]
    private let heard = Mutex<[[UInt8]]>([])

    /// What the client sent, packet by packet, without headers.
    var received: [[UInt8]] { heard.withLock { $0 } }

    /// `greeting` replaces the protocol's; an empty one says nothing, ever.
    init(greeting: [UInt8]? = nil, answer: @escaping Answer) throws {
        (listener, port) = try Loopback.listen()
        self.answer = answer
        self.greeting = greeting ?? FakeMySQLServer.packet(0, FakeMySQLServer.handshake)
        BackgroundThread { self.serve() }
    }

    /// Protocol 10, MariaDB 10.11, native passwords, no TLS.
    static let handshake: [UInt8] =
        [10] + Array("5.5.5-10.11.0-MariaDB".utf8) + [0, 1, 0, 0, 0] + Array("12345678".utf8) + [0]
        + [0xFE, 0xF7, 45, 2, 0, 0x0F, 0x80, 21] + [UInt8](repeating: 0, count: 10) + Array("123456789012".utf8) + [0]
        + Array("mysql_native_password".utf8) + [0]

    static func packet(_ sequence: UInt8, _ body: [UInt8]) -> [UInt8] {
        [UInt8(body.count & 0xFF), UInt8(body.count >> 8 & 0xFF), UInt8(body.count >> 16), sequence] + body
    }

    private func serve() {
        let client = accept(listener, nil, nil)
        close(listener)
        defer { close(client) }
        send(client, greeting)
        while let header = read(client, 4) {
            let count = Int(header[0]) | Int(header[1]) << 8 | Int(header[2]) << 16
            guard let body = read(client, count) else { return }
            heard.withLock { $0.append(body) }
            guard let reply = answer(body) else { return }
            send(client, FakeMySQLServer.packet(header[3] &+ 1, reply))
        }
    }

    private func send(_ descriptor: Int32, _ bytes: [UInt8]) {
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private func read(_ descriptor: Int32, _ count: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count < count {
            let got = recv(descriptor, &chunk, min(chunk.count, count - bytes.count), 0)
            guard got > 0 else { return nil }
            bytes += chunk[..<got]
        }
        return bytes
    }
}
