import Glibc
import Protocol
import Synchronization

/// A file without a name: gone with its descriptor, also when the daemon is killed.
final class SpoolFile: Sendable {
    private let descriptor: Int32

    /// In `directory`, which must exist. Mode 0600 even for the instant it may have a name.
    init(in directory: String) throws(DatabaseError) {
        // O_TMPFILE, whose value Glibc's module cannot compute; file systems without it get a name for a moment.
        var opened = open(directory, 0o20_000_000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o600)
        if opened < 0 {
            var template = Array((directory + "/spool-XXXXXX").utf8CString)
            opened = mkstemp(&template)
            if opened >= 0 {
                unlink(template)
                _ = fcntl(opened, F_SETFD, FD_CLOEXEC)
            }
        }
        guard opened >= 0 else { throw SpoolFile.failure("open") }
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// Blocks; on the thread of the connection that produces the rows.
    func write(_ text: JSONText, at offset: Int) throws(DatabaseError) {
        let isWritten = text.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = pwrite(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, offset + done)
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return false }
                done += count
            }
            return true
        }
        guard isWritten else { throw SpoolFile.failure("write") }
    }

    /// Reads on a thread kept for that.
    func read(at offset: Int, count: Int) async throws(DatabaseError) -> JSONText {
        let result = Completion<Result<JSONText, DatabaseError>>()
        let reader = try SpoolFile.reader()
        let isPosted = reader.post { [self] in result.complete(blockingRead(at: offset, count: count)) }
        guard isPosted else {
            throw DatabaseError(.busy, phase: .fetch, "Too many results are being read; try again.", retryable: true)
        }
        return try await result.value().get()
    }

    private func blockingRead(at offset: Int, count: Int) -> Result<JSONText, DatabaseError> {
        var writer = JSONWriter(capacity: count)
        writer.withScratch(count) { buffer in
            var done = 0
            while done < count {
                let read = pread(descriptor, buffer + done, count - done, offset + done)
                if read < 0, errno == EINTR { continue }
                if read <= 0 { break }
                done += read
            }
            return done
        }
        return writer.count == count ? .success(writer.take()) : .failure(SpoolFile.failure("read"))
    }

    private static func failure(_ call: String) -> DatabaseError {
        DatabaseError(
            .internal, phase: .fetch, "The daemon could not keep the result on disk; ask for fewer rows.",
            debugDescription: "spool \(call): errno \(errno)")
    }

    private static let sharedReader = Mutex<DatabaseThread?>(nil)

    /// Started with the first read.
    private static func reader() throws(DatabaseError) -> DatabaseThread {
        let result: Result<DatabaseThread, DatabaseError> = sharedReader.withLock { shared in
            if let shared { return .success(shared) }
            do throws(DatabaseError) {
                let thread = try DatabaseThread(name: "dbassist-spool", jobsMax: 1024)
                shared = thread
                return .success(thread)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
