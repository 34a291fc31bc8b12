import CSQLite

/// An open SQLite file and its prepared statements: a thin, typed face of the C library, used by the SQLite driver and by
/// the daemon's own store. Confined to one thread at a time.
public final class SQLiteDatabase: SQLSession {
    let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    public enum Access: Sendable { case readOnly, readWrite, create }

    /// Opens a file. The name is a path, never a URI.
    public init(path: String, access: Access, busyTimeoutMs: Int32 = 5_000) throws(DatabaseError) {
        let flags: Int32 =
            switch access {
            case .readOnly: SQLITE_OPEN_READONLY
            case .readWrite: SQLITE_OPEN_READWRITE
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            }
        var opened: OpaquePointer?
        let status = sqlite3_open_v2(
            path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE, nil)
        guard status == SQLITE_OK, let opened else {
            let error = SQLiteDatabase.error(opened, status, phase: .database)
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        sqlite3_busy_timeout(opened, busyTimeoutMs)
    }

    deinit { close() }

    private var isClosed = false

    /// Finalizes every statement and closes the file; safe to call twice.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        for statement in statements.values { sqlite3_finalize(statement) }
        statements = [:]
        sqlite3_close_v2(handle)
    }

    /// Runs one or more statements without parameters or rows: schema changes and pragmas.
    public func execute(_ sql: String) throws(DatabaseError) {
        let status = sqlite3_exec(handle, sql, nil, nil, nil)
        guard status == SQLITE_OK else { throw SQLiteDatabase.error(handle, status, phase: .execute) }
    }

    @discardableResult
    public func run(_ sql: String, _ parameters: [Parameter]) throws(DatabaseError) -> SQLRows {
        let statement = try cached(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        try bind(parameters, to: statement)
        var rows: [[Parameter]] = []
        while true {
            let status = sqlite3_step(statement)
            if status == SQLITE_DONE { break }
            guard status == SQLITE_ROW else { throw SQLiteDatabase.error(handle, status, phase: .execute) }
            rows.append((0..<sqlite3_column_count(statement)).map { SQLiteDatabase.value(statement, $0) })
        }
        return SQLRows(rows: rows, affectedRows: Int(sqlite3_changes64(handle)))
    }

    /// The statement for `sql`, prepared once and kept.
    private func cached(_ sql: String) throws(DatabaseError) -> OpaquePointer {
        if let statement = statements[sql] { return statement }
        var statement: OpaquePointer?
        let status = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard status == SQLITE_OK, let statement else {
            throw SQLiteDatabase.error(handle, status == SQLITE_OK ? SQLITE_ERROR : status, phase: .prepare)
        }
        statements[sql] = statement
        return statement
    }

    /// Binds `parameters` to `$1`, `$2`, … by name.
    private func bind(_ parameters: [Parameter], to statement: OpaquePointer) throws(DatabaseError) {
        for (index, parameter) in parameters.enumerated() {
            let slot = sqlite3_bind_parameter_index(statement, "$\(index + 1)")
            guard slot > 0 else { continue }
            let status = SQLiteDatabase.bind(parameter, to: statement, at: slot)
            guard status == SQLITE_OK else { throw SQLiteDatabase.error(handle, status, phase: .prepare) }
        }
    }

    /// Binds one value; the library copies it.
    static func bind(_ parameter: Parameter, to statement: OpaquePointer, at slot: Int32) -> Int32 {
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch parameter {
        case .null: return sqlite3_bind_null(statement, slot)
        case .bool(let value): return sqlite3_bind_int(statement, slot, value ? 1 : 0)
        case .integer(let value): return sqlite3_bind_int64(statement, slot, value)
        case .double(let value): return sqlite3_bind_double(statement, slot, value)
        case .text(var value):
            return value.withUTF8 { utf8 in
                utf8.withMemoryRebound(to: CChar.self) { text in
                    sqlite3_bind_text64(statement, slot, text.baseAddress, UInt64(text.count), transient, UInt8(SQLITE_UTF8))
                }
            }
        case .bytes(let value):
            if value.isEmpty { return sqlite3_bind_zeroblob(statement, slot, 0) }
            return value.withUnsafeBytes { sqlite3_bind_blob64(statement, slot, $0.baseAddress, UInt64($0.count), transient) }
        }
    }

    private static func value(_ statement: OpaquePointer, _ column: Int32) -> Parameter {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: return .double(sqlite3_column_double(statement, column))
        case SQLITE_TEXT:
            let text = sqlite3_column_text(statement, column)
            let count = Int(sqlite3_column_bytes(statement, column))
            return .text(String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let blob = sqlite3_column_blob(statement, column)
            return .bytes(Array(UnsafeRawBufferPointer(start: blob, count: Int(sqlite3_column_bytes(statement, column)))))
        default: return .null
        }
    }

    /// The library's last error on `handle`, by its result code.
    static func error(_ handle: OpaquePointer?, _ status: Int32, phase: DatabaseError.Phase) -> DatabaseError {
        let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(status))
        let code: DatabaseError.Code =
            switch status & 0xFF {
            case SQLITE_NOTADB: .notADatabase
            case SQLITE_CANTOPEN: .connectionFailed
            case SQLITE_INTERRUPT: .cancelled
            case SQLITE_BUSY, SQLITE_LOCKED: .busy
            case SQLITE_READONLY, SQLITE_AUTH: .readOnly
            default: .queryFailed
            }
        return DatabaseError(
            code, phase: phase, message, nativeCode: Int(status), retryable: code == .busy, debugDescription: "SQLite \(status)")
    }
}
