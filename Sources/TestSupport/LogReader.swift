import Glibc

/// Follows the stderr of a child to its end and then collects the child.
final class LogReader: Sendable {
    enum Change: Sendable {
        case log([UInt8])
        case exit(Int32)
    }

    private let descriptor: Int32
    private let pid: pid_t
    private let report: @Sendable (Change) -> Void

    init(descriptor: Int32, pid: pid_t, report: @escaping @Sendable (Change) -> Void) {
        self.descriptor = descriptor
        self.pid = pid
        self.report = report
    }

    func start() {
        BackgroundThread { self.run() }
    }

    private func run() {
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            report(.log(Array(chunk[0..<count])))
        }
        close(descriptor)
        // First look, then tell, then reap: whoever sends it a signal in between sends it to a process that is still its own.
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        let status = info._sifields._sigchld.si_status
        report(.exit(info.si_code == CLD_EXITED ? status : 128 + status))
        DaemonGuard.shared.drop(pid)
        _ = ChildProcess.wait(pid)
    }
}
