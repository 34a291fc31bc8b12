import Glibc
import Synchronization

/// The daemon's place in the file system: a directory nobody else can enter, a lock held for life, and, from ``listen(backlog:)``
/// on, a socket that only its owner can connect to from its first instant.
///
/// Whoever holds the lock (`<socket>.lock`, an open-file-description lock, gone with the process however it ends) may remove a
/// socket left by a daemon that died; nobody else touches the path. Nothing but a socket that nobody listens on is ever removed.
///
/// A socket that a service manager handed over stays as it is: only the lock is ours.
public final class SocketFile: Sendable {
    /// Absolute.
    public let path: String
    private let isShared: Bool
    private let inherited: InheritedSocket?
    private let lock: Int32
    private let isReleased = Atomic(false)
    /// The socket we made, once we have.
    private let identity = Mutex<(device: UInt64, inode: UInt64)?>(nil)

    /// Whether the system takes no socket at this path, for its length: 107 bytes are the most (unix(7)).
    public static func isTooLong(_ path: String) -> Bool { path.utf8.count >= UnixAddress.pathBytes }

    /// Makes the directory if it is missing, takes the lock, and removes a stale socket.
    ///
    /// `isShared` lets other users reach the socket (directory `0711`, socket `0666`); who of them is served is then the peer
    /// check's to say. Otherwise the directory is `0700` and the socket `0600`.
    public init(path: String, isShared: Bool = false) throws(TransportError) {
        guard !Self.isTooLong(path) else {
            throw TransportError(
                .pathTooLong, "The socket path \(path) is longer than 107 bytes; choose a shorter one with --socket.")
        }
        guard path.hasPrefix("/"), let slash = path.lastIndex(of: "/") else {
            throw TransportError(.system, "The socket path \(path) must be absolute.")
        }
        try Self.secure(slash == path.startIndex ? "/" : String(path[..<slash]), isShared)
        let lock = try Self.lock(path + ".lock", socket: path)
        do throws(TransportError) {
            try Self.removeStale(path)
        } catch {
            close(lock)
            throw error
        }
        self.lock = lock
        self.path = path
        self.isShared = isShared
        inherited = nil
    }

    /// Takes the lock for a socket that was handed over: beside it where the directory is ours, and under the same name in
    /// `stateDirectory`, which is made if missing, where it is not (`/run` belongs to root).
    public init(_ inherited: InheritedSocket, stateDirectory: String) throws(TransportError) {
        let path = inherited.path
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        var status = stat()
        let isOurs = lstat(slash == path.startIndex ? "/" : String(path[..<slash]), &status) == 0 && status.st_uid == geteuid()
        if !isOurs { mkdir(stateDirectory, 0o700) }
        lock = try Self.lock((isOurs ? path : stateDirectory + path[slash...]) + ".lock", socket: path)
        self.path = path
        self.inherited = inherited
        isShared = false
    }

    /// Whether a service manager listens at `path` and no daemon serves it. It is asked by connecting, so it starts the daemon, which
    /// then serves whoever connects.
    public static func isActivated(_ path: String) -> Bool {
        var status = stat()
        guard path.utf8.count < UnixAddress.pathBytes, lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK,
            // In this order: where nobody listens, a daemon that starts just now finds the lock free.
            isListening(path), let lock = try? Self.lock(path + ".lock", socket: path)
        else { return false }
        close(lock)
        return true
    }

    /// Listens, once. Clients connect from now on, so whatever is to be done when the process is asked to end should be in place.
    ///
    /// - Returns: a descriptor that is non-blocking and close-on-exec; whoever serves it closes it.
    public func listen(backlog: Int32 = 256) throws(TransportError) -> Int32 {
        if let inherited { return inherited.descriptor }
        let descriptor = try Self.listen(path, isShared, backlog)
        var status = stat()
        lstat(path, &status)
        identity.withLock { $0 = (UInt64(status.st_dev), UInt64(status.st_ino)) }
        return descriptor
    }

    deinit { release() }

    /// Removes the socket, if the path still names the one we made, and lets the lock go. Once; later calls do nothing.
    ///
    /// Called before the process exits: whoever else still holds this value then would keep `deinit` from running.
    public func release() {
        guard !isReleased.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var status = stat()
        if let (device, inode) = identity.withLock({ $0 }), lstat(path, &status) == 0, UInt64(status.st_dev) == device,
            UInt64(status.st_ino) == inode
        {
            unlink(path)
        }
        close(lock)
    }

    /// The directory must be ours and closed to others. A missing one is made, and what is missing above it (`0700`), as in a home that
    /// is new.
    private static func secure(_ directory: String, _ isShared: Bool) throws(TransportError) {
        if mkdir(directory, 0o700) == 0 || (errno == ENOENT && makeWithParents(directory)) {
            // The umask may have taken more than we want away.
            if isShared { chmod(directory, 0o711) }
        } else if errno != EEXIST {
            throw .system("The socket directory \(directory) cannot be made", errno)
        }
        var status = stat()
        guard lstat(directory, &status) == 0 else { throw .system("The socket directory \(directory) cannot be read", errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw TransportError(.unsafeDirectory, "\(directory) must be a directory, not a link or a file.")
        }
        guard status.st_uid == geteuid() else {
            throw TransportError(
                .unsafeDirectory, "\(directory) belongs to uid \(status.st_uid), not to you; choose another place with --socket.")
        }
        guard status.st_mode & (isShared ? 0o022 : 0o077) == 0 else {
            throw TransportError(
                .unsafeDirectory,
                "\(directory) is open to other users; run: chmod \(isShared ? "711" : "700") \(directory), or choose another with --socket."
            )
        }
    }

    private static func makeWithParents(_ directory: String) -> Bool {
        var path = ""
        for part in directory.split(separator: "/") {
            path += "/" + part
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { return false }
        }
        return true
    }

    private static func lock(_ path: String, socket: String) throws(TransportError) -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("The lock file \(path) cannot be opened", errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var text = [UInt8](repeating: 0, count: 16)
            let count = max(0, pread(descriptor, &text, 16, 0))
            close(descriptor)
            let holder = String(decoding: text[0..<count].prefix { $0 >= 0x30 && $0 <= 0x39 }, as: UTF8.self)
            throw TransportError(
                .alreadyRunning,
                "A daemon\(holder.isEmpty ? "" : " (pid \(holder))") already serves \(socket); connect to it, stop it, or choose another path with --socket."
            )
        }
        // What a longer number leaves behind the line is not read; to cut it off takes a file system's journal.
        let line = Array("\(getpid())\n".utf8)
        _ = pwrite(descriptor, line, line.count, 0)
        return descriptor
    }

    /// We hold the lock, so a socket at the path is no daemon's. Anything else there is somebody's file.
    private static func removeStale(_ path: String) throws(TransportError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == geteuid() else {
            throw TransportError(
                .foreignFile, "\(path) exists and is not a socket of ours; remove it or choose another with --socket.")
        }
        guard !isListening(path) else {
            throw TransportError(
                .activated,
                "A service manager listens at \(path), as systemd does for dbassistd.socket; connect to it, stop that, or choose another with --socket."
            )
        }
        guard unlink(path) == 0 else { throw .system("The stale socket \(path) cannot be removed", errno) }
    }

    /// Whether there is somebody to connect to. A socket whose listener has gone refuses.
    private static func isListening(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        // EAGAIN: somebody listens, and others wait.
        return UnixAddress(path: path).withPointer { connect(descriptor, $0, $1) } == 0 || errno == EAGAIN
    }

    private static func listen(_ path: String, _ isShared: Bool, _ backlog: Int32) throws(TransportError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw .system("A socket cannot be made", errno) }
        // The mode is right from the first instant: no chmod afterwards, which would leave a window.
        let mask = umask(isShared ? 0o111 : 0o177)
        let bound = UnixAddress(path: path).withPointer { bind(descriptor, $0, $1) }
        let failure = errno
        umask(mask)
        guard bound == 0, Glibc.listen(descriptor, backlog) == 0 else {
            let number = bound == 0 ? errno : failure
            close(descriptor)
            throw .system("The socket \(path) cannot be bound", number)
        }
        return descriptor
    }
}
