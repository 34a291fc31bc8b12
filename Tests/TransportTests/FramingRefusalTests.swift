import Protocol
import TestSupport
import Testing

@testable import Transport

/// Streams that cannot be cut into frames: answered at most once, and only that connection ends.
@Suite(.timeLimit(.minutes(1))) struct FramingRefusalTests {
    static let streams: [(String, String)] = [
        ("negative", "Content-Length: -1\r\n\r\n{}"), ("zero", "Content-Length: 0\r\n\r\n"),
        ("plus", "Content-Length: +5\r\n\r\n{}   "),
        ("hexadecimal", "Content-Length: 0x10\r\n\r\n"), ("letters", "Content-Length: 12abc\r\n\r\n"),
        ("exponent", "Content-Length: 1e3\r\n\r\n"),
        ("2^31", "Content-Length: 2147483648\r\n\r\n"), ("2^63", "Content-Length: 9223372036854775808\r\n\r\n"),
        ("2^64", "Content-Length: 18446744073709551616\r\n\r\n"),
        ("400 digits", "Content-Length: " + String(repeating: "9", count: 400) + "\r\n\r\n"),
        ("two lengths", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), ("over the limit", "Content-Length: 65537\r\n\r\n"),
        ("no length", "Content-Type: application/json\r\n\r\n{}"),
        ("bare line feeds", "Content-Length: 2\n\n{}" + String(repeating: " ", count: 9000)),
        ("an unknown charset", "Content-Length: 2\r\nContent-Type: x; charset=utf-16\r\n\r\n{}"),
        ("an endless header line", "X: " + String(repeating: "y", count: 10_000)),
        ("too many fields", String(repeating: "X: y\r\n", count: 17) + "Content-Length: 2\r\n\r\n{}"),
        ("no colon", "Content-Length 2\r\n\r\n{}"), ("a control byte first", "\u{1}{}"), ("UTF-16", "\u{FEFF}{}"),
    ]

    @Test(arguments: streams) func isRefused(stream: (String, String)) async throws {
        let server = try await ToyServer()
        let other = try server.connect()
        defer { other.hangUp() }
        let wire = try server.connect(.headers)
        wire.send(raw: Array(stream.1.utf8))
        let reply = try await wire.receive()
        #expect(reply["id"] == .null)
        #expect(reply["error"]["data"]["code"].string.map(["parse_error", "request_too_large"].contains) == true)
        #expect(await wire.waitUntilClosed(), "\(stream.0)")
        #expect(wire.frameCount == 0)
        other.send(#"{"jsonrpc":"2.0","id":1,"method":"echo"}"#)
        #expect(try await other.receive()["id"] == 1)
    }

    @Test func aHeaderThatStopsHalfWayTimesOut() async throws {
        let server = try await ToyServer {
            $0.headerMs = 300
            $0.bodyMs = 300
        }
        let header = try server.connect(.headers)
        header.send(raw: Array("Content-Le".utf8))
        let body = try server.connect(.headers)
        body.send(raw: Array("Content-Length: 20\r\n\r\n{".utf8))
        #expect(await header.waitUntilClosed(timeoutMs: 20_000))
        #expect(await body.waitUntilClosed(timeoutMs: 20_000))
    }

    @Test func aForeignUserIsClosedBeforeAByteIsRead() async throws {
        let server = try await ToyServer(allowedUIDs: [])
        let wire = try server.connect()
        wire.send(#"{"jsonrpc":"2.0","id":1,"method":"echo"}"#)
        #expect(await wire.waitUntilClosed())
        #expect(wire.frameCount == 0)
    }

    @Test func connectionsPastTheLimitAreClosed() async throws {
        let server = try await ToyServer { $0.connections = 2 }
        let kept = try [server.connect(), server.connect()]
        for wire in kept {
            wire.send(#"{"jsonrpc":"2.0","id":1,"method":"echo"}"#)
            _ = try await wire.receive()
        }
        let third = try server.connect()
        #expect(await third.waitUntilClosed())
        kept.forEach { $0.hangUp() }
    }
}
