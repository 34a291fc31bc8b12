import CSQLite
import Glibc

/// One user's SQLite file.
///
/// Reading and writing never share a handle. The one for reading is kept between statements and opened anew whenever the
/// file behind the name is no longer the one it shows; the one for writing exists only while a write statement runs, so
/// nothing that goes wrong in between can write. Each opening passes the whole file policy again.
final class SQLiteDriver: Driver {
    private let path: String
    private let policy: ConnectionPolicy
    let sqliteCanceller = SQLiteCanceller()
    private var reader: SQLiteHandle?
    private var isOpen = true

    private init(path: String, policy: ConnectionPolicy) {
        self.path = path
        self.policy = policy
    }

    deinit { close() }

    static func open(_ target: ConnectionTarget, _ options: ConnectOptions) throws(DatabaseError) -> SQLiteDriver {
        guard target.databaseType == .sqlite, case .file(let path) = target.location else {
            throw DatabaseError(.internal, phase: .connect, "This is not an SQLite target.")
        }
        let driver = SQLiteDriver(path: path, policy: options.policy)
        driver.sqliteCanceller.begin(timeoutMs: options.connectTimeoutMs)
        defer { driver.sqliteCanceller.end() }
        let handle = try driver.currentReader()
        try driver.checkReadOnly(handle)
        return driver
    }

    var canceller: any StatementCanceller { sqliteCanceller }
    var isUsable: Bool { isOpen }
    var isClean: Bool { isOpen && reader.map(mustDrop) != true }

    func run(_ statement: Statement, into pager: inout RowPager) throws(DatabaseError) -> StatementOutcome {
        guard isOpen else { throw DatabaseError(.connectionLost, phase: .execute, "The connection is closed.") }
        if statement.scope == .data { try StatementScope.checkForm(statement) }
        sqliteCanceller.begin(timeoutMs: statement.timeoutMs)
        defer { sqliteCanceller.end() }
        do throws(DatabaseError) {
            switch statement.mode {
            case .read: return try read(statement, &pager)
            case .write: return try write(statement, &pager)
            }
        } catch {
            throw statement.placed(stopped(error))
        }
    }

    func reset() throws(DatabaseError) {
        guard isOpen else { throw DatabaseError(.connectionLost, phase: .execute, "The connection is closed.") }
        // No statement, transaction, setting or temporary object can be left: none is let through, and each statement is
        // finalized. A reader of a live write-ahead log would keep its owner from cleaning up.
        if let reader, mustDrop(reader) { dropReader() }
    }

    private func mustDrop(_ reader: SQLiteHandle) -> Bool { reader.holdsLock || sqlite3_get_autocommit(reader.raw) == 0 }

    func metadata() throws(DatabaseError) -> DatabaseMetadata {
        guard isOpen else { throw DatabaseError(.connectionLost, phase: .execute, "The connection is closed.") }
        sqliteCanceller.begin(timeoutMs: 10_000)
        defer { sqliteCanceller.end() }
        let handle = try currentReader()
        let tables = try scalar(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'", handle)
        return DatabaseMetadata(
            serverVersion: "SQLite \(String(cString: sqlite3_libversion()))",
            databaseName: String(
                decoding: path.utf8.split(separator: UInt8(ascii: "/")).last ?? Substring(path).utf8, as: UTF8.self),
            currentUser: nil, sizeBytes: SQLiteFileStamp(of: handle.file.path)?.sizeBytes, tableCount: Int(tables))
    }

    func close() {
        isOpen = false
        dropReader()
    }

    // MARK: Reading

    private func read(_ statement: Statement, _ pager: inout RowPager) throws(DatabaseError) -> StatementOutcome {
        let handle = try currentReader()
        handle.confine(to: statement.scope)
        defer { handle.confine(to: .account) }
        let passed = try SQLiteGate.prepare(statement.text, handle)
        defer { SQLiteGate.discard(passed) }
        try SQLiteBinding.bind(statement.parameters, to: passed.statement)
        try pager.begin(passed.columns)
        try fetch(passed, handle, statement, &pager)
        try handle.checkUnchanged()
        return StatementOutcome(command: passed.command)
    }

    /// Steps through the rows; in read mode it stops as soon as the sink has enough.
    private func fetch(
        _ passed: SQLiteGate.Passed, _ handle: SQLiteHandle, _ statement: Statement, _ pager: inout RowPager
    ) throws(DatabaseError) {
        let rows = SQLiteRows(passed.statement, passed.columns, cellBytesMax: statement.cellBytesMax)
        var demand = Demand.more
        while true {
            let status = sqlite3_step(passed.statement)
            if status == SQLITE_DONE { return }
            guard status == SQLITE_ROW else { throw SQLiteGate.failure(status, handle, .execute) }
            // A write runs to its end even when nobody wants the rest of what it returns.
            if demand == .more { demand = try rows.write(to: &pager) }
            if demand == .enough, statement.mode == .read { return }
        }
    }

    /// The handle for reading, opened if there is none or if the file is no longer what it shows.
    func currentReader() throws(DatabaseError) -> SQLiteHandle {
        if let reader {
            if reader.isCurrent {
                sqliteCanceller.attach(reader.raw)
                return reader
            }
            dropReader()
        }
        let handle = try SQLiteHandle.open(try SQLiteFilePolicy.check(path, policy), .read, sqliteCanceller.watch)
        reader = handle
        sqliteCanceller.attach(handle.raw)
        return handle
    }

    private func dropReader() {
        sqliteCanceller.attach(nil)
        reader?.close()
        reader = nil
    }

    /// The session is what we asked for: SQLite itself says that the file is open for reading only, and the schema is legible.
    private func checkReadOnly(_ handle: SQLiteHandle) throws(DatabaseError) {
        guard sqlite3_db_readonly(handle.raw, "main") == 1 else {
            throw DatabaseError(.internal, phase: .readOnlyCheck, "SQLite did not open the file for reading only.")
        }
        do throws(DatabaseError) {
            _ = try scalar("SELECT count(*) FROM sqlite_schema", handle)
        } catch {
            var error = stopped(error)
            if error.code != .timeout && error.code != .cancelled { error.phase = .database }
            throw error
        }
    }

    /// The integer that a small query of ours answers.
    private func scalar(_ sql: String, _ handle: SQLiteHandle) throws(DatabaseError) -> Int64 {
        let passed = try SQLiteGate.prepare(sql, handle)
        defer { SQLiteGate.discard(passed) }
        let status = sqlite3_step(passed.statement)
        guard status == SQLITE_ROW else { throw SQLiteGate.failure(status, handle, .execute) }
        return sqlite3_column_int64(passed.statement, 0)
    }

    // MARK: Writing

    private func write(_ statement: Statement, _ pager: inout RowPager) throws(DatabaseError) -> StatementOutcome {
        // Not open beside the writer: as the last one out it can then tidy the write-ahead log away.
        dropReader()
        let handle = try SQLiteHandle.open(try SQLiteFilePolicy.check(path, policy), .write, sqliteCanceller.watch)
        sqliteCanceller.attach(handle.raw)
        defer {
            sqliteCanceller.attach(nil)
            handle.close()
        }
        guard sqlite3_db_readonly(handle.raw, "main") == 0 else {
            throw DatabaseError(.policy, phase: .connect, "The daemon's user has no permission to write to the file.")
        }
        return try transaction(statement, handle, &pager)
    }

    private func transaction(
        _ statement: Statement, _ handle: SQLiteHandle, _ pager: inout RowPager
    ) throws(DatabaseError) -> StatementOutcome {
        let passed = try SQLiteGate.prepare(statement.text, handle)
        var isFinalized = false
        defer { if !isFinalized { SQLiteGate.discard(passed) } }
        try SQLiteBinding.bind(statement.parameters, to: passed.statement)
        if statement.preparesOnly { return StatementOutcome(command: passed.command) }
        let changes = sqlite3_stmt_readonly(passed.statement) == 0
        try own(changes ? "BEGIN IMMEDIATE" : "BEGIN", handle)
        do throws(DatabaseError) {
            if !passed.columns.isEmpty { try pager.begin(passed.columns) }
            try fetch(passed, handle, statement, &pager)
            let affected = SQLiteDriver.changesRows(passed.command) ? Int(sqlite3_changes64(handle.raw)) : nil
            SQLiteGate.discard(passed)
            isFinalized = true
            try own("COMMIT", handle)
            return StatementOutcome(command: passed.command, affectedRows: affected)
        } catch {
            // Before the ROLLBACK: SQLite cannot undo under a statement that is still running.
            if !isFinalized { SQLiteGate.discard(passed) }
            isFinalized = true
            if sqlite3_get_autocommit(handle.raw) == 0 { try? own("ROLLBACK", handle) }
            throw error
        }
    }

    private static func changesRows(_ command: String) -> Bool { ["INSERT", "REPLACE", "UPDATE", "DELETE"].contains(command) }

    /// Runs one of our own statements, which users may not give.
    func own(_ sql: String, _ handle: SQLiteHandle) throws(DatabaseError) {
        handle.authorizer.isSuspended = true
        defer { handle.authorizer.isSuspended = false }
        let status = sqlite3_exec(handle.raw, sql, nil, nil, nil)
        guard status == SQLITE_OK else { throw SQLiteErrors.of(handle.raw, status, phase: .execute) }
    }

    /// The error under its real cause, if the statement was stopped by its deadline or by a cancel.
    func stopped(_ error: DatabaseError) -> DatabaseError {
        guard error.code == .cancelled || error.code == .busy else { return error }
        var error = error
        let watch = sqliteCanceller.watch
        if watch.isCancelled {
            error.code = .cancelled
            error.message = "The statement was cancelled."
        } else if watch.isLate {
            error.code = .timeout
            error.message = "The statement ran longer than its time limit and was stopped."
        }
        if error.code != .busy { error.retryable = false }
        return error
    }
}
