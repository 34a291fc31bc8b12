import Foundation
import Glibc
import TestSupport
import Testing

/// Figures for collectors, over HTTP on a socket of their own.
@Suite struct MetricsSocketTests {
    private func ask(_ socket: String, _ arguments: [String]) throws -> String {
        try ChildProcess.run(["curl", "-sS", "--max-time", "20", "--unix-socket", socket] + arguments)
    }

    @Test func `a collector reads what system.metrics answers`() async throws {
        let directory = try TemporaryDirectory()
        let socket = directory.appending("metrics/m.sock")
        let daemon = try await DaemonProcess.start(["DBASSIST_METRICS_SOCKET": socket], in: directory)
        let client = try daemon.client()
        _ = try await client.signUp()
        try await daemon.waitForLog(containing: "serving metrics")
        let text = try ask(socket, ["http://localhost/metrics"])
        let own = try await client.call("system.metrics")["text"].string ?? ""
        func names(_ text: String) -> Set<Substring> { Set(text.split(separator: "\n").filter { $0.hasPrefix("# TYPE") }) }
        #expect(names(text) == names(own) && names(text).count > 10)
        #expect(text.contains("dbassistd_requests_total{method=\"auth.signup\",outcome=\"ok\"} 1"))
        let head = try ask(socket, ["--head", "http://localhost/metrics"])
        #expect(head.contains("200 OK") && head.lowercased().contains("content-type: text/plain; version=0.0.4"))
        #expect(try ask(socket, ["-i", "http://localhost/other"]).contains("404 Not Found"))
        #expect(try ask(socket, ["-i", "-d", "x=1", "http://localhost/metrics"]).contains("405 Method Not Allowed"))
        // Two on one connection, and what is no HTTP.
        #expect(try ask(socket, ["http://localhost/metrics", "http://localhost/metrics"]).contains("dbassistd_uptime_seconds"))
        let stranger = try WireConnection(socket: socket)
        stranger.send(raw: Array("\u{16}\u{3}\u{1} nothing\r\n\r\n".utf8))
        #expect(try await client.call("system.health")["status"] == "ok")
        var status = stat()
        #expect(lstat(socket, &status) == 0 && status.st_mode & 0o077 == 0)
        #expect(try await daemon.stop() == 0)
        #expect(lstat(socket, &status) != 0)
    }
}
