import CSQLite
import Glibc

/// An open SQLite file and its prepared statements: a thin, typed face of the C library, used by the SQLite driver and by
/// the daemon's own store. Confined to one thread at a time.
public final class SQLiteDatabase: SQLSession {
    let handle: OpaquePointer
    private var statements: [String: Prepared] = [:]

    private struct Prepared {
        var statement: OpaquePointer
        /// Where `$1`, `$2`, … are bound; nil where the statement names others or leaves one out.
        var slots: [Int32]?
    }

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
            SQLiteDatabase.neverURI(path), &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
            nil)
        guard status == SQLITE_OK, let opened else {
            let error = SQLiteDatabase.error(opened, status, phase: .database)
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        sqlite3_busy_timeout(opened, busyTimeoutMs)
    }

    deinit { close() }

    /// Debian's library reads every name that begins with `file:` as a URI, asked or not.
    private static func neverURI(_ path: String) -> String { path.hasPrefix("/") ? path : "./" + path }

    private var isClosed = false

    /// Finalizes every statement and closes the file; safe to call twice.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        forgetStatements()
        sqlite3_close_v2(handle)
    }

    /// Runs one or more statements without parameters or rows: schema changes and pragmas.
    public func execute(_ sql: String) throws(DatabaseError) {
        try checkUsable(sql)
        let status = sqlite3_exec(handle, sql, nil, nil, nil)
        guard status == SQLITE_OK else { throw SQLiteDatabase.error(handle, status, phase: .execute) }
    }

    /// Runs one statement. `affectedRows` is 0 for a statement that changes none.
    @discardableResult
    public func run(_ sql: String, _ parameters: [Parameter]) throws(DatabaseError) -> SQLRows {
        let prepared = try cached(sql)
        let statement = prepared.statement
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        try bind(parameters, to: prepared)
        let changesBefore = sqlite3_total_changes64(handle)
        let columns = sqlite3_column_count(statement)
        var rows: [[Parameter]] = []
        while true {
            let status = sqlite3_step(statement)
            if status == SQLITE_DONE { break }
            guard status == SQLITE_ROW else { throw SQLiteDatabase.error(handle, status, phase: .execute) }
            rows.append((0..<columns).map { SQLiteDatabase.value(statement, $0) })
        }
        // The library keeps the last number until the next change.
        let changed = sqlite3_total_changes64(handle) != changesBefore
        return SQLRows(rows: rows, affectedRows: changed ? Int(sqlite3_changes64(handle)) : 0)
    }

    /// Statements kept; the store has a few dozen.
    private static let statementsMax = 256

    /// The statement for `sql`, prepared once and kept. Text after the first statement is an error, never ignored.
    private func cached(_ sql: String) throws(DatabaseError) -> Prepared {
        if !isClosed, let prepared = statements[sql] { return prepared }
        try checkUsable(sql)
        var statement: OpaquePointer?
        var hasMore = false
        let status = sql.withCString { text in
            var tail: UnsafePointer<CChar>?
            let status = sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, &tail)
            if let tail {
                let rest = UnsafeRawBufferPointer(start: tail, count: strlen(tail))
                hasMore = !SQLiteText.isBlank(rest.assumingMemoryBound(to: UInt8.self))
            }
            return status
        }
        guard status == SQLITE_OK, let statement else {
            throw SQLiteDatabase.error(handle, status == SQLITE_OK ? SQLITE_ERROR : status, phase: .prepare)
        }
        guard !hasMore else {
            sqlite3_finalize(statement)
            throw DatabaseError(.queryFailed, phase: .prepare, "More than one statement.")
        }
        if statements.count >= SQLiteDatabase.statementsMax { forgetStatements() }
        let slots = (0..<Int(sqlite3_bind_parameter_count(statement))).map {
            sqlite3_bind_parameter_index(statement, "$\($0 + 1)")
        }
        let prepared = Prepared(statement: statement, slots: slots.contains(0) ? nil : slots)
        statements[sql] = prepared
        return prepared
    }

    private func forgetStatements() {
        for prepared in statements.values { sqlite3_finalize(prepared.statement) }
        statements = [:]
    }

    /// C text ends at its first NUL: what is behind it would be dropped in silence.
    private func checkUsable(_ sql: String) throws(DatabaseError) {
        guard !isClosed else { throw DatabaseError(.connectionLost, phase: .prepare, "The database is closed.") }
        guard !sql.utf8.contains(0) else {
            throw DatabaseError(.queryFailed, phase: .prepare, "The statement contains a NUL character.")
        }
    }

    /// Binds `parameters` to `$1`, `$2`, … by name; as many as the statement has.
    private func bind(_ parameters: [Parameter], to prepared: Prepared) throws(DatabaseError) {
        let statement = prepared.statement
        guard parameters.count == Int(sqlite3_bind_parameter_count(statement)) else {
            throw DatabaseError(
                .invalidParameters, phase: .prepare,
                "The statement has \(sqlite3_bind_parameter_count(statement)) parameters, and \(parameters.count) were given.")
        }
        guard let slots = prepared.slots else {
            throw DatabaseError(.invalidParameters, phase: .prepare, "The statement's parameters must be $1, $2 and so on.")
        }
        for (index, parameter) in parameters.enumerated() {
            let status = SQLiteDatabase.bind(parameter, to: statement, at: slots[index])
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
            // A null address would bind NULL, and an empty buffer may have one.
            if value.isEmpty { return sqlite3_bind_text64(statement, slot, "", 0, transient, UInt8(SQLITE_UTF8)) }
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

    /// Text that is not UTF-8 comes as its bytes: repairing it would lose what was stored.
    private static func value(_ statement: OpaquePointer, _ column: Int32) -> Parameter {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: return .double(sqlite3_column_double(statement, column))
        case SQLITE_TEXT:
            let text = sqlite3_column_text(statement, column)
            let count = Int(sqlite3_column_bytes(statement, column))
            let bytes = UnsafeBufferPointer(start: text, count: text == nil ? 0 : count)
            return String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .bytes(Array(bytes))
        case SQLITE_BLOB:
            let blob = sqlite3_column_blob(statement, column)
            return .bytes(Array(UnsafeRawBufferPointer(start: blob, count: Int(sqlite3_column_bytes(statement, column)))))
        default: return .null
        }
    }

    static func error(_ handle: OpaquePointer?, _ status: Int32, phase: DatabaseError.Phase) -> DatabaseError {
        SQLiteErrors.of(handle, status, phase: phase)
    }
}
