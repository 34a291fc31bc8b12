import CSQLite

/// The first bytes of a database file (SQLite file format, section 1.3), read through SQLite's own descriptor: opening and
/// closing one of ours would drop the locks that this process holds on the file.
struct SQLiteHeader {
    private static let magic = Array("SQLite format 3\0".utf8)

    /// Whether the file is to be read through a write-ahead log.
    let isWAL: Bool
    /// A file of no bytes is a database of no tables, to SQLite and to us: that is how `touch` and a first open leave it.
    let isEmpty: Bool

    /// Errors: `not_a_database`, or `connection_failed` if the file cannot be read.
    init(of handle: OpaquePointer) throws(DatabaseError) {
        var file: UnsafeMutablePointer<sqlite3_file>?
        let status = withUnsafeMutablePointer(to: &file) { sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, $0) }
        guard status == SQLITE_OK, let file, let methods = file.pointee.pMethods, let read = methods.pointee.xRead,
            let size = methods.pointee.xFileSize
        else { throw SQLiteErrors.opening(handle, SQLITE_CANTOPEN) }
        var sizeBytes: Int64 = 0
        guard size(file, &sizeBytes) == SQLITE_OK else { throw SQLiteErrors.opening(handle, SQLITE_IOERR) }
        isEmpty = sizeBytes == 0
        guard sizeBytes > 0 else {
            isWAL = false
            return
        }
        var bytes = [UInt8](repeating: 0, count: 20)
        let result = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress, Int32($0.count), 0) }
        guard result == SQLITE_OK || result == SQLiteErrors.shortRead else { throw SQLiteErrors.opening(handle, result) }
        guard sizeBytes >= 512, bytes.starts(with: SQLiteHeader.magic) else {
            throw DatabaseError(
                .notADatabase, phase: .database, "The file is not an SQLite database (or it is encrypted).",
                nativeCode: Int(SQLITE_NOTADB))
        }
        isWAL = bytes[18] == 2 || bytes[19] == 2
    }
}
