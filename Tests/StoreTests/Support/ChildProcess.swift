import Glibc

/// A process of a test, and what it writes to one of its descriptors.
struct ChildProcess {
    let pid: pid_t
    /// The reading end.
    let output: Int32

    /// Starts `program` with its descriptor `descriptor` as a pipe to us; other output goes nowhere.
    init(_ program: String, _ arguments: [String], environment added: [String] = [], descriptor: Int32) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure(number: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        for quiet: Int32 in [1, 2] { posix_spawn_file_actions_addopen(&actions, quiet, "/dev/null", O_WRONLY, 0) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], descriptor)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { $0.withCString { strdup($0) } }
        argv.append(nil)
        var environment: [UnsafeMutablePointer<CChar>?] = added.map { $0.withCString { strdup($0) } }
        var entry = environ
        while let text = entry.pointee {
            environment.append(strdup(text))
            entry += 1
        }
        environment.append(nil)
        defer { for text in argv + environment { free(text) } }
        var pid = pid_t()
        let status = posix_spawn(&pid, program, &actions, nil, &argv, &environment)
        close(ends[1])
        guard status == 0 else { throw Failure(number: status) }
        self.pid = pid
        output = ends[0]
    }

    /// Reads until `isEnough` or the end of the output, kills the process, and reads what is left.
    ///
    /// - Returns: all lines, and whether it had to be killed.
    func linesUntilKilled(_ isEnough: (Int) -> Bool) -> (lines: [String], isKilled: Bool) {
        var said: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var lines = 0
        var isKilled = false
        while true {
            let got = read(output, &buffer, buffer.count)
            guard got > 0 else { break }
            said += buffer[..<got]
            lines += buffer[..<got].reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
            if !isKilled, isEnough(lines) {
                kill(pid, SIGKILL)
                isKilled = true
            }
        }
        close(output)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return (String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init), isKilled)
    }

    struct Failure: Error { var number: Int32 }
}
