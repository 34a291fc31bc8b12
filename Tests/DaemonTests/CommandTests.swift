import Foundation
import Glibc
import TestSupport
import Testing

/// The command line: what it prints and what it exits with.
@Suite struct CommandTests {
    @Test func `help and version exit with 0, mistakes with 64`() throws {
        let directory = try TemporaryDirectory()
        let version = try Command(["--version"], in: directory)
        #expect(version.status == 0 && version.output.split(separator: ".").count == 3)
        for arguments in [
            ["--help"], ["serve", "--help"], ["config", "--help"], ["doctor", "--help"], ["support-bundle", "--help"], [],
        ] {
            let help = try Command(arguments, in: directory)
            #expect(help.status == 0 && help.output.contains("USAGE: dbassistd"), "\(arguments)")
        }
        for arguments in [["--bogus"], ["bogus"], ["serve", "--state-dir"]] {
            #expect(try Command(arguments, in: directory).status == 64, "\(arguments)")
        }
        // Nothing of this has made anything.
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
    }

    @Test func `a wrong setting exits with 78 and names the nearest right one`() throws {
        let directory = try TemporaryDirectory()
        let file = directory.appending("config.yaml")
        func check(_ arguments: [String], _ settings: [String: String], _ parts: [String], _ yaml: String = "") throws {
            try yaml.write(toFile: file, atomically: false, encoding: .utf8)
            for command in ["config", "serve"] {
                let run = try Command([command] + arguments, in: directory, settings)
                #expect(run.status == 78, "\(command) \(arguments) \(settings): \(run.output)")
                for part in parts { #expect(run.output.contains(part), "\(run.output) lacks \(part)") }
            }
        }
        try check(
            [], ["DBASSIST_LIMITS_QUERY_TIMEOUT_M": "5"],
            ["DBASSIST_LIMITS_QUERY_TIMEOUT_M ", "DBASSIST_LIMITS_QUERY_TIMEOUT_MS"])
        try check([], ["DBASSIST_SOKET": "/x"], ["DBASSIST_SOCKET"])
        try check([], ["DBASSIST_LIMITS_PAGE_ROWS": "many"], ["limits.pageRows", "DBASSIST_LIMITS_PAGE_ROWS", "whole number"])
        try check(["--log-level", "loud"], [:], ["logLevel", "command line", "debug"])
        try check(["--config", file], [:], [file, "limits.pageRow ", "limits.pageRows"], "limits:\n  pageRow: 5\n")
        try check(["--config", file], [:], [file, "YAML", "line"], "limits: [\n")
        try check(["--config", file], [:], [file, "logLevel is set twice (line 2)"], "logLevel: debug\nlogLevel: info\n")
        try check(["--config", file], [:], [file, "limits.a.b"], "limits: &a\n  a: {b: *a}\n")
        try check(["--config", file], [:], [file, "a list holds"], "fileRoots: [/a, [/b]]\n")
        try check(["--config", file], [:], [file, "must be text"], "[1]: 2\n")
        try check(["--config", file], [:], [file, "limits is not a setting"], "limits: 5\n")
        try check(["--config", file], [:], ["the file is not a setting"], "only words\n")
        try check(["--config", file], [:], ["must be true or false"], "allowPrivateAddresses: yes\n")
        try check(["--config", directory.path], [:], ["cannot be read"])
        try check(["--config", directory.appending("none.yaml")], [:], ["does not exist"])
        #expect(mode(directory.appending("state")) == nil)
    }

    /// The operator's guide has a row for everything that `dbassistd config` lists, with its variable and its default.
    @Test func `every setting is in the guide`() throws {
        let directory = try TemporaryDirectory()
        let guide = try String(contentsOf: Repository.root.appending(path: "docs/operations.md"), encoding: .utf8)
        let settings = try Command(["config"], in: directory).output.split(separator: "\n").map { $0.split(separator: " ") }
            .filter { $0.count >= 3 }
        for setting in settings {
            let row = guide.split(separator: "\n").first { $0.hasPrefix("| `\(setting[0])` |") }
            // The directory, the socket and the log of tests are set by them.
            let isSet = ["stateDir", "socket", "logLevel", "logFormat"].contains(setting[0])
            let value = setting[1] == "-" || isSet ? "| " : "| `\(setting[1])` |"
            #expect(row?.contains(value) == true, "\(setting[0]) = \(setting[1])")
        }
        #expect(settings.count > 60)
    }

    @Test func `config says where each value came from`() throws {
        let directory = try TemporaryDirectory()
        let file = directory.appending("config.yaml")
        try "limits:\n  pageRows: 7\n  batchItems: 9\nlogLevel: debug\nfileRoots: [/a, '/b c']\nsocket:\n".write(
            toFile: file, atomically: false, encoding: .utf8)
        let run = try Command(
            ["config", "--config", file, "--log-level", "error"], in: directory, ["DBASSIST_LIMITS_BATCH_ITEMS": "11"])
        #expect(run.status == 0)
        func origin(_ name: String) -> [Substring] {
            run.output.split(separator: "\n").first { $0.hasPrefix(name + " ") }?.split(separator: " ", maxSplits: 2) ?? []
        }
        #expect(origin("limits.pageRows").dropFirst().first == "7" && origin("limits.pageRows").last?.contains(file) == true)
        #expect(run.output.contains("/a,/b c  (\(file))"))
        #expect(
            origin("limits.batchItems").dropFirst().first == "11"
                && origin("limits.batchItems").last?.contains("DBASSIST_LIMITS_BATCH_ITEMS") == true)
        #expect(origin("logLevel").dropFirst().first == "error" && origin("logLevel").last?.contains("command line") == true)
        #expect(origin("limits.resultRows").last?.contains("default") == true)
        // Nothing behind the colon leaves the default.
        #expect(origin("socket").last?.contains("default") == true || run.output.contains("DBASSIST_SOCKET"))
    }

    @Test func `doctor sees what is wrong`() async throws {
        let directory = try TemporaryDirectory()
        let fresh = try Command(["doctor"], in: directory)
        #expect(fresh.status == 0 && fresh.output.contains("libpq") && fresh.output.contains("SQLite"))
        let daemon = try await DaemonProcess.start(in: directory)
        // Beside a daemon too, and without changing anything.
        let beside = try Command(["doctor"], in: directory)
        #expect(beside.status == 0 && beside.output.contains("store.sqlite, sound"), "\(beside.output)")
        try await daemon.stop()
        let after = try Command(["doctor"], in: directory)
        #expect(after.status == 0 && after.output.contains("sound"))
        chmod(directory.appending("state/keyring"), 0o644)
        let broken = try Command(["doctor"], in: directory)
        #expect(broken.status == 1 && broken.output.contains("FAIL") && broken.output.contains("chmod 0600"))
    }
}
