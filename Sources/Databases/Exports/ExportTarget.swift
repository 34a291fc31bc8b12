import Glibc

/// The place of a file that an export will be: a directory that is held open, and a name in it.
///
/// Everything is judged by what was opened: whatever happens to the names on the way there afterwards, the file can only come
/// into this directory. All calls block.
final class ExportTarget {
    let directory: Int32
    let name: String
    /// Absolute, without symbolic links.
    let path: String
    let overwrites: Bool
    private let policy: ConnectionPolicy

    /// Checks `path` (absolute, or `~/…` in personal mode).
    ///
    /// Errors: `policy` (phase `policy`) for what may not be written, whatever is there; `conflict` for a file that is there, unless
    /// `overwrite`; `file_failed` (phase `open`) for a directory that cannot be used. In shared mode whatever is outside the allowed
    /// directories gets one answer, there or not.
    init(_ path: String, overwrite: Bool, policy: ConnectionPolicy) throws(DatabaseError) {
        guard !path.utf8.contains(0) else { throw Self.refused("A path cannot contain a NUL character.") }
        let given = try SQLiteFilePolicy.expanded(path, policy)
        guard !SQLiteFilePolicy.isKernelPath(given) else { throw Self.refused("Nothing is written under /proc, /sys and /dev.") }
        guard let slash = given.utf8.lastIndex(of: UInt8(ascii: "/")) else { throw Self.refused("The path is not absolute.") }
        name = String(given[given.utf8.index(after: slash)...])
        guard !name.isEmpty, name != ".", name != ".." else { throw Self.refused("The path names a directory, not a file.") }
        let (directory, real) = try Self.open(slash == given.startIndex ? "/" : String(given[..<slash]), policy)
        self.directory = directory
        self.path = real == "/" ? "/" + name : real + "/" + name
        self.overwrites = overwrite
        self.policy = policy
        try checkDirectory()
        try checkExisting()
    }

    deinit { close(directory) }

    // MARK: The directory

    private static func open(
        _ given: String, _ policy: ConnectionPolicy
    ) throws(DatabaseError) -> (descriptor: Int32, real: String) {
        let opened = Glibc.open(given, SQLiteFilePolicy.openPath | O_DIRECTORY | O_CLOEXEC)
        let reason = errno
        // What was opened, not what has this name by now.
        let real = opened < 0 ? nil : SQLiteFilePolicy.realPath("/proc/self/fd/\(opened)")
        guard policy.mode == .personal || real.map({ SQLiteFilePolicy.isBelowRoot($0 + "/", policy) }) == true else {
            if opened >= 0 { close(opened) }
            guard opened < 0, isNamedBelowRoot(given, policy) else { throw SQLiteFilePolicy.outsideRoots() }
            throw ExportTarget.directoryFailed(reason)
        }
        guard opened >= 0, let real else {
            if opened >= 0 { close(opened) }
            throw directoryFailed(reason)
        }
        return (opened, real)
    }

    /// Whether the words of a path alone put it below an allowed directory.
    private static func isNamedBelowRoot(_ path: String, _ policy: ConnectionPolicy) -> Bool {
        let parts = path.split(separator: "/")
        guard !parts.contains("..") else { return false }
        return policy.fileRoots.contains { parts.starts(with: $0.split(separator: "/")) }
    }

    /// The daemon's own directories, and all below them, are recognised whatever they are called there.
    private func checkDirectory() throws(DatabaseError) {
        var status = stat()
        guard fstat(directory, &status) == 0 else { throw Self.directoryFailed(errno) }
        guard !SQLiteFilePolicy.isOnKernelFileSystem(status.st_dev) else {
            throw Self.refused("Nothing is written under /proc, /sys and /dev.")
        }
        var place = directory
        var identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        defer { if place != directory { close(place) } }
        while true {
            guard !policy.forbiddenDirectories.contains(identity) else {
                throw Self.refused("The daemon keeps its own files in this directory; choose another.")
            }
            let parent = openat(place, "..", SQLiteFilePolicy.openPath | O_DIRECTORY | O_CLOEXEC)
            guard parent >= 0, fstat(parent, &status) == 0 else { throw Self.directoryFailed(errno) }
            if place != directory { close(place) }
            place = parent
            let above = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
            if above == identity { return }
            identity = above
        }
    }

    // MARK: What is there

    /// Refuses what must not be replaced. Looked at again just before the file gets its name.
    func checkExisting() throws(DatabaseError) {
        var status = stat()
        guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return }
            throw errno == ENAMETOOLONG
                ? Self.failed(.open, "The name of the file is longer than file names can be; choose a shorter one.")
                : Self.directoryFailed(errno)
        }
        if let kind = SQLiteFilePolicy.irregular(status.st_mode) {
            throw Self.refused("The path names \(kind), which an export never replaces; choose another name.")
        }
        let identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        guard !policy.forbiddenFiles.contains(identity) else { throw Self.refused("This file belongs to the daemon itself.") }
        guard overwrites else { throw Self.exists() }
    }

    // MARK: Failures

    static func exists() -> DatabaseError {
        DatabaseError(
            .conflict, phase: .open, "There is a file at this path; choose another, or pass overwrite: true to replace it.")
    }

    static func refused(_ message: String) -> DatabaseError { DatabaseError(.policy, phase: .policy, message) }

    static func failed(_ phase: DatabaseError.Phase, _ message: String, _ reason: Int32 = 0) -> DatabaseError {
        DatabaseError(.fileFailed, phase: phase, message, debugDescription: "errno \(reason)")
    }

    static func directoryFailed(_ reason: Int32) -> DatabaseError {
        switch reason {
        case ENOENT: failed(.open, "The directory of the path does not exist; create it first.", reason)
        case ENOTDIR: failed(.open, "A part of the path is a file, not a directory.", reason)
        case EACCES, EPERM: failed(.open, "The daemon's user has no permission to use the directory of the path.", reason)
        case ELOOP: refused("The path leads through too many symbolic links.")
        case ENAMETOOLONG: failed(.open, "A part of the path is longer than file names can be.", reason)
        default: failed(.open, "The directory of the path cannot be opened; choose another.", reason)
        }
    }

    /// What a call on the file itself came to.
    static func failed(_ phase: DatabaseError.Phase, _ reason: Int32) -> DatabaseError {
        switch reason {
        case ENOSPC, EDQUOT: failed(phase, "There is no room left for the file; free some or choose another directory.", reason)
        case EFBIG:
            failed(phase, "The file would be larger than files may be there; export less or choose another directory.", reason)
        case EACCES, EPERM:
            failed(phase, "The daemon's user has no permission to write in the directory of the path; choose another.", reason)
        case EROFS: failed(phase, "The file system of the path is read-only; choose another directory.", reason)
        case ENOENT: failed(phase, "The directory of the path was removed meanwhile.", reason)
        default: failed(phase, "The file could not be written; look at the disk or choose another directory.", reason)
        }
    }
}
