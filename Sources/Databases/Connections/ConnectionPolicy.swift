/// What projects may connect to. Decided by the operator, checked at `project.create` and again at every connect.
public struct ConnectionPolicy: Sendable, Equatable {
    public enum Mode: String, Sendable {
        /// Only the daemon's own user connects to it: files and sockets are theirs to name, loopback and private networks are open.
        case personal
        /// Many users: files, sockets and private addresses only where a list allows them.
        case shared
    }

    public var mode: Mode
    /// Directories below which files may be named in shared mode: SQLite databases, and exports of results.
    public var fileRoots: [String]
    /// Unix-socket directories that may be named in shared mode.
    public var socketDirectories: [String]
    /// Whether loopback and private addresses may be reached in shared mode. Link-local, multicast and unspecified never may.
    public var allowPrivateAddresses: Bool
    /// Files no project may name, whatever it is called there: the daemon's own store and keyring, by device and inode.
    public var forbiddenFiles: Set<FileIdentity>
    /// Directories in and below which no export is written: where the daemon keeps its own state.
    public var forbiddenDirectories: Set<FileIdentity>
    /// The PostgreSQL database no project may name, by whatever address and role: the daemon's own store.
    public var forbiddenDatabase: PostgreSQLIdentity?
    /// Whether a remote (not loopback, not private) server must be reached with TLS.
    public var requireTLSForRemote: Bool

    public init(
        mode: Mode = .personal, fileRoots: [String] = [], socketDirectories: [String] = [], allowPrivateAddresses: Bool = false,
        forbiddenFiles: Set<FileIdentity> = [], forbiddenDirectories: Set<FileIdentity> = [], requireTLSForRemote: Bool = true
    ) {
        self.mode = mode
        self.fileRoots = fileRoots
        self.socketDirectories = socketDirectories
        self.allowPrivateAddresses = allowPrivateAddresses
        self.forbiddenFiles = forbiddenFiles
        self.forbiddenDirectories = forbiddenDirectories
        self.requireTLSForRemote = requireTLSForRemote
    }
}

/// A file by what it is, not by what it is called.
public struct FileIdentity: Hashable, Sendable {
    public var device: UInt64
    public var inode: UInt64

    public init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}
