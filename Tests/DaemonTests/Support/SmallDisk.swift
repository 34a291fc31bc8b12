import Foundation
import Glibc
import TestSupport
import Testing

/// A file system of a few megabytes that only those see who are started by ``launcher``: a tmpfs in a mount namespace of its own,
/// which a process holds that ends with the value.
final class SmallDisk: Sendable {
    /// Why tests that need it are skipped, where it does not work.
    static let isUsable = (try? ChildProcess.run(unshare + ["mount", "-t", "tmpfs", "none", "/mnt"])) != nil
    static let reason: Comment =
        "no namespace with a file system of its own can be made here (as root, or with unprivileged user namespaces)"

    private static var unshare: [String] { ["unshare"] + (getuid() == 0 ? ["-m"] : ["-r", "-m"]) }

    private let holder: pid_t
    private let input: Int32
    private let path: String

    /// Mounts it at `path`, which is made, with mode 0700.
    init(at path: String, bytes: Int) throws {
        self.path = path
        try ChildProcess.run(["install", "-d", "-m", "700", path])
        let (order, answer) = try (ChildProcess.pipe(), ChildProcess.pipe())
        let script = "mount -t tmpfs -o size=\(bytes),mode=700 none \"$0\" && echo done && cat >/dev/null"
        holder = try ChildProcess.start(
            Self.unshare + ["sh", "-c", script, path], standardInput: order.reading, standardOutput: answer.writing,
            standardError: STDERR_FILENO)
        input = order.writing
        close(order.reading)
        close(answer.writing)
        var byte: UInt8 = 0
        let isMounted = read(answer.reading, &byte, 1) == 1
        close(answer.reading)
        guard isMounted else { throw ChildProcess.Failure("nothing could be mounted at \(path)") }
    }

    deinit {
        close(input)
        _ = ChildProcess.wait(holder)
    }

    /// What starts a program that sees it, and becomes that program.
    var launcher: [String] {
        let user = getuid() == 0 ? [] : ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", String(holder), "-m"] + user + ["--"]
    }

    private func run(_ script: String) throws {
        try ChildProcess.run(launcher + ["sh", "-c", script, path])
    }

    /// Leaves no byte.
    func fill() throws { try run("cat /dev/zero > \"$0/ballast\" 2>/dev/null || true") }

    /// Gives back what ``fill()`` took.
    func free() throws { try run("rm -f \"$0/ballast\"") }

    /// Nothing may have a file of it open for writing.
    func remount(readOnly: Bool) throws { try run("mount -o remount,\(readOnly ? "ro" : "rw") \"$0\"") }

    /// What `sqlite3` says of the store.
    func look(_ sql: String) throws -> String {
        try ChildProcess.run(launcher + ["sqlite3", "-batch", path + "/store.sqlite", sql])
    }
}
