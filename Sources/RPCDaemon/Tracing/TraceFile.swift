import Glibc
import Logging
import Protocol
import Synchronization

/// A file that lines are appended to. Once it would have more than `bytesMax` it becomes `<path>.1`, in place of the one before, and a
/// new one begins; so both together never have more than twice that.
final class TraceFile: Sendable {
    private struct State {
        var descriptor: Int32
        var bytes: Int
        var isFailing = false
    }

    private let path: String
    private let bytesMax: Int
    private let logger: Logger
    private let state: Mutex<State>

    /// - Throws: a sentence that names the file.
    init(path: String, bytesMax: Int, logger: Logger) throws(ConfigurationError) {
        let descriptor = Self.open(path)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            throw ConfigurationError("traceFile: \(path) cannot be written: \(String(cString: strerror(errno))).")
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw ConfigurationError("traceFile: \(path) is no file.") }
        self.path = path
        self.bytesMax = bytesMax
        self.logger = logger
        state = Mutex(State(descriptor: descriptor, bytes: Int(status.st_size)))
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    /// Appends a line, ended by its newline. What the disk refuses is lost; that is logged, once until it takes lines again.
    func append(_ line: JSONText) {
        let problem: Int32? = state.withLock { state in
            line.withUnsafeBytes { bytes in
                if state.bytes + bytes.count > bytesMax, state.bytes > 0 { rotate(&state) }
                let count = write(state.descriptor, bytes.baseAddress, bytes.count)
                let number = count == bytes.count ? 0 : count < 0 ? errno : ENOSPC
                state.bytes += max(0, count)
                defer { state.isFailing = number != 0 }
                // A part of a line would spoil the next.
                if count > 0, number != 0 { _ = ftruncate(state.descriptor, off_t(state.bytes - count)) }
                return number != 0 && !state.isFailing ? number : nil
            }
        }
        guard let problem else { return }
        logger.error("traces are lost", metadata: ["file": "\(path)", "error": "\(String(cString: strerror(problem)))"])
    }

    private func rotate(_ state: inout State) {
        guard rename(path, path + ".1") == 0 || errno == ENOENT else { return }
        let next = Self.open(path)
        guard next >= 0 else { return }
        close(state.descriptor)
        state.descriptor = next
        state.bytes = 0
    }

    private static func open(_ path: String) -> Int32 {
        Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
    }
}
