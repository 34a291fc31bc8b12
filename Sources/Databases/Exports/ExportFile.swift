import Glibc
import Synchronization

/// A file that an export is written to: it has no name until it is whole, then it has its own, in one step.
///
/// It has a thread of its own, since a disk may be slow or never answer. Mode 0600. Gone without a trace if it is dropped before
/// ``publish()`` (where a file system cannot make files without a name, unless the daemon is killed: then it stays behind as
/// `.dbassist-export-…`).
public final class ExportFile: Sendable {
    private let thread: DatabaseThread
    private let writer: Mutex<Writer>
    /// Absolute, without symbolic links.
    public let path: String

    /// Checks the path and begins the file. Errors are those of ``ExportTarget``, and `file_failed` with the step that failed.
    public static func begin(
        _ path: String, overwrite: Bool, policy: ConnectionPolicy
    ) async throws(DatabaseError) -> ExportFile {
        let thread = try DatabaseThread(name: "dbassist-export")
        let file = try await run(on: thread) {
            Result<ExportFile, DatabaseError> { () throws(DatabaseError) in
                try ExportFile(path, overwrite: overwrite, policy: policy, thread)
            }
        }
        return try file.get()
    }

    private init(_ path: String, overwrite: Bool, policy: ConnectionPolicy, _ thread: DatabaseThread) throws(DatabaseError) {
        let target = try ExportTarget(path, overwrite: overwrite, policy: policy)
        self.path = target.path
        self.thread = thread
        writer = Mutex(try Writer(target))
    }

    /// Appends what `export` has so far, and answers its size and how many of its cells were cut.
    public func write(_ export: ResultExport) async throws(DatabaseError) -> (bytes: Int, cutCells: Int) {
        let result = try await Self.run(on: thread) { [self] in
            Result<(Int, Int), DatabaseError> { () throws(DatabaseError) in
                let (bytes, cutCells) = export.takeBytes()
                let failure: DatabaseError? = writer.withLock { $0.write(bytes) }
                if let failure { throw failure }
                return (bytes.count, cutCells)
            }
        }
        return try result.get()
    }

    /// Makes the file durable and gives it its name. Once, last.
    public func publish() async throws(DatabaseError) {
        let failure: DatabaseError? = try await Self.run(on: thread) { [self] in writer.withLock { $0.publish() } }
        if let failure { throw failure }
    }

    /// Leaves nothing of a file that was not published; what is gone once this returns.
    public func discard() async {
        _ = try? await Self.run(on: thread) { [self] in writer.withLock { $0.discard() } }
    }

    private static func run<Value: Sendable>(
        on thread: DatabaseThread, _ body: @escaping @Sendable () -> Value
    ) async throws(DatabaseError) -> Value {
        let result = Completion<Value>()
        guard thread.post({ result.complete(body()) }) else { throw .stopped }
        return await result.value()
    }
}

/// The calls behind an ``ExportFile``. All block.
private struct Writer: ~Copyable {
    private let target: ExportTarget
    private var descriptor: Int32
    /// The name it has meanwhile, where there are no files without one.
    private var temporaryName: String?

    init(_ target: ExportTarget) throws(DatabaseError) {
        self.target = target
        // O_TMPFILE, whose value Glibc's module cannot compute.
        descriptor = open("/proc/self/fd/\(target.directory)", 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC, 0o600)
        if descriptor < 0, [EOPNOTSUPP, EISDIR, EINVAL, ENOENT].contains(errno) {
            let name = Self.newName()
            descriptor = openat(target.directory, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0o600)
            if descriptor >= 0 { temporaryName = name }
        }
        guard descriptor >= 0 else { throw ExportTarget.failed(.open, errno) }
        fchmod(descriptor, 0o600)
    }

    deinit {
        if let temporaryName { unlinkat(target.directory, temporaryName, 0) }
        if descriptor >= 0 { close(descriptor) }
    }

    mutating func write(_ bytes: [UInt8]) -> DatabaseError? {
        bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return ExportTarget.failed(.write, errno) }
                done += count
            }
            return nil
        }
    }

    mutating func publish() -> DatabaseError? {
        guard fsync(descriptor) == 0 else { return ExportTarget.failed(.write, errno) }
        do throws(DatabaseError) {
            try target.checkExisting()
            if target.overwrites { try replace() } else { try link() }
        } catch {
            return error
        }
        // Best effort: the file is whole, and the directory's entry reaches the disk in any case before long.
        let directory = open("/proc/self/fd/\(target.directory)", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
        return nil
    }

    mutating func discard() {
        if let temporaryName { unlinkat(target.directory, temporaryName, 0) }
        temporaryName = nil
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    // MARK: The name

    private mutating func replace() throws(DatabaseError) {
        let name: String
        if let temporaryName {
            name = temporaryName
        } else {
            name = Self.newName()
            guard link(to: name) else { throw ExportTarget.failed(.publish, errno) }
            temporaryName = name
        }
        guard renameat(target.directory, name, target.directory, target.name) == 0 else {
            throw ExportTarget.failed(.publish, errno)
        }
        temporaryName = nil
    }

    /// Only where there is nothing: a link is never made over a name that exists.
    private mutating func link() throws(DatabaseError) {
        guard let name = temporaryName else {
            guard link(to: target.name) else { throw Self.publishFailed(errno) }
            return
        }
        if linkat(target.directory, name, target.directory, target.name, 0) == 0 { return }
        guard [EPERM, EOPNOTSUPP, ENOSYS].contains(errno) else { throw Self.publishFailed(errno) }
        // No links either, as on FAT: take the name first, then replace what is ours.
        let placeholder = openat(target.directory, target.name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard placeholder >= 0 else { throw Self.publishFailed(errno) }
        close(placeholder)
        do throws(DatabaseError) {
            try replace()
        } catch {
            unlinkat(target.directory, target.name, 0)
            throw error
        }
    }

    private func link(to name: String) -> Bool {
        linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", target.directory, name, AT_SYMLINK_FOLLOW) == 0
    }

    private static func publishFailed(_ reason: Int32) -> DatabaseError {
        reason == EEXIST ? ExportTarget.exists() : ExportTarget.failed(.publish, reason)
    }

    private static func newName() -> String {
        var random = SystemRandomNumberGenerator()
        return ".dbassist-export-" + String(random.next(), radix: 16)
    }
}
