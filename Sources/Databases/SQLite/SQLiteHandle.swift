import CSQLite
import Glibc

/// An open SQLite file with every guard in place: the file that was checked, limits, authorizer, deadline.
///
/// Reading a file in WAL mode normally creates `-wal` and `-shm` beside it. A handle for reading never does:
///
/// | `-wal`            | `-shm`  | what happens |
/// |-------------------|---------|--------------|
/// | there             | there   | opened as any reader does; only lock words inside `-shm` change |
/// | missing or empty  | missing | nobody has the file open: opened as immutable, and checked for change after each statement |
/// | with content      | missing | refused: somebody must recover it first, which writes |
final class SQLiteHandle {
    enum Access { case read, write }

    /// How other programs' changes reach us.
    private enum Journal: Equatable {
        case rollback
        case wal
        /// Immutable: SQLite takes no locks and expects no change, so we look for changes ourselves.
        case snapshot(SQLiteFileStamp)
    }

    let raw: OpaquePointer
    let file: SQLiteFilePolicy.CheckedFile
    let authorizer: SQLiteAuthorizer
    private let journal: Journal
    private let header: SQLiteHeader
    private var isClosed = false

    private init(
        _ raw: OpaquePointer, _ file: SQLiteFilePolicy.CheckedFile, _ access: Access, _ journal: Journal, _ header: SQLiteHeader
    ) {
        self.raw = raw
        self.file = file
        self.journal = journal
        self.header = header
        authorizer = SQLiteAuthorizer(access == .read ? .read : .write)
    }

    deinit { close() }

    /// Opens the file that passed the policy, and no other.
    ///
    /// Errors: `policy` if the file was exchanged meanwhile, `not_a_database`, `connection_failed`.
    static func open(
        _ file: SQLiteFilePolicy.CheckedFile, _ access: Access, _ watch: SQLiteStatementWatch
    ) throws(DatabaseError) -> SQLiteHandle {
        let stamp = SQLiteFileStamp(of: file.path)
        let flags = access == .read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
        let raw = try openChecked(file, name: file.path, flags)
        var opened = raw
        do throws(DatabaseError) {
            let header = try SQLiteHeader(of: raw)
            var journal = Journal.rollback
            if access == .read, header.isWAL {
                journal = try walJournal(file, stamp)
                if case .snapshot = journal {
                    sqlite3_close_v2(raw)
                    opened = try openChecked(file, name: immutableURI(file.path), flags | SQLITE_OPEN_URI)
                }
            }
            let handle = SQLiteHandle(opened, file, access, journal, header)
            watch.install(on: opened)
            try SQLiteHardening.apply(to: opened, writing: access == .write)
            handle.authorizer.install(on: opened)
            return handle
        } catch {
            if opened == raw { sqlite3_close_v2(raw) }
            throw error
        }
    }

    /// Closes the file; safe to call twice.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        sqlite3_close_v2(raw)
    }

    /// Sets how far the next statements may reach, and how large their values and texts may be.
    func confine(to scope: StatementScope) {
        guard authorizer.scope != scope else { return }
        authorizer.scope = scope
        for (limit, value) in scope == .data ? SQLiteScope.limits : SQLiteHardening.limits {
            sqlite3_limit(raw, limit, Int32(value))
        }
    }

    /// Whether this handle still shows what a new one would: the same file behind the name, in the same journal mode.
    var isCurrent: Bool {
        guard let stamp = SQLiteFileStamp(of: file.path), stamp.identity == file.identity else { return false }
        guard let header = try? SQLiteHeader(of: raw), header.isWAL == self.header.isWAL else { return false }
        return switch journal {
        case .rollback: true
        case .wal: SQLiteFileStamp(of: file.path + "-wal") != nil && SQLiteFileStamp(of: file.path + "-shm") != nil
        case .snapshot(let opened): opened == stamp && SQLiteHandle.isQuiet(file.path)
        }
    }

    /// Whether the handle keeps a lock between statements, as every reader of a live WAL does.
    var holdsLock: Bool { journal == .wal }

    /// After a statement: throws `busy` if another program changed the file under an immutable read.
    func checkUnchanged() throws(DatabaseError) {
        guard case .snapshot = journal, !isCurrent else { return }
        throw DatabaseError(
            .busy, phase: .fetch, "Another program changed the database while it was being read; run the statement again.",
            retryable: true)
    }

    // MARK: Opening

    private static func openChecked(
        _ file: SQLiteFilePolicy.CheckedFile, name: String, _ flags: Int32
    ) throws(DatabaseError) -> OpaquePointer {
        var raw: OpaquePointer?
        let flags = flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE
        let (status, files) = SQLiteFileObserver.opened { sqlite3_open_v2(name, &raw, flags, nil) }
        guard status == SQLITE_OK, let raw else {
            let error = SQLiteErrors.opening(raw, status)
            sqlite3_close_v2(raw)
            throw error
        }
        guard files == [file.identity] else {
            sqlite3_close_v2(raw)
            throw DatabaseError(
                .policy, phase: .policy, "The file was exchanged for another one while it was being opened.", retryable: true)
        }
        return raw
    }

    private static func walJournal(
        _ file: SQLiteFilePolicy.CheckedFile, _ stamp: SQLiteFileStamp?
    ) throws(DatabaseError) -> Journal {
        if SQLiteFileStamp(of: file.path + "-wal") != nil, SQLiteFileStamp(of: file.path + "-shm") != nil { return .wal }
        guard isQuiet(file.path) else {
            throw DatabaseError(
                .connectionFailed, phase: .database,
                "The database has a write-ahead log (-wal) that must be recovered first, and reading never writes.",
                hint: "Open it once with a program that may write to it, for example: sqlite3 FILE 'PRAGMA wal_checkpoint;'")
        }
        guard let stamp, stamp.identity == file.identity else {
            throw DatabaseError(.busy, phase: .database, "The file is being exchanged; try again.", retryable: true)
        }
        return .snapshot(stamp)
    }

    /// Whether no write-ahead log waits beside the file.
    private static func isQuiet(_ path: String) -> Bool { (SQLiteFileStamp(of: path + "-wal")?.sizeBytes ?? 0) == 0 }

    /// The only URI we ever give to SQLite: every byte but letters, digits and slashes percent-encoded.
    private static func immutableURI(_ path: String) -> String {
        var uri = "file:"
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                uri.unicodeScalars.append(Unicode.Scalar(byte))
            default: uri += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return uri + "?immutable=1"
    }
}

/// What `stat` says of a file, to notice that it changed.
struct SQLiteFileStamp: Equatable, Sendable {
    var identity: FileIdentity
    var sizeBytes: Int
    private var modified: [Int]

    init?(of path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        sizeBytes = Int(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }
}
