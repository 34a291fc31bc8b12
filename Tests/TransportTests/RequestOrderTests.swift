import NIOCore
import Protocol
import TestSupport
import Testing

@testable import Transport

/// Concurrency, barriers, cancelling and back-pressure of one connection.
@Suite(.timeLimit(.minutes(1))) struct RequestOrderTests {
    private func request(_ id: Int, _ method: String, _ params: String = "[]") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#
    }

    @Test func requestsOvertakeEachOther() async throws {
        let server = try await ToyServer()
        let wire = try server.connect()
        defer { wire.hangUp() }
        wire.send(request(1, "gate", #"["a"]"#))
        wire.send(request(2, "echo"))
        #expect(try await wire.receive()["id"] == 2)
        wire.send(request(3, "open", #"["a"]"#))
        #expect(try await wire.receive()["id"] == 3)
        #expect(try await wire.receive()["id"] == 1)
    }

    @Test func laterRequestsWaitForABarrier() async throws {
        let server = try await ToyServer()
        let wire = try server.connect()
        defer { wire.hangUp() }
        wire.send(request(1, "login") + "\n" + request(2, "echo") + "\n" + request(3, "fail"))
        #expect(try await wire.receive()["id"] == 1)
        #expect(try await wire.receive()["id"] == 2)
        #expect(try await wire.receive()["id"] == 3)
    }

    @Test func aLargeFrameRightBehindALoginIsTaken() async throws {
        let server = try await ToyServer()
        let wire = try server.connect(.headers)
        defer { wire.hangUp() }
        wire.send(request(1, "login"))
        wire.send(request(2, "echo", "[\"" + String(repeating: "x", count: 200_000) + "\"]"))
        #expect(try await wire.receive()["id"] == 1)
        #expect(try await wire.receive()["result"][0].string?.count == 200_000)
    }

    @Test func aLargeFrameWithoutLoginIsRefusedAndEndsTheConnection() async throws {
        let server = try await ToyServer()
        let wire = try server.connect(.headers)
        wire.send(request(2, "echo", "[\"" + String(repeating: "x", count: 200_000) + "\"]"))
        let reply = try await wire.receive()
        #expect(reply["error"]["data"]["code"] == "request_too_large")
        #expect(reply["error"]["data"]["limit"] == "bodyBeforeLoginBytes")
        #expect(await wire.waitUntilClosed())
    }

    @Test func cancelIsSeenWhileEverythingIsBusy() async throws {
        let server = try await ToyServer { $0.requestsInFlight = 4 }
        let wire = try server.connect()
        defer { wire.hangUp() }
        for id in 1...10 { wire.send(request(id, "wait")) }
        // One that waits is answered at once; one that runs is cancelled and answers.
        wire.send(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":9}}"#)
        #expect(try await wire.receive()["id"] == 9)
        wire.send(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}"#)
        let reply = try await wire.receive()
        #expect(reply["id"] == 2)
        #expect(reply["error"]["data"]["code"] == "cancelled")
    }

    @Test func anIDInFlightCannotBeUsedAgain() async throws {
        let server = try await ToyServer()
        let wire = try server.connect()
        defer { wire.hangUp() }
        wire.send(request(1, "gate", #"["a"]"#))
        wire.send(request(1, "echo"))
        let reply = try await wire.receive()
        #expect(reply["id"] == .null)
        #expect(reply["error"]["data"]["code"] == "invalid_request")
        wire.send(request(2, "open", #"["a"]"#))
        _ = try await wire.receive { $0["id"] == 1 }
        wire.send(request(1, "echo"))
        _ = try await wire.receive { $0["id"] == 1 }
    }

    @Test func everyOneOfManyPipelinedRequestsIsAnsweredOnce() async throws {
        let server = try await ToyServer()
        let wire = try server.connect()
        defer { wire.hangUp() }
        wire.send(request(0, "open", #"["a"]"#))
        _ = try await wire.receive()
        let count = 5_000
        let sender = Task { [wire] in
            for id in 1...count { wire.send(request(id, id % 3 == 0 ? "echo" : "gate", #"["a"]"#)) }
        }
        var seen: Set<Int> = []
        for _ in 1...count { seen.insert(try await wire.receive()["id"].integer ?? -1) }
        await sender.value
        #expect(seen == Set(1...count))
    }

    @Test func aThousandNotificationsAreNotAnswered() async throws {
        let server = try await ToyServer()
        let wire = try server.connect()
        defer { wire.hangUp() }
        for index in 0..<1000 {
            wire.send(#"{"jsonrpc":"2.0","method":"\#(index % 2 == 0 ? "fail" : "nothing")","params":[\#(index)]}"#)
        }
        wire.send(request(1, "echo"))
        #expect(try await wire.receive()["id"] == 1)
        #expect(wire.frameCount == 0)
    }

    @Test func aBatchOverTheLimitIsRefusedWhole() async throws {
        let server = try await ToyServer()
        let wire = try server.connect()
        defer { wire.hangUp() }
        let batch = { (count: Int) in "[" + (1...count).map { request($0, "echo") }.joined(separator: ",") + "]" }
        wire.send(batch(51))
        #expect(try await wire.receive()["error"]["data"]["code"] == "batch_too_large")
        wire.send(batch(50))
        #expect(try await wire.receive().array?.count == 50)
    }

    @Test func aClosedConnectionCancelsItsRequests() async throws {
        let server = try await ToyServer()
        let wire = try server.connect()
        for id in 1...3 { wire.send(request(id, "wait")) }
        wire.send(request(4, "echo"))
        _ = try await wire.receive()
        wire.hangUp()
        while server.service.cancelledCount < 3 || server.service.disconnects < 1 { await Task.yield() }
    }

    @Test func exitEndsTheConnection() async throws {
        let server = try await ToyServer()
        let wire = try server.connect()
        wire.send(#"{"jsonrpc":"2.0","method":"exit"}"#)
        #expect(await wire.waitUntilClosed())
        let other = try server.connect()
        defer { other.hangUp() }
        other.send(request(1, "echo"))
        #expect(try await other.receive()["id"] == 1)
    }

    @Test func aReplyOverTheLimitBecomesAnError() async throws {
        let server = try await ToyServer { $0.outputBytes = 1 << 20 }
        let wire = try server.connect()
        defer { wire.hangUp() }
        wire.send(request(1, "big", "[2000000]"))
        #expect(try await wire.receive()["error"]["data"]["code"] == "response_too_large")
    }

    @Test func aReaderThatTakesNothingIsDropped() async throws {
        let server = try await ToyServer {
            $0.outputStallMs = 600
            $0.outputBytes = 32 << 20
        }
        let wire = try RawSocket(path: server.path)
        for id in 1...8 { wire.send(request(id, "big", "[900000]") + "\n") }
        while server.service.disconnects < 1 { await Task.yield() }
        wire.close()
    }

    @Test func drainAnswersWhatIsInFlightAndThenFails() async throws {
        let server = try await ToyServer()
        let wire = try server.connect()
        wire.send(request(1, "wait"))
        wire.send(request(2, "echo"))
        _ = try await wire.receive()
        try await server.channel.close()
        await server.server.drain(graceMs: 200)
        let reply = try await wire.receive()
        #expect(reply["id"] == 1)
        #expect(reply["error"]["data"]["code"] == "shutting_down")
        #expect(await wire.waitUntilClosed())
    }
}
