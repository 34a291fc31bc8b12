import Glibc

/// The store's file and directory on disk: made private from their first instant, refused when they are not.
enum StoreFile {
    /// Makes the directory and the empty file where they are missing, and checks what is there.
    static func prepare(_ path: String) throws(StoreError) {
        guard path.hasPrefix("/"), !path.hasSuffix("/"), !path.utf8.contains(0) else {
            throw StoreError(.permissions, "The store's path must be absolute and name a file: \(path)")
        }
        let directory = StoreFile.directory(of: path)
        try makeDirectory(directory)
        try check(directory, kind: S_IFDIR, mode: "700")
        try createFile(path)
        try check(path, kind: S_IFREG, mode: "600")
        for suffix in ["-wal", "-shm", "-journal"] where exists(path + suffix) {
            try check(path + suffix, kind: S_IFREG, mode: "600")
        }
    }

    static func directory(of path: String) -> String {
        let parent = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        return parent.isEmpty ? "/" : String(parent)
    }

    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Makes `path` and its missing parents, for the owner alone.
    private static func makeDirectory(_ path: String) throws(StoreError) {
        if exists(path) { return }
        let parent = directory(of: path)
        if parent != path { try makeDirectory(parent) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("make the directory", path) }
        try syncDirectory(parent)
    }

    /// Makes the file before SQLite opens it, so that it never has another mode than 0600.
    private static func createFile(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if descriptor < 0 {
            if errno == EEXIST { return }
            throw failure("make the store", path)
        }
        defer { close(descriptor) }
        // A umask can only take bits away; put back those of the owner.
        guard fchmod(descriptor, 0o600) == 0, fsync(descriptor) == 0 else { throw failure("make the store", path) }
        try syncDirectory(directory(of: path))
    }

    /// A new name is durable only once its directory is.
    static func syncDirectory(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        // Some file systems cannot sync a directory and say so with EINVAL; there the name is as durable as it gets.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure("sync", path) }
    }

    /// Refuses a file that somebody else could read, change or swap.
    private static func check(_ path: String, kind: mode_t, mode: String) throws(StoreError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw failure("look at", path) }
        let found = status.st_mode & S_IFMT
        if found == S_IFLNK {
            throw StoreError(.permissions, "\(path) is a symbolic link; name the real path of the store.")
        }
        guard found == kind else {
            throw StoreError(.permissions, "\(path) is not a \(kind == S_IFDIR ? "directory" : "regular file").")
        }
        guard status.st_uid == geteuid() else {
            throw StoreError(.permissions, "\(path) belongs to uid \(status.st_uid), not to \(geteuid()); chown it.")
        }
        guard status.st_mode & 0o077 == 0 else {
            let octal = String(status.st_mode & 0o7777, radix: 8)
            throw StoreError(.permissions, "\(path) has mode \(octal), open to others; run: chmod \(mode) '\(path)'")
        }
        // Under a second name SQLite would keep a second log, and each would undo the other.
        guard kind == S_IFDIR || status.st_nlink == 1 else {
            throw StoreError(.permissions, "\(path) has \(status.st_nlink) names (hard links); keep one.")
        }
    }

    static func failure(_ what: String, _ path: String, _ number: Int32 = errno) -> StoreError {
        let code: StoreError.Code =
            switch number {
            case EACCES, EPERM, ELOOP, EROFS: .permissions
            case ENOSPC, EDQUOT: .full
            default: .io
            }
        guard number != EROFS else {
            return StoreError(code, "Cannot \(what) \(path): its file system is read-only; make it writable.")
        }
        return StoreError(code, "Cannot \(what) \(path): \(String(cString: strerror(number))).")
    }
}
