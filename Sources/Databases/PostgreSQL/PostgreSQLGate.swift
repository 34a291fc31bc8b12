/// What we refuse ourselves, before a statement runs. The engine's read-only transaction is the first layer; this is the
/// second.
enum PostgreSQLGate {
    static let sqlBytesMax = 64 << 20

    /// Refuses texts that must not reach a C string, or have nothing in them.
    static func checkText(_ sql: String) throws(DatabaseError) {
        guard !sql.utf8.contains(0) else {
            throw DatabaseError(.queryFailed, phase: .gate, "The statement has a NUL character.")
        }
        guard sql.utf8.count <= sqlBytesMax else {
            throw DatabaseError(.queryFailed, phase: .gate, "The statement is longer than \(sqlBytesMax) bytes.")
        }
    }

    /// Refuses calls whose effect is outside the transaction, so that rolling back would not undo it.
    ///
    /// By name: a function of the database's own that makes such a call inside is not seen here. Functions that run SQL
    /// given as text are refused because what they run is not seen either.
    static func checkRead(_ scanner: PostgreSQLSQLScanner, isSuperuser: Bool) throws(DatabaseError) {
        guard !scanner.firstWords.isEmpty || !scanner.calledNames.isEmpty else { throw empty }
        if scanner.usesUnicodeEscapeClause {
            throw refused("UESCAPE is not allowed in read-only mode: it can hide a function's name.")
        }
        for name in scanner.calledNames where leavesTransaction(name) || (isSuperuser && runsText(name)) {
            throw refused(
                "The function \(name.limited(toBytes: 64)) is not allowed in read-only mode: its effect would not be rolled back."
            )
        }
    }

    static var empty: DatabaseError { DatabaseError(.queryFailed, phase: .gate, "There is no statement.") }

    /// The refusal of a statement without result columns.
    static func noRows(_ scanner: PostgreSQLSQLScanner) -> DatabaseError {
        let word = scanner.firstWords.first.map { $0.limited(toBytes: 32) + " " } ?? "The statement "
        return refused(
            "\(word)is not allowed in read-only mode: it returns no rows. Run it in write mode if the project allows that.")
    }

    private static func refused(_ message: String) -> DatabaseError {
        DatabaseError(.readOnly, phase: .gate, message)
    }

    private static func leavesTransaction(_ name: String) -> Bool {
        if exact.contains(name) { return true }
        return prefixes.contains { name.hasPrefix($0) } || name.contains("replication_slot")
            || name.contains("replication_origin")
    }

    private static let prefixes = [
        "dblink", "pg_file_", "pg_logical_", "pg_replication_", "pg_wal_replay_", "pg_stat_reset", "heap_force_",
        "pg_stat_statements_reset", "pg_backup_", "query_to_xml",
    ]

    private static let exact: Set<String> = [
        "lo_export", "lo_import", "pg_reload_conf", "pg_rotate_logfile", "pg_rotate_logfile_old", "pg_logfile_rotate",
        "pg_switch_wal", "pg_switch_xlog", "pg_create_restore_point", "pg_promote", "pg_start_backup", "pg_stop_backup",
        "pg_terminate_backend", "pg_cancel_backend", "pg_log_backend_memory_contexts", "pg_log_standby_snapshot",
        "pg_truncate_visibility_map", "gin_clean_pending_list", "brin_summarize_new_values", "brin_summarize_range",
        "brin_desummarize_range", "pg_import_system_collations", "pg_extension_config_dump", "pg_prewarm",
        "autoprewarm_dump_now", "autoprewarm_start_worker", "binary_upgrade_set_record_init_privs", "setseed",
    ]

    private static func runsText(_ name: String) -> Bool {
        ["ts_stat", "ts_rewrite", "connectby", "xpath_table", "cursor_to_xml"].contains(name) || name.hasPrefix("crosstab")
    }

    // MARK: Write mode

    /// Refuses what would end or nest the transaction that the statement has to itself, and COPY's own protocol.
    static func checkWrite(_ scanner: PostgreSQLSQLScanner) throws(DatabaseError) {
        guard let first = scanner.firstWords.first else {
            if scanner.calledNames.isEmpty { throw empty }
            return
        }
        switch first {
        case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE":
            throw DatabaseError(
                .policy, phase: .gate, "\(first) is not allowed: each statement is a transaction of its own.")
        case "PREPARE" where scanner.firstWords.dropFirst().first == "TRANSACTION":
            throw DatabaseError(.policy, phase: .gate, "PREPARE TRANSACTION is not allowed.")
        case "COPY":
            throw DatabaseError(.policy, phase: .gate, "COPY is not possible here; use query.export, or INSERT.")
        default: break
        }
    }

    /// Whether a statement manages transactions by itself and must not be put into one.
    static func runsWithoutTransaction(_ scanner: PostgreSQLSQLScanner) -> Bool {
        scanner.firstWords.first == "CALL" || scanner.firstWords.first == "DO"
    }
}
