import CSQLite

/// Settings of every handle on a user's file, after SQLite's "Defense Against The Dark Arts" (sqlite.org/security.html),
/// with limits a person's own SQL does not meet.
enum SQLiteHardening {
    /// Longest statement, in bytes of UTF-8.
    static let sqlBytesMax = 1 << 20
    /// Longest text, blob or row: what a single cell may cost in memory while it is computed.
    static let valueBytesMax = 32 << 20
    static let parametersMax = 32_766

    static let limits: [(Int32, Int)] = [
        (SQLITE_LIMIT_LENGTH, valueBytesMax),
        (SQLITE_LIMIT_SQL_LENGTH, sqlBytesMax),
        (SQLITE_LIMIT_COLUMN, 2_000),
        // The parser recurses: this is stack.
        (SQLITE_LIMIT_EXPR_DEPTH, 250),
        (SQLITE_LIMIT_COMPOUND_SELECT, 200),
        (SQLITE_LIMIT_VDBE_OP, 1_000_000),
        (SQLITE_LIMIT_FUNCTION_ARG, 100),
        // Files other than the one that was checked are reached by ATTACH only.
        (SQLITE_LIMIT_ATTACHED, 0),
        (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
        (SQLITE_LIMIT_VARIABLE_NUMBER, parametersMax),
        (SQLITE_LIMIT_TRIGGER_DEPTH, 100),
        (SQLITE_LIMIT_WORKER_THREADS, 0),
    ]

    static func apply(to handle: OpaquePointer, writing: Bool) throws(DatabaseError) {
        for (limit, value) in limits { sqlite3_limit(handle, limit, Int32(value)) }
        let settings: [(Int32, Int32)] = [
            // Functions and virtual tables with side effects cannot be called by a view or trigger somebody planted.
            (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
            // No writing to the schema table, shadow tables or journal settings, even by mistake.
            (SQLITE_DBCONFIG_DEFENSIVE, 1),
            (SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0),
            (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
            (SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0),
            // Foreign keys that the schema declares hold for writes made through us.
            (SQLITE_DBCONFIG_ENABLE_FKEY, writing ? 1 : 0),
        ]
        for (setting, value) in settings {
            let status = dbassist_sqlite3_db_config_flag(handle, setting, value)
            guard status == SQLITE_OK else { throw SQLiteErrors.opening(handle, status) }
        }
        // Damaged pages are noticed, and files are never mapped: a file that is cut short would kill the process.
        let status = sqlite3_exec(handle, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0", nil, nil, nil)
        guard status == SQLITE_OK else { throw SQLiteErrors.opening(handle, status) }
    }
}
