import CSQLite
import Glibc

/// Learns which file SQLite really opened, so that a file swapped between our check and SQLite's `open` is noticed.
///
/// SQLite calls `fstat` on the descriptor of every database file it opens, through a table of system calls that it lets
/// its host replace (`xSetSystemCall`). Ours passes the call on and, on a thread that is inside ``opened(by:)``, notes
/// device and inode. No second look at the path is involved, so there is no race left to win.
enum SQLiteFileObserver {
    /// What one thread saw; reached through thread-specific storage from inside SQLite.
    private final class Sightings {
        var files: Set<FileIdentity> = []
    }

    /// The storage key, or nil where SQLite's default file system has no replaceable `fstat`.
    private static let key: pthread_key_t? = install()

    /// Runs `body` and answers the files that SQLite looked at on this thread meanwhile.
    static func opened<R>(by body: () -> R) -> (result: R, files: Set<FileIdentity>) {
        guard let key else { return (body(), []) }
        let sightings = Sightings()
        return withExtendedLifetime(sightings) {
            pthread_setspecific(key, Unmanaged.passUnretained(sightings).toOpaque())
            defer { pthread_setspecific(key, nil) }
            let result = body()
            return (result, sightings.files)
        }
    }

    private static func install() -> pthread_key_t? {
        var key = pthread_key_t()
        guard pthread_key_create(&key, nil) == 0, let system = sqlite3_vfs_find(nil), system.pointee.iVersion >= 3,
            let set = system.pointee.xSetSystemCall
        else { return nil }
        let ours: @convention(c) (Int32, UnsafeMutablePointer<stat>?) -> Int32 = { SQLiteFileObserver.observe($0, $1) }
        guard set(system, "fstat", unsafeBitCast(ours, to: sqlite3_syscall_ptr.self)) == SQLITE_OK else { return nil }
        return key
    }

    private static func observe(_ descriptor: Int32, _ status: UnsafeMutablePointer<stat>?) -> Int32 {
        guard let status else { return -1 }
        let result = fstat(descriptor, status)
        if result == 0, let key, let note = pthread_getspecific(key) {
            let identity = FileIdentity(device: UInt64(status.pointee.st_dev), inode: UInt64(status.pointee.st_ino))
            Unmanaged<Sightings>.fromOpaque(note).takeUnretainedValue().files.insert(identity)
        }
        return result
    }
}
