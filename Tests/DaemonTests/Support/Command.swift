import Foundation
import Glibc
import TestSupport

/// `dbassistd` with arguments, run to its end beside whatever daemon there is.
struct Command {
    let status: Int32
    let output: String

    /// - Parameter umask: of the new process, in octal.
    /// - Parameter launcher: what starts it: a tracer.
    init(
        _ arguments: [String], in directory: TemporaryDirectory, _ settings: [String: String] = [:], umask: String = "022",
        launcher: [String] = []
    ) throws {
        let log = directory.appending("command-\(UInt64.random(in: 0...UInt64.max)).log")
        let pid = try ChildProcess.start(
            launcher + Self.line(arguments, umask: umask), log: log, environment: Self.environment(directory, settings))
        status = ChildProcess.wait(pid)
        output = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        unlink(log)
    }

    /// Starts it and does not wait; the caller collects the process.
    static func start(
        _ arguments: [String], in directory: TemporaryDirectory, _ settings: [String: String] = [:], umask: String = "022",
        log: String? = nil
    ) throws -> pid_t {
        try ChildProcess.start(line(arguments, umask: umask), log: log, environment: environment(directory, settings))
    }

    private static func line(_ arguments: [String], umask: String) -> [String] {
        ["sh", "-c", "umask \(umask); exec \"$@\"", "sh", Repository.daemon.path()] + arguments
    }

    private static func environment(_ directory: TemporaryDirectory, _ settings: [String: String]) -> [String] {
        let usual = [
            "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": directory.appending("home"),
            "XDG_CONFIG_HOME": directory.appending("config"), "DBASSIST_STATE_DIR": directory.appending("state"),
            "DBASSIST_SOCKET": directory.appending("run/d.sock"),
        ]
        return usual.merging(settings) { $1 }.filter { !$0.value.isEmpty }.map { "\($0.key)=\($0.value)" }
    }
}

/// What `lstat` says of a path: kind and permissions, in octal as `stat(1)` has it; nil where nothing is.
func mode(_ path: String) -> String? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return String(status.st_mode, radix: 8)
}
