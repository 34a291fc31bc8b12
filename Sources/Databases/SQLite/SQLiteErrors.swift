import CSQLite

/// SQLite's result codes as our errors.
enum SQLiteErrors {
    // Extended codes are macros of macros, which Swift does not import.
    static let shortRead = SQLITE_IOERR | 2 << 8
    private static let readOnlyRecovery = SQLITE_READONLY | 1 << 8
    private static let readOnlyCannotLock = SQLITE_READONLY | 2 << 8
    private static let readOnlyRollback = SQLITE_READONLY | 3 << 8
    private static let readOnlyCannotInit = SQLITE_READONLY | 5 << 8

    /// An error before the first statement.
    static func opening(_ handle: OpaquePointer?, _ status: Int32) -> DatabaseError {
        var error = of(handle, status, phase: .database)
        if status & 0xFF == SQLITE_CANTOPEN {
            error.code = .connectionFailed
            error.message = "The file cannot be opened; check that the daemon's user may read it and its directory."
        }
        return error
    }

    /// The library's last error on `handle`, by its result code. `sql` is the user's own text, to place the error in.
    static func of(
        _ handle: OpaquePointer?, _ status: Int32, phase: DatabaseError.Phase, sql: String? = nil
    ) -> DatabaseError {
        if let recovery = needsRecovery(status) { return recovery }
        let text = handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(status))
        let code = code(status)
        var error = DatabaseError(
            code, phase: phase, text, nativeCode: Int(status), retryable: code == .busy, debugDescription: "SQLite \(status)")
        switch status & 0xFF {
        case SQLITE_TOOBIG:
            error.hint =
                "Statements may have \(SQLiteHardening.sqlBytesMax) bytes, values \(SQLiteHardening.valueBytesMax) bytes."
        case SQLITE_BUSY, SQLITE_LOCKED:
            error.message = "Another program has locked the database."
        default: break
        }
        if let handle, let sql, phase == .prepare {
            let offset = Int(sqlite3_error_offset(handle))
            if offset >= 0 { error.position = position(ofByte: offset, in: sql) }
        }
        return error
    }

    /// The place of a byte in Unicode scalars, from 1.
    static func position(ofByte offset: Int, in sql: String) -> Int {
        // Every scalar has exactly one byte that is not a continuation byte.
        sql.utf8.prefix(offset).reduce(1) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
    }

    private static func code(_ status: Int32) -> DatabaseError.Code {
        switch status & 0xFF {
        case SQLITE_NOTADB: .notADatabase
        case SQLITE_CANTOPEN: .connectionFailed
        case SQLITE_INTERRUPT: .cancelled
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_READONLY, SQLITE_AUTH: .readOnly
        case SQLITE_MISUSE: .internal
        default: .queryFailed
        }
    }

    /// Another program died in the middle of a write, and only a writer may clean up.
    private static func needsRecovery(_ status: Int32) -> DatabaseError? {
        guard [readOnlyRecovery, readOnlyCannotLock, readOnlyRollback, readOnlyCannotInit].contains(status) else { return nil }
        return DatabaseError(
            .connectionFailed, phase: .database,
            "Another program left an unfinished write in the database, which must be recovered first, and reading never writes.",
            nativeCode: Int(status), hint: "Open it once with a program that may write to it, for example: sqlite3 FILE .tables")
    }
}
