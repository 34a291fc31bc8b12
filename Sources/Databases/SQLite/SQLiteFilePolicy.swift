import Glibc

/// Decides whether a file may be opened as somebody's database, before SQLite sees its name.
///
/// The file is looked at through an `O_PATH` descriptor: that never blocks (FIFOs, devices), changes nothing, and, unlike an
/// ordinary open and close, does not drop the POSIX locks this process may hold on the same file for another connection.
enum SQLiteFilePolicy {
    /// O_PATH, which Swift's Glibc lacks; the same number on every architecture Swift runs on.
    static let openPath: Int32 = 0o10_000_000

    /// A file that passed, and what it was at that moment.
    struct CheckedFile: Sendable, Equatable {
        /// Absolute, without symbolic links.
        var path: String
        var identity: FileIdentity
    }

    /// Checks `path` (absolute, or `~/…` in personal mode).
    ///
    /// Errors: `policy` (phase `policy`) for what may not be opened, `unknown_database` (phase `database`) for a file that
    /// is not there, `connection_failed` (phase `connect`) for one we may not read. In shared mode whatever is outside the
    /// allowed directories gets one answer, there or not.
    static func check(_ path: String, _ policy: ConnectionPolicy) throws(DatabaseError) -> CheckedFile {
        let given = try expanded(path, policy)
        guard !isKernelPath(given) else { throw kernelFile() }
        guard let real = realPath(given) else { throw missing(given, errno, policy) }
        if policy.mode == .shared {
            guard isBelowRoot(real, policy) else { throw outsideRoots() }
            guard !isSymbolicLink(given) else {
                throw refused("The path is a symbolic link; name the file itself.")
            }
        }
        guard !isKernelPath(real) else { throw kernelFile() }
        let descriptor = open(real, openPath | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw missing(given, errno, policy) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw missing(given, errno, policy) }
        if let kind = irregular(status.st_mode) { throw refused("The path names \(kind), not a regular file.") }
        let identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        guard !policy.forbiddenFiles.contains(identity) else {
            throw refused("This file belongs to the daemon itself and cannot be a project's database.")
        }
        guard !isOnKernelFileSystem(status.st_dev) else { throw kernelFile() }
        guard faccessat(AT_FDCWD, "/proc/self/fd/\(descriptor)", R_OK, 0) == 0 || errno == ENOENT else {
            throw DatabaseError(.connectionFailed, phase: .connect, "The daemon's user has no permission to read the file.")
        }
        return CheckedFile(path: real, identity: identity)
    }

    // MARK: Paths

    static func expanded(_ path: String, _ policy: ConnectionPolicy) throws(DatabaseError) -> String {
        guard path.hasPrefix("~/") else {
            guard path.hasPrefix("/"), !path.utf8.contains(0) else { throw refused("The path is not absolute.") }
            return path
        }
        guard policy.mode == .personal else {
            throw refused("~ is not expanded when the daemon is shared; write the absolute path.")
        }
        guard let entry = getpwuid(geteuid()), let home = entry.pointee.pw_dir else {
            throw refused("~ cannot be expanded: the daemon's user has no home directory; write the absolute path.")
        }
        return String(cString: home) + path.dropFirst(1)
    }

    static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(validatingCString: resolved)
    }

    private static func isSymbolicLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// Whether `real`, which has no links left, lies below an allowed directory.
    static func isBelowRoot(_ real: String, _ policy: ConnectionPolicy) -> Bool {
        policy.fileRoots.contains { root in
            guard let root = realPath(root), root.hasPrefix("/") else { return false }
            return isBelow(real, root)
        }
    }

    private static func isBelow(_ path: String, _ directory: String) -> Bool {
        let prefix = Array(directory.utf8) + (directory == "/" ? [] : [UInt8(ascii: "/")])
        return path.utf8.starts(with: prefix)
    }

    /// `/proc`, `/sys` and `/dev`, however many slashes and dots are in between.
    static func isKernelPath(_ path: String) -> Bool {
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        guard let first = parts.first else { return false }
        return ["proc", "sys", "dev"].contains { first.elementsEqual($0.utf8) }
    }

    /// Whether a file lives on the file system of `/proc`, `/sys` or `/dev`, wherever that is mounted a second time.
    static func isOnKernelFileSystem(_ device: dev_t) -> Bool {
        var root = stat()
        guard stat("/", &root) == 0 else { return true }
        return ["/proc", "/sys", "/dev"].contains { mount in
            var status = stat()
            // Not mounted (a bare chroot): the same device as everything else.
            return stat(mount, &status) == 0 && status.st_dev != root.st_dev && status.st_dev == device
        }
    }

    static func irregular(_ mode: mode_t) -> String? {
        switch mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "a directory"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        case S_IFLNK: "a symbolic link"
        default: "a device"
        }
    }

    // MARK: Refusals

    private static func refused(_ message: String) -> DatabaseError { DatabaseError(.policy, phase: .policy, message) }

    static func outsideRoots() -> DatabaseError {
        refused("The file is not below a directory that this daemon allows for files; ask its operator.")
    }

    private static func kernelFile() -> DatabaseError { refused("Files under /proc, /sys and /dev cannot be databases.") }

    private static func missing(_ path: String, _ reason: Int32, _ policy: ConnectionPolicy) -> DatabaseError {
        if policy.mode == .shared {
            // Only somebody who may name files in the directory learns that one is not there.
            let parent = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
            guard let real = realPath(parent.isEmpty ? "/" : parent), isBelowRoot(real + "/", policy) else {
                return outsideRoots()
            }
        }
        switch reason {
        case EACCES, EPERM:
            return DatabaseError(
                .connectionFailed, phase: .connect, "The daemon's user has no permission to reach the file.",
                debugDescription: path)
        case ELOOP:
            return refused("The path leads through too many symbolic links.")
        case ENOTDIR:
            return DatabaseError(
                .unknownDatabase, phase: .database, "A part of the path is a file, not a directory.", debugDescription: path)
        case ENAMETOOLONG:
            return DatabaseError(.unknownDatabase, phase: .database, "A part of the path is longer than file names can be.")
        default:
            return DatabaseError(
                .unknownDatabase, phase: .database,
                "There is no file at this path; dbassistd opens databases and never creates one.", debugDescription: path)
        }
    }
}
