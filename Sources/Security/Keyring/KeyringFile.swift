import Glibc

/// The keyring's file on disk: `0600`, in a directory of `0700`, both of the user this process runs as.
///
/// Everything goes through a descriptor of the directory, and what was opened is checked, not what a path named before.
/// A file appears whole or not at all: written under another name, synced, then linked or renamed into place.
struct KeyringFile: ~Copyable {
    private let path: String
    private let name: String
    private let directory: Int32

    /// Opens the directory; with `creating`, makes it and what is missing above it (`0700`).
    init(path: String, creating: Bool = false) throws(SecurityError) {
        let parts = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { slash in
            (directory: slash == path.startIndex ? "/" : String(path[..<slash]), name: String(path[path.index(after: slash)...]))
        }
        let (folder, name) = parts ?? (".", path)
        guard !name.isEmpty, name != ".", name != ".." else {
            throw SecurityError(.keyringNotAFile, "\(path) does not name a file.")
        }
        if creating { Self.makeDirectories(folder) }
        directory = try Self.openPrivate(folder)
        self.path = path
        self.name = name
    }

    private static func openPrivate(_ folder: String) throws(SecurityError) -> Int32 {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno != ENOENT else {
                throw SecurityError(.keyringMissing, "There is no keyring: its directory \(folder) does not exist.")
            }
            throw SecurityError(.keyringIO, "The keyring's directory \(folder) cannot be opened: \(reason()).")
        }
        do throws(SecurityError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw failed("read the state of the directory of", folder) }
            try checkPrivate(status, folder, chmod: "0700")
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(directory) }

    /// Waits until no other process changes this keyring. The lock goes with this value.
    func lock() throws(SecurityError) {
        while flock(directory, LOCK_EX) != 0 {
            guard errno == EINTR else { throw Self.failed("lock the directory of", path) }
        }
    }

    // MARK: Reading

    /// What changes whenever the file at `path` does; nil where there is none to look at.
    static func stamp(_ path: String) -> Stamp? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return Stamp(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), bytes: Int64(status.st_size),
            changedAtSeconds: Int64(status.st_ctim.tv_sec), changedAtNanoseconds: Int64(status.st_ctim.tv_nsec))
    }

    struct Stamp: Equatable, Sendable {
        var device: UInt64
        var inode: UInt64
        var bytes: Int64
        var changedAtSeconds: Int64
        var changedAtNanoseconds: Int64
    }

    /// The file's bytes, if it is what it must be.
    func read() throws(SecurityError) -> SecretBytes {
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        let file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else {
            switch errno {
            case ENOENT: throw SecurityError(.keyringMissing, "There is no keyring at \(path).")
            case ELOOP:
                throw SecurityError(.keyringNotAFile, "The keyring \(path) is a symbolic link; put the file itself there.")
            case ENXIO: throw SecurityError(.keyringNotAFile, "The keyring \(path) is not a regular file.")
            default: throw Self.failed("open", path)
            }
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw Self.failed("read the state of", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SecurityError(.keyringNotAFile, "The keyring \(path) is not a regular file.")
        }
        try Self.checkPrivate(status, path, chmod: "0600")
        guard status.st_size > 0 else { throw .keyringDamaged("\(path) is empty") }
        guard status.st_size <= KeyringText.bytesMax else { throw .keyringDamaged("\(path) is too large") }
        return try SecretBytes(count: Int(status.st_size)) { (target: UnsafeMutableRawBufferPointer) throws(SecurityError) in
            var done = 0
            while done < target.count {
                let count = Glibc.read(file, target.baseAddress?.advanced(by: done), target.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw count == 0 ? .keyringDamaged("it is truncated") : Self.failed("read", path) }
                done += count
            }
        }
    }

    // MARK: Writing

    /// Puts a file there where there is none; needs the lock.
    /// - Throws: `keyringExists`.
    func create(_ text: SecretBytes) throws(SecurityError) {
        let temporary = try writeTemporary(text)
        // Unlike rename, link does not replace what somebody without our lock put there meanwhile.
        let linked = linkat(directory, temporary, directory, name, 0)
        let cause = errno
        unlinkat(directory, temporary, 0)
        guard linked == 0 else {
            guard cause != EEXIST else { throw SecurityError(.keyringExists, "There is a keyring at \(path) already.") }
            errno = cause
            throw Self.failed("create", path)
        }
        try syncDirectory()
    }

    /// Replaces the file in one step; needs the lock.
    func replace(_ text: SecretBytes) throws(SecurityError) {
        let temporary = try writeTemporary(text)
        guard renameat(directory, temporary, directory, name) == 0 else {
            let error = Self.failed("replace", path)
            unlinkat(directory, temporary, 0)
            throw error
        }
        try syncDirectory()
    }

    /// One name, not a random one: what a process that was killed left behind goes with the next change.
    private func writeTemporary(_ text: SecretBytes) throws(SecurityError) -> String {
        let temporary = ".\(name).new"
        unlinkat(directory, temporary, 0)
        let file = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.failed("create", path) }
        let written = text.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = write(file, bytes.baseAddress?.advanced(by: done), bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            // The umask may have taken bits away; it must not have left others.
            return fchmod(file, 0o600) == 0 && fsync(file) == 0
        }
        let cause = errno
        close(file)
        guard written else {
            unlinkat(directory, temporary, 0)
            errno = cause
            throw Self.failed("write", path)
        }
        return temporary
    }

    private func syncDirectory() throws(SecurityError) {
        guard fsync(directory) == 0 else { throw Self.failed("sync the directory of", path) }
    }

    // MARK: Parts

    private static func checkPrivate(_ status: stat, _ path: String, chmod: String) throws(SecurityError) {
        guard status.st_uid == geteuid() else {
            throw SecurityError(
                .keyringOwner, "\(path) belongs to user \(status.st_uid), not to the one running this; chown it.")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw SecurityError(
                .keyringPermissions, "\(path) can be used by group or others; run: chmod \(chmod) \(path)")
        }
    }

    private static func makeDirectories(_ folder: String) {
        // Failures show when the directory is opened.
        guard mkdir(folder, 0o700) != 0, errno == ENOENT, let slash = folder.lastIndex(of: "/"), slash != folder.startIndex
        else { return }
        makeDirectories(String(folder[..<slash]))
        mkdir(folder, 0o700)
    }

    private static func reason() -> String { String(cString: strerror(errno)) }

    private static func failed(_ what: String, _ path: String) -> SecurityError {
        SecurityError(.keyringIO, "Cannot \(what) the keyring \(path): \(reason()).")
    }
}
