import CLinux
import Glibc

/// Makes the process's standard input and output fit for an event loop, whatever they are.
///
/// epoll takes pipes, sockets and terminals but not regular files: between such a file and the loop stands a pipe and a thread that
/// copies. Everything else is opened anew where it can be (`/proc/self/fd`), so that our non-blocking mode is not also that of
/// the shell or of stderr, which often share the open file.
struct StdioDescriptors {
    let input: Int32
    let output: Int32
    private let outputPump: PumpThread?

    init() throws(TransportError) {
        let input: Int32
        if Self.isRegular(STDIN_FILENO) {
            let (readEnd, writeEnd) = try Self.pipe()
            _ = try PumpThread(from: dup(STDIN_FILENO), to: writeEnd, name: "stdin")
            input = readEnd
        } else {
            input = try Self.own(STDIN_FILENO, O_RDONLY)
        }
        if Self.isRegular(STDOUT_FILENO) {
            let (readEnd, writeEnd) = try Self.pipe()
            outputPump = try PumpThread(from: readEnd, to: dup(STDOUT_FILENO), name: "stdout")
            output = writeEnd
        } else {
            outputPump = nil
            output = try Self.own(STDOUT_FILENO, O_WRONLY)
        }
        self.input = input
        // From here on nothing in the process can write to the client by accident: a stray print goes to stderr.
        dup2(STDERR_FILENO, STDOUT_FILENO)
    }

    /// Waits until everything written has reached a regular file; at once for anything else. Call after `output` is closed.
    func finish() { outputPump?.join() }

    private static func isRegular(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        // /dev/null and its like are as unfit for epoll as files.
        return status.st_mode & S_IFMT == S_IFREG || (status.st_mode & S_IFMT == S_IFCHR && isatty(descriptor) == 0)
    }

    private static func own(_ descriptor: Int32, _ mode: Int32) throws(TransportError) -> Int32 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .system("Standard \(mode == O_RDONLY ? "input" : "output") is closed", errno)
        }
        if status.st_mode & S_IFMT != S_IFSOCK {
            let reopened = open("/proc/self/fd/\(descriptor)", mode | O_CLOEXEC | O_NOCTTY)
            if reopened >= 0 { return reopened }
        }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .system("Standard \(mode == O_RDONLY ? "input" : "output") cannot be used", errno) }
        return copy
    }

    private static func pipe() throws(TransportError) -> (readEnd: Int32, writeEnd: Int32) {
        var ends: [Int32] = [-1, -1]
        guard linux_pipe_cloexec(&ends) == 0 else { throw .system("A pipe cannot be made", errno) }
        return (ends[0], ends[1])
    }
}
