import Foundation
import TestSupport
import Testing

/// What a daemon opened and connected to, as strace(1) saw it.
struct Trace {
    /// Why tests that need it are skipped, where it does not work: it is not installed, or tracing is forbidden.
    static let isUsable =
        (try? ChildProcess.run(["strace", "-D", "-f", "-e", "trace=connect", "-o", "/dev/null", "true"])) != nil
    static let reason: Comment = "strace does not work here (Debian: apt install strace; containers: allow ptrace)"

    let opened: [String]
    /// `127.0.0.1:5432`, `[::1]:5432`, or the path of a Unix socket: of connections, and of what was sent without one.
    let connected: [String]

    /// What ``DaemonProcess/start(_:in:launcher:)`` needs. strace begins before the daemon gives up being traced; it detaches from
    /// the command, so that the daemon has the pid and a signal reaches it.
    static func launcher(_ file: String, _ calls: String = "connect,open,openat") -> [String] {
        ["strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=" + calls, "-e", "signal=none", "-o", file]
    }

    /// Every call that may name an address.
    static let contacts = "connect,sendto,sendmsg,sendmmsg"

    /// Reads it once the daemon has ended.
    init(_ file: String) throws {
        var opened: [String] = []
        var connected: [String] = []
        for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
            // Strings in which nothing is a quotation mark: what is of interest is never escaped.
            let quoted = line.split(separator: "\"", omittingEmptySubsequences: false).dropFirst().first.map(String.init)
            if line.contains(" connect(") {
                connected.append(Self.address(line, quoted ?? ""))
            } else if line.contains(" send"), let family = line.firstRange(of: "sa_family=")?.lowerBound {
                // Asking the kernel for its own addresses is no sending.
                let address = line[family...]
                let name = address.split(separator: "\"", omittingEmptySubsequences: false).dropFirst().first.map(String.init)
                if !address.hasPrefix("sa_family=AF_NETLINK") { connected.append(Self.address(address, name ?? "")) }
            } else if line.contains(" openat(") || line.contains(" open(") {
                opened.append(quoted ?? String(line))
            }
        }
        self.opened = opened
        self.connected = connected.filter { !$0.hasPrefix("/var/run/nscd/") }
    }

    private static func address(_ line: Substring, _ quoted: String) -> String {
        let port = line.firstRange(of: "_port=htons(").map { line[$0.upperBound...].prefix { $0.isNumber } } ?? ""
        if line.contains("AF_INET6") { return "[\(quoted)]:\(port)" }
        if line.contains("AF_INET,") { return "\(quoted):\(port)" }
        return line.contains("AF_UNIX") ? quoted : String(line)
    }
}
