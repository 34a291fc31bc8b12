import Foundation
import Protocol
import TestSupport
import Testing

/// Passwords are dear to hash, on purpose: who asks for many at once is told to come back.
@Suite struct HashQueueTests {
    /// Security bar C32. The memory is what the cores need and not what was asked for: 200 at once would be 12.8 GB.
    @Test func manyLogInsAtOnceAreRefusedAndNotHeld() async throws {
        let daemon = try await DaemonProcess.start([
            "DBASSIST_LIMITS_LOGIN_FAILURES": "100000", "DBASSIST_LIMITS_PASSWORD_HASH_QUEUE": "8",
        ])
        let clients = try (0..<100).map { _ in try daemon.client() }
        let sent = clients.map {
            ($0, $0.send("auth.login", ["email": .string(TestClient.newEmail()), "password": "not the password"]))
        }
        var outcomes: [String: Int] = [:]
        for (client, id) in sent {
            do {
                _ = try await client.result(of: id, "auth.login")
            } catch let failure as TestClient.Failure {
                outcomes[failure.code, default: 0] += 1
                if failure.code == "busy" {
                    #expect(failure.data["retryable"] == true)
                    #expect((failure.data["retryAfterMs"].integer ?? 0) > 0)
                }
            }
        }
        #expect(outcomes["busy", default: 0] > 0)
        #expect(outcomes["invalid_credentials", default: 0] >= 8)
        #expect(outcomes.values.reduce(0, +) == 100)
        let cores = ProcessInfo.processInfo.activeProcessorCount
        #expect(try peakMemoryKiB(daemon.pid) < (cores * 64 + 160) * 1024)
        // And then it goes on.
        _ = try await daemon.client().signUp()
    }

    private func peakMemoryKiB(_ pid: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
    }
}
