import Protocol
import TestSupport
import Testing

@testable import Transport

/// What every client sees, whichever framing it speaks.
@Suite(.timeLimit(.minutes(1))) struct WireScenarioTests {
    struct Scenario: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let send: String
        /// The replies, in order, without `requestId`.
        let expect: [String]
    }

    static let scenarios: [Scenario] = [
        .init(
            testDescription: "a string id", send: #"{"jsonrpc":"2.0","id":"a\u0041","method":"echo","params":{"x":1}}"#,
            expect: [#"{"jsonrpc":"2.0","id":"aA","result":{"x":1}}"#]),
        .init(
            testDescription: "a null id", send: #"{"jsonrpc":"2.0","id":null,"method":"echo"}"#,
            expect: [#"{"jsonrpc":"2.0","id":null,"result":null}"#]),
        .init(
            testDescription: "an integer id past 64 bits",
            send: #"{"jsonrpc":"2.0","id":123456789012345678901234,"method":"echo"}"#,
            expect: [#"{"jsonrpc":"2.0","id":123456789012345678901234,"result":null}"#]),
        .init(
            testDescription: "minus zero", send: #"{"jsonrpc":"2.0","id":-0,"method":"echo"}"#,
            expect: [#"{"jsonrpc":"2.0","id":-0,"result":null}"#]),
        .init(
            testDescription: "an escaped method name", send: #"{"jsonrpc":"2.0","id":1,"method":"e\u0063ho"}"#,
            expect: [#"{"jsonrpc":"2.0","id":1,"result":null}"#]),
        .init(
            testDescription: "an unknown member of the envelope",
            send: #"{"jsonrpc":"2.0","id":1,"method":"echo","traceparent":"x"}"#,
            expect: [#"{"jsonrpc":"2.0","id":1,"result":null}"#]),
        .init(
            testDescription: "a batch with a notification in it",
            send:
                #"[{"jsonrpc":"2.0","id":1,"method":"echo"},{"jsonrpc":"2.0","method":"echo"},{"jsonrpc":"2.0","id":2,"method":"echo"}]"#,
            expect: [#"[{"jsonrpc":"2.0","id":1,"result":null},{"jsonrpc":"2.0","id":2,"result":null}]"#]),
        .init(testDescription: "a response is ignored", send: #"{"jsonrpc":"2.0","id":1,"result":{}}"#, expect: []),
        .init(
            testDescription: "a batch of notifications",
            send: #"[{"jsonrpc":"2.0","method":"echo"},{"jsonrpc":"2.0","method":"nope"}]"#, expect: []),
        .init(testDescription: "an unknown notification", send: #"{"jsonrpc":"2.0","method":"$/whatever"}"#, expect: []),
    ]

    @Test(arguments: [FrameDecoder.Framing.lines, .headers], scenarios)
    func scenario(framing: FrameDecoder.Framing, scenario: Scenario) async throws {
        let server = try await ToyServer()
        let wire = try server.connect(framing)
        defer { wire.hangUp() }
        wire.send(scenario.send)
        wire.send(#"{"jsonrpc":"2.0","id":"last","method":"echo"}"#)
        for expected in scenario.expect {
            let reply = try await wire.receive()
            #expect(reply == (try JSONValue(parsing: expected)))
        }
        #expect(try await wire.receive()["id"] == "last")
        #expect(wire.stray.isEmpty)
    }

    static let refusals: [(String, String, Int?)] = [
        ("not JSON", #"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#, nil),
        ("an empty batch", "[]", nil),
        ("a number in a batch", "[1]", nil),
        ("a fraction as id", #"{"jsonrpc":"2.0","id":1.5,"method":"echo"}"#, nil),
        ("an object as id", #"{"jsonrpc":"2.0","id":{},"method":"echo"}"#, nil),
        ("a boolean as id", #"{"jsonrpc":"2.0","id":true,"method":"echo"}"#, nil),
        ("a method that is a number", #"{"jsonrpc":"2.0","id":7,"method":1}"#, 7),
        ("params that are a string", #"{"jsonrpc":"2.0","id":7,"method":"echo","params":"bar"}"#, 7),
        ("another version", #"{"jsonrpc":"1.0","id":7,"method":"echo"}"#, 7),
        ("no version", #"{"id":7,"method":"echo"}"#, 7),
        ("two equal keys", #"{"jsonrpc":"2.0","id":7,"method":"echo","method":"fail"}"#, nil),
        ("two equal keys, one escaped", #"{"jsonrpc":"2.0","id":7,"method":"echo","m\u0065thod":"fail"}"#, nil),
        ("too deep", String(repeating: "[", count: 65) + String(repeating: "]", count: 65), nil),
    ]

    @Test(arguments: [FrameDecoder.Framing.lines, .headers], refusals)
    func refusal(framing: FrameDecoder.Framing, refusal: (String, String, Int?)) async throws {
        let server = try await ToyServer()
        let wire = try server.connect(framing)
        defer { wire.hangUp() }
        // Lines are told from headers by their first byte: establish the framing first.
        wire.send(#"{"jsonrpc":"2.0","id":"first","method":"echo"}"#)
        _ = try await wire.receive()
        wire.send(refusal.1)
        var reply = try await wire.receive()
        if let first = reply.array?.first { reply = first }
        #expect(reply["id"] == (refusal.2.map { .number(String($0)) } ?? .null), "\(refusal.0)")
        #expect(["parse_error", "invalid_request"].contains(reply["error"]["data"]["code"].string), "\(refusal.0): \(reply)")
        // The connection goes on.
        wire.send(#"{"jsonrpc":"2.0","id":"next","method":"echo"}"#)
        #expect(try await wire.receive()["id"] == "next")
    }

    @Test func everySplitOfAFrameGivesTheSameReply() async throws {
        let server = try await ToyServer()
        let message = #"{"jsonrpc":"2.0","id":1,"method":"echo","params":["é😀"]}"#
        let frame = Array(
            "Content-Length: \(message.utf8.count)\r\nContent-Type: application/vscode-jsonrpc; charset=utf8\r\n\r\n\(message)"
                .utf8)
        let wire = try server.connect(.headers)
        defer { wire.hangUp() }
        for split in 1..<frame.count {
            wire.send(raw: frame[..<split])
            await Task.yield()
            wire.send(raw: frame[split...])
        }
        for _ in 1..<frame.count { #expect(try await wire.receive()["result"][0] == "é😀") }
    }

    @Test func aLastLineNeedsNoLineFeed() async throws {
        let server = try await ToyServer()
        let wire = try server.connect()
        wire.send(raw: Array(#"{"jsonrpc":"2.0","id":1,"method":"echo"}"#.utf8))
        wire.finishSending()
        #expect(try await wire.receive()["id"] == 1)
        #expect(await wire.waitUntilClosed())
    }
}
