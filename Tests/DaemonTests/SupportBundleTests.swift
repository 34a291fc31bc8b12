import Foundation
import Glibc
import TestSupport
import Testing

/// `dbassistd support-bundle`: what it tells, and what not.
@Suite struct SupportBundleTests {
    /// A heading's lines.
    private func part(_ name: String, of text: String) -> [Substring] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: "## \(name)") else { return [] }
        return lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }.filter { !$0.isEmpty }
    }

    /// What stands behind a name in a part.
    private func value(_ name: String, in lines: [Substring]) -> String? {
        lines.first { $0.hasPrefix(name + " ") }.map { $0.dropFirst(name.count).drop { $0 == " " } }.map(String.init)
    }

    @Test(arguments: [false, true]) func `it tells of a working daemon and its store`(onPostgreSQL: Bool) async throws {
        let directory = try TemporaryDirectory()
        var settings = ["DBASSIST_METRICS_SOCKET": directory.appending("m.sock"), "DBASSIST_LIMITS_PAGE_ROWS": "7"]
        if onPostgreSQL {
            let server = try PostgreSQLServer.shared()
            settings["DBASSIST_STORE"] = server.socketURI(database: try server.makeDatabase())
        }
        let bench = try await Workbench.start(settings, engines: [.sqlite])
        for number in 0..<3 { try await bench.run(.sqlite, "SELECT \(number)") }
        _ = try await bench.client.failure("query.run", ["projectId": .string(bench.project(.sqlite)), "sql": "SELECT nothing"])
        let pid = bench.daemon.pid
        let log = directory.appending("log")
        let canary = "postgresql://u:canary-password@db.example.org/x"
        try "old\n{\"message\":\"x\",\"error\":\"\(canary) of ada@example.org\"}\n\u{1B}[2J## Forged\n".write(
            toFile: log, atomically: false, encoding: .utf8)
        let run = try Command(["support-bundle", "-", "--log", log], in: bench.daemon.directory, settings)
        #expect(run.status == 0)
        let text = run.output
        #expect(value("dbassistd", in: part("Versions", of: text)) != nil)
        #expect(value("distribution", in: part("Machine", of: text))?.isEmpty == false)
        #expect(part("Doctor", of: text).contains { $0.hasPrefix("ok    store") })
        let configuration = part("Configuration", of: text)
        #expect(value("limits.pageRows", in: configuration)?.hasPrefix("7  (DBASSIST_LIMITS_PAGE_ROWS)") == true)
        #expect(configuration.last?.hasSuffix("others as this version has them by default") == true)
        #expect(value("limits.pageBytes", in: configuration) == nil)
        #expect(part("State directory", of: text).contains { $0.hasPrefix("100600  own") && $0.hasSuffix("  keyring") })
        let store = part("Store", of: text)
        #expect(value("engine", in: store) == (onPostgreSQL ? "PostgreSQL" : "SQLite"))
        #expect(value("users", in: store) == "1" && value("projects sqlite", in: store) == "1", "\(store)")
        // History may be a moment late.
        #expect(Int(value("queries", in: store) ?? "") ?? 9 <= 4)
        #expect(part("Keys", of: text).count == 2)
        let daemon = part("Daemon", of: text)
        #expect(value("health", in: daemon)?.contains(#""status":"ok""#) == true)
        #expect(value("process", in: daemon) == "\(pid)" && value("Threads", in: daemon) != nil, "\(daemon)")
        #expect(part("Metrics", of: text).contains { $0.hasPrefix("dbassistd_uptime_seconds ") })
        #expect(part("Log", of: text).count == 3 && part("Forged", of: text).isEmpty)
        // Nothing of anybody's.
        for secret in ["canary-password", "ada@example.org", bench.account.email, bench.account.token, "SELECT", bench.file] {
            #expect(!text.contains(secret), "\(secret)")
        }
        #expect(try await bench.daemon.stop() == 0)
    }

    @Test func `it helps where nothing works`() throws {
        let directory = try TemporaryDirectory()
        let home = directory.appending("home")
        let wrong = ["DBASSIST_SOKET": home + "/x"]
        let broken = try Command(["support-bundle", "-"], in: directory, wrong)
        #expect(broken.status == 0 && broken.output.contains("FAIL  configuration") && broken.output.contains("did you mean"))
        // Nothing is there, and nothing is made.
        let fresh = try Command(["support-bundle", "-"], in: directory)
        #expect(fresh.status == 0 && part("Daemon", of: fresh.output).first?.contains("No daemon of yours answers") == true)
        #expect(mode(directory.appending("state")) == nil)
        // What is there is no socket, no keyring, and no store.
        try FileManager.default.createDirectory(atPath: directory.appending("state"), withIntermediateDirectories: false)
        for name in ["state/keyring", "state/store.sqlite", "d.sock"] {
            try "nonsense".write(toFile: directory.appending(name), atomically: false, encoding: .utf8)
        }
        let damaged = try Command(["support-bundle", "-"], in: directory, ["DBASSIST_SOCKET": directory.appending("d.sock")])
        #expect(
            damaged.status == 0 && part("Doctor", of: damaged.output).count { $0.hasPrefix("FAIL") } == 3, "\(damaged.output)")
        #expect(!part("Store", of: damaged.output).isEmpty && !part("Keys", of: damaged.output).isEmpty)
    }

    /// A daemon that takes a connection and says nothing holds it up for seconds, not for ever.
    @Test func `it does not wait for who does not answer`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.appending("d.sock")
        let silent = try ChildProcess.start(
            ["socat", "UNIX-LISTEN:\(path),ignoreeof", "EXEC:sleep 60"], log: nil, environment: ["PATH=/usr/bin:/bin"])
        defer {
            kill(silent, SIGKILL)
            _ = ChildProcess.wait(silent)
        }
        while mode(path) == nil { usleep(10_000) }
        let run = try Command(["support-bundle", "-"], in: directory, ["DBASSIST_SOCKET": path])
        #expect(run.status == 0 && part("Daemon", of: run.output).first?.contains("does not answer") == true, "\(run.output)")
    }

    @Test func `the file is its owner's, and overwrites nothing`() throws {
        let directory = try TemporaryDirectory()
        let file = directory.appending("bundle")
        let home = directory.appending("home")
        // Paths of the home directory, and of another with a longer name.
        let log = directory.appending("log")
        try "in \(home)/x and \(home)2/x\n".write(toFile: log, atomically: false, encoding: .utf8)
        let first = try Command(["support-bundle", file, "--log", log], in: directory)
        #expect(first.status == 0 && first.output == "wrote \(file); read it before you send it\n")
        #expect(mode(file) == "100600")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(part("Log", of: text) == ["in ~/x and \(home)2/x"])
        let again = try Command(["support-bundle", file], in: directory)
        #expect(again.status == 1 && again.output.contains("File exists"))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        symlink(log, directory.appending("link"))
        #expect(try Command(["support-bundle", directory.appending("link")], in: directory).status == 1)
        #expect(try Command(["support-bundle", file + "2", "--log", file + "3"], in: directory).status == 1)
        // A long log: its last lines.
        let long = (0..<100_000).map { "line \($0)" }.joined(separator: "\n")
        try long.write(toFile: log, atomically: false, encoding: .utf8)
        let tail = part("Log", of: try Command(["support-bundle", "-", "--log", log], in: directory).output)
        #expect(tail.count == 500 && tail.last == "line 99999" && tail.first == "line 99500")
    }
}
