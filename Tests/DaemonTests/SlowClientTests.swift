import Protocol
import TestSupport
import Testing

/// Security bar D40: clients that stop half way cost the others nothing, and are closed in time.
@Suite struct SlowClientTests {
    @Test func `half frames do not delay a good client`() async throws {
        let daemon = try await DaemonProcess.start([
            "DBASSIST_LIMITS_HEADER_MS": "3000", "DBASSIST_LIMITS_BODY_MS": "3000",
            "DBASSIST_LIMITS_CLIENT_CONNECTIONS": "600",
        ])
        let count = TestScale.count(100, full: 500)
        let good = try daemon.client()
        _ = try await good.signUp()
        func median(_ count: Int) async throws -> Duration {
            var times: [Duration] = []
            for _ in 0..<count {
                let began = ContinuousClock.now
                try await good.call("project.list")
                times.append(ContinuousClock.now - began)
            }
            return times.sorted()[count / 2]
        }
        func sees(_ count: Int) async throws -> Bool {
            let deadline = ContinuousClock.now + .promptly
            while try await good.call("system.health")["connections"]["clients"].integer != count {
                guard ContinuousClock.now < deadline else { return false }
            }
            return true
        }
        let alone = try await median(100)
        let halves = [
            "Content-Length: 100", "Content-Length: 100\r\n\r\n{\"jsonrpc\":\"2.0\",", #"{"jsonrpc":"2.0","id":1,"#,
            "Content-Length: 5000\r\nContent-Ty",
        ]
        var slow: [TestClient] = []
        for number in 0..<count {
            let client = try daemon.client()
            client.wire.send(raw: Array(halves[number % halves.count].utf8))
            slow.append(client)
        }
        #expect(try await sees(count + 1))
        // Generous, because the tests share the machine: a daemon that waits for them would need seconds.
        if TestScale.isFull { #expect(try await median(100) < max(alone * 4, .milliseconds(20))) }
        for client in slow { #expect(await client.wire.waitUntilClosed(timeoutMs: 10_000)) }
        #expect(try await sees(1))
    }

    /// Security bar D40: a frame that comes a byte at a time is the same frame.
    @Test func `a request one byte at a time is answered`() async throws {
        let daemon = try await DaemonProcess.start()
        for framing in [FrameDecoder.Framing.lines, .headers] {
            let client = try daemon.client(framing)
            let body = #"{"jsonrpc":"2.0","id":7,"method":"system.health"}"#
            let text = framing == .lines ? body + "\n" : "Content-Length: \(body.utf8.count)\r\n\r\n" + body
            for byte in text.utf8 { client.wire.send(raw: [byte]) }
            #expect(try await client.wire.receive()["result"]["status"] == "ok")
        }
    }
}
