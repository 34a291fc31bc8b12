import CSQLite

/// Prepare and look: compiles a statement on a guarded handle and lets it through only if it is one statement of the kind
/// that its mode allows. What is refused was compiled at most, never run.
enum SQLiteGate {
    /// A statement that may run. The owner gives it back with ``discard(_:)``.
    struct Passed {
        var statement: OpaquePointer
        var command: String
        var columns: [Column]
    }

    static func prepare(_ sql: String, _ handle: SQLiteHandle) throws(DatabaseError) -> Passed {
        try checkText(sql)
        let mode = handle.authorizer.mode
        let command = SQLiteText.command(sql)
        handle.authorizer.begin()
        var (status, prepared, hasMore) = compile(sql, handle.raw)
        guard status == SQLITE_OK else { throw failure(status, handle, .prepare, sql) }
        defer { sqlite3_finalize(prepared) }
        guard let statement = prepared else {
            throw DatabaseError(.queryFailed, phase: .prepare, "There is no statement in this text.", position: 1)
        }
        guard !hasMore else {
            throw refused(mode, "Only one statement at a time: there is more after the first semicolon.")
        }
        // A refusal that a virtual table swallowed while it was compiled is a refusal all the same.
        if let reason = handle.authorizer.refusal { throw refused(handle, reason) }
        if command == "VACUUM" {
            throw refused(mode, "VACUUM rewrites the whole file or writes another one; run it with SQLite's own tools.")
        }
        let columns = SQLiteColumns.of(statement)
        if mode == .read {
            let exempt = handle.authorizer.pragma.map { SQLitePragmas.readOnlyThoughNotMarked.contains($0) } ?? false
            guard sqlite3_stmt_readonly(statement) != 0 || exempt else {
                throw refused(mode, "\(command) changes the database, and this is a read-only statement.")
            }
            guard !columns.isEmpty else {
                throw refused(mode, "\(command) answers no rows; a read-only statement must be a query.")
            }
        }
        prepared = nil
        return Passed(statement: statement, command: command, columns: columns)
    }

    /// Gives back what ``prepare(_:_:)`` made.
    static func discard(_ passed: Passed) { sqlite3_finalize(passed.statement) }

    /// What a failing call of the library means: our own refusal, if the authorizer refused.
    static func failure(
        _ status: Int32, _ handle: SQLiteHandle, _ phase: DatabaseError.Phase, _ sql: String? = nil
    ) -> DatabaseError {
        let mode = handle.authorizer.mode
        // Whatever code the refusal surfaced as: SQLITE_AUTH, or SQLITE_SCHEMA or _ERROR from a virtual table in between.
        let others = [SQLITE_INTERRUPT, SQLITE_BUSY, SQLITE_LOCKED, SQLITE_NOMEM, SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB]
        if let reason = handle.authorizer.refusal, !others.contains(status & 0xFF) {
            var error = refused(handle, reason)
            error.nativeCode = Int(status)
            return error
        }
        // The schema table and shadow tables pass our authorizer (see there) and are refused by SQLite's own defences.
        if mode == .read, status == SQLITE_ERROR, String(cString: sqlite3_errmsg(handle.raw)).hasSuffix("may not be modified") {
            var error = refused(mode, "\(SQLiteText.command(sql ?? "")) changes the database, and this is a read-only statement.")
            error.nativeCode = Int(status)
            return error
        }
        return SQLiteErrors.of(handle.raw, status, phase: phase, sql: sql)
    }

    /// Lengths and NULs are looked at before any C function sees the text.
    private static func checkText(_ sql: String) throws(DatabaseError) {
        guard sql.utf8.count <= SQLiteHardening.sqlBytesMax else {
            throw DatabaseError(
                .queryFailed, phase: .gate, "The statement is longer than \(SQLiteHardening.sqlBytesMax) bytes.")
        }
        if let index = sql.utf8.firstIndex(of: 0) {
            let offset = sql.utf8.distance(from: sql.utf8.startIndex, to: index)
            throw DatabaseError(
                .queryFailed, phase: .gate, "The statement contains a NUL character.",
                position: SQLiteErrors.position(ofByte: offset, in: sql))
        }
    }

    private static func compile(_ sql: String, _ handle: OpaquePointer) -> (Int32, OpaquePointer?, hasMore: Bool) {
        var sql = sql
        return sql.withUTF8 { utf8 in
            var statement: OpaquePointer?
            // An empty buffer has no address; the library wants one.
            guard let base = utf8.baseAddress, !utf8.isEmpty else { return (SQLITE_OK, nil, false) }
            return base.withMemoryRebound(to: CChar.self, capacity: utf8.count) { text in
                var tail: UnsafePointer<CChar>?
                let status = sqlite3_prepare_v3(handle, text, Int32(utf8.count), 0, &statement, &tail)
                let used = tail.map { text.distance(to: $0) } ?? utf8.count
                let rest = UnsafeBufferPointer(rebasing: utf8[min(max(used, 0), utf8.count)...])
                return (status, statement, !SQLiteText.isBlank(rest))
            }
        }
    }

    /// What the authorizer refused.
    private static func refused(_ handle: SQLiteHandle, _ reason: String) -> DatabaseError {
        let isOutOfScope = handle.authorizer.isOutOfScope
        return isOutOfScope ? StatementScope.refusal(reason) : refused(handle.authorizer.mode, reason)
    }

    private static func refused(_ mode: SQLiteAuthorizer.Mode, _ reason: String) -> DatabaseError {
        DatabaseError(mode == .read ? .readOnly : .policy, phase: .gate, reason)
    }
}
