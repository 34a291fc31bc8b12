import Glibc
import Protocol
import TestSupport
import Testing

/// What a client sends without end or measure costs the daemon no memory without end or measure.
@Suite struct FloodTests {
    /// Security bar D49: requests are taken in as they are answered, and each is answered once.
    @Test func `a hundred thousand pipelined requests are all answered once, in bounded memory`() async throws {
        let first = try await DaemonProcess.start()
        let account = try await first.client().signUp()
        try await first.stop()
        // Another process, in which no password has been hashed: what that takes is never more than the most there was.
        let daemon = try await first.startAgain()
        let client = try daemon.client()
        let before = try daemon.memoryKiB("VmHWM")
        let count = 100_000
        let attach = #"{"jsonrpc":"2.0","method":"auth.attach","params":{"token":"\#(account.token)"}}"#
        let flood = try RequestFlood(socket: daemon.socketPath, count: count, before: [attach]) { id in
            // Every eighth reads the store, the others are answered on the spot.
            let method = id % 8 == 0 ? "project.list" : "system.health"
            return #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)"}"#
        }
        #expect(flood.answers.allSatisfy { $0 == 1 })
        #expect(flood.errors == 0 && flood.strays == 0)
        let rise = try daemon.memoryKiB("VmHWM") - before
        #expect(rise < 32 * 1024, "\(rise) KiB more")
        #expect(try await client.call("system.health")["status"] == "ok")
    }

    /// Security bar D38: what a header promises is not allocated, and only its own connection ends.
    @Test func `lengths that cannot be cost no memory`() async throws {
        let daemon = try await DaemonProcess.start()
        let good = try daemon.client()
        _ = try await good.signUp()
        let lengths = [
            "-1", "+5", "0x10", "12abc", "1e3", "2147483648", "9223372036854775808", "18446744073709551616",
            String(repeating: "9", count: 400), "8388609", "65537", "5\r\nContent-Length: 6",
        ]
        func round() async throws {
            for length in lengths {
                let bad = try daemon.client(.headers)
                bad.wire.send(raw: Array("Content-Length: \(length)\r\n\r\n{\"jsonrpc\"".utf8))
                #expect(await bad.wire.waitUntilClosed(timeoutMs: 20_000), "\(length)")
                #expect(bad.wire.frameCount <= 1, "\(length)")
                #expect(try await good.call("system.health")["status"] == "ok")
            }
        }
        // Once for what a first error costs: formatters, a second event loop's buffers.
        try await round()
        let before = try daemon.memoryKiB("VmRSS")
        for _ in 0..<5 { try await round() }
        let rise = try daemon.memoryKiB("VmRSS") - before
        #expect(rise < 1024, "\(rise) KiB more")
    }

    /// Security bar D39: a header block that never ends is read no further than its limit.
    @Test func `a header without end costs no memory`() async throws {
        let daemon = try await DaemonProcess.start()
        let before = try daemon.memoryKiB("VmHWM")
        let bad = try daemon.client(.headers)
        let piece = Array(repeating: UInt8(ascii: "X"), count: 1 << 20)
        bad.wire.send(raw: Array("X-Long: ".utf8))
        for _ in 0..<TestScale.count(64, full: 1024) { bad.wire.send(raw: piece) }
        #expect(await bad.wire.waitUntilClosed(timeoutMs: 20_000))
        #expect(bad.wire.frameCount <= 1)
        let rise = try daemon.memoryKiB("VmHWM") - before
        #expect(rise < 1024, "\(rise) KiB more")
        #expect(try await daemon.client().call("system.health")["status"] == "ok")
    }
}
