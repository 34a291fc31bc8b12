import Protocol
import TestSupport
import Testing

/// Batches, and the forms of messages: the examples of the JSON-RPC 2.0 specification and what they leave open.
@Suite struct BatchTests {
    private func code(_ reply: JSONValue) -> String? { reply["error"]["data"]["code"].string }

    /// Security bar D48.
    @Test(arguments: Carrier.allCases) func batchesAreAnsweredInOneArray(carrier: Carrier) async throws {
        let (daemon, client) = try await carrier.start()
        let health = #"{"jsonrpc":"2.0","id":"a","method":"system.health"}"#
        let note = #"{"jsonrpc":"2.0","method":"initialized"}"#
        let empty = try await client.exchange("[]")
        #expect(code(empty) == "invalid_request" && empty["id"] == nil)
        let numbers = try await client.exchange("[1,2,3]")
        #expect(numbers.array?.count == 3)
        #expect((numbers.array ?? []).allSatisfy { code($0) == "invalid_request" && $0["id"].isNull })
        let mixed = try await client.exchange("[\(health),\(note),{\"foo\":\"boo\"},[\(health)]]", method: "system.health")
        #expect(mixed.array?.count == 3)
        #expect((mixed.array ?? []).filter { $0["id"] == "a" && $0.member("result") != nil }.count == 1)
        let most = try await client.exchange(
            "[" + Array(repeating: health, count: 50).joined(separator: ",") + "]", method: "system.health")
        #expect(most.array?.count == 50)
        let tooMany = try await client.exchange("[" + Array(repeating: health, count: 51).joined(separator: ",") + "]")
        #expect(code(tooMany) == "batch_too_large")
        #expect(tooMany["error"]["data"]["limit"] == "batchItems")
        // A batch of notifications is not answered: the next reply is the next request's.
        client.wire.send("[\(note),\(note)]")
        #expect(try await client.call("system.health")["status"] == "ok")
        #expect(client.wire.frameCount == 0)
        #expect(daemon.exitStatus == nil)
    }

    /// Security bar D46.
    @Test(arguments: [
        (#""text""#, true), (#""""#, true), ("0", true), ("-7", true), ("9007199254740993", true), ("null", true), ("1.5", false),
        ("1.0", false), ("1e3", false), ("true", false), ("[]", false), ("{}", false),
    ])
    func idsAreEchoedAsTheyAre(id: String, isTaken: Bool) async throws {
        let daemon = try await DaemonProcess.start()
        let reply = try await daemon.client().exchange(
            "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"system.health\"}", method: "system.health")
        if isTaken {
            #expect("\(reply["id"])" == id)
            #expect(reply["result"]["status"] == "ok")
        } else {
            #expect(code(reply) == "invalid_request" && reply["id"].isNull)
        }
    }

    /// Security bar D47: whatever is wrong with it, a notification is not answered.
    @Test(arguments: Carrier.sockets) func notificationsAreNeverAnswered(carrier: Carrier) async throws {
        let (daemon, client) = try await carrier.start()
        for _ in 0..<100 {
            client.notify("no.such.method")
            client.notify("project.create", ["name": 7])
            client.notify("auth.login", [1, 2, 3])
            client.notify("$/cancelRequest", ["id": 12345])
            client.notify("$/unknown")
            client.notify("auth.whoami")
            client.notify("system.health")
            client.wire.send(#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        }
        #expect(try await client.call("system.health")["status"] == "ok")
        #expect(client.wire.frameCount == 0)
        #expect(daemon.exitStatus == nil)
    }

    @Test(arguments: [
        #"{"id":1,"method":"system.health"}"#, #"{"jsonrpc":"1.0","id":1,"method":"system.health"}"#,
        #"{"jsonrpc":2.0,"id":1,"method":"system.health"}"#, #"{"jsonrpc":"2.0","id":1}"#,
        #"{"jsonrpc":"2.0","id":1,"method":1}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"system.health","params":"bar"}"#,
        #"{"jsonrpc":"2.0","id":1,"method":"system.health","params":null}"#, "{}",
    ])
    func whatIsNoRequestIsRefused(text: String) async throws {
        let daemon = try await DaemonProcess.start()
        let reply = try await daemon.client().exchange(text)
        #expect(code(reply) == "invalid_request")
        #expect(reply["id"] == (text == "{}" ? .null : 1))
    }

    /// Params may stand by position where a method has at most two.
    @Test func paramsMayStandByPosition() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        let account = try await client.signUp()
        try await client.call("auth.attach", [.string(account.token)])
        #expect(try await client.call("auth.sessions", [1])["items"].array?.count == 1)
        #expect(try await client.errorCode("auth.attach", []) == "invalid_params")
        #expect(try await client.errorCode("auth.attach", [.string(account.token), 1]) == "invalid_params")
        #expect(
            try await client.errorCode("auth.signup", ["Ada", "ada@example.com", "nine lives of an engine"]) == "invalid_params")
    }
}
