/// What is out of ``StatementScope/data`` on PostgreSQL, by name.
///
/// Names are compared as the server folds them, without their schema, whether quoted, spelled with `U&"…"` or apart from their
/// parenthesis. It looks at every statement, also at one that is prepared already because a person ran it.
enum PostgreSQLScope {
    static func check(_ statement: Statement) throws(DatabaseError) {
        try StatementScope.checkForm(statement)
        let scanner = PostgreSQLSQLScanner(statement.text, collectsNames: true)
        let first = scanner.firstWords.first ?? ""
        if scanner.usesUnicodeEscapeClause {
            throw StatementScope.refusal("UESCAPE", "it can hide a name")
        }
        if running.contains(first) || (first == "EXPLAIN" && scanner.names.contains("execute")) {
            throw StatementScope.refusal(first, "it runs a statement that is not in the text")
        }
        if first == "SHOW" { try checkShow(scanner.names) }
        // In order, so that the same statement gets the same answer each time.
        for name in scanner.calledNames.sorted() {
            if let rule = functions.first(where: { $0.covers(name) }) {
                throw StatementScope.refusal("The function \(name)", rule.reason)
            }
        }
        for name in scanner.names.sorted() {
            if let rule = relations.first(where: { $0.covers(name) }) {
                throw StatementScope.refusal("The relation \(name)", rule.reason)
            }
        }
    }

    private static let running: Set<String> = ["EXECUTE", "FETCH", "MOVE", "CALL"]

    // MARK: Functions

    static let functions: [ScopeRule] = [
        ScopeRule(reason: "it waits", prefixes: ["pg_sleep"]),
        ScopeRule(
            reason: "it holds locks", names: ["pg_export_snapshot", "pg_isolation_test_session_is_blocked"],
            prefixes: ["pg_advisory_", "pg_try_advisory_"]),
        ScopeRule(
            reason: "it reaches outside the database",
            names: [
                "http", "http_get", "http_post", "http_put", "http_patch", "http_delete", "http_head", "http_collect_response",
                "postgres_fdw_get_connections", "postgres_fdw_disconnect", "postgres_fdw_disconnect_all", "pg_notify",
                "query_export_to_s3", "table_import_from_s3", "schedule", "schedule_in_database",
            ], prefixes: ["dblink", "pg_background_"]),
        ScopeRule(
            reason: "it reads or names files of the server",
            names: [
                "pg_stat_file", "pg_current_logfile", "pg_relation_filepath", "pg_tablespace_location", "pg_hba_file_rules",
                "pg_ident_file_mappings", "pg_show_all_file_settings", "get_raw_page", "pg_config",
            ], prefixes: ["pg_read_", "pg_ls_", "pg_file_", "pg_get_wal_", "heap_page_", "bt_page_"]),
        ScopeRule(
            reason: "large objects are outside of every table's permissions",
            names: [
                "loread", "lowrite", "lo_close", "lo_creat", "lo_create", "lo_export", "lo_from_bytea", "lo_get", "lo_import",
                "lo_lseek", "lo_lseek64", "lo_manage", "lo_oid", "lo_open", "lo_put", "lo_tell", "lo_tell64", "lo_truncate",
                "lo_truncate64", "lo_unlink",
            ]),
        ScopeRule(
            reason: "settings may hold credentials and keep statements read-only",
            names: ["set_config", "current_setting", "pg_show_all_settings", "pg_settings_get_flags", "setseed"]),
        ScopeRule(
            reason: "it shows what other sessions run or hold",
            names: [
                "pg_stat_get_activity", "pg_stat_get_backend_activity", "pg_stat_statements", "pg_prepared_statement",
                "pg_stat_get_wal_receiver", "pg_stat_get_wal_senders", "pgrowlocks",
            ]),
        ScopeRule(
            reason: "it runs SQL that is given as text",
            names: ["ts_stat", "ts_rewrite", "connectby", "xpath_table"],
            prefixes: ["query_to_xml", "cursor_to_xml", "table_to_xml", "schema_to_xml", "database_to_xml", "crosstab"]),
        ScopeRule(
            reason: "it acts on the server or its sessions",
            names: ["pg_promote", "pg_stop_backup", "pg_start_backup", "gin_clean_pending_list", "pg_prewarm"],
            prefixes: [
                "pg_terminate_", "pg_cancel_", "pg_reload_", "pg_rotate_", "pg_switch_", "pg_logical_", "pg_replication_",
                "pg_backup_", "pg_create_", "pg_drop_", "pg_copy_", "pg_wal_replay_", "pg_log_", "pg_stat_reset", "pg_stat_clear",
                "pg_stat_force", "pg_stat_statements_reset", "pg_truncate_", "pg_import_", "heap_force_", "autoprewarm_",
                "brin_summarize_", "brin_desummarize_", "binary_upgrade_",
            ]),
    ]

    // MARK: Relations

    static let relations: [ScopeRule] = [
        ScopeRule(
            reason: "it holds passwords, or settings that may be some",
            names: [
                "pg_authid", "pg_shadow", "pg_user", "pg_roles", "pg_user_mapping", "pg_user_mappings", "_pg_user_mappings",
                "user_mapping_options", "pg_foreign_server", "_pg_foreign_servers", "foreign_server_options", "pg_subscription",
                "pg_db_role_setting", "pg_settings", "pg_stat_wal_receiver", "decrypted_secrets", "decrypted_key",
            ]),
        ScopeRule(
            reason: "it shows files of the server, or what is in them",
            names: [
                "pg_file_settings", "pg_hba_file_rules", "pg_ident_file_mappings", "pg_config", "pg_largeobject",
                "pg_largeobject_metadata",
            ]),
        ScopeRule(
            reason: "it shows what other sessions run",
            names: ["pg_stat_activity", "pg_stat_statements", "pg_prepared_statements", "pg_stat_replication"]),
    ]

    // MARK: SHOW

    /// `SHOW` of one setting that says how the server computes, and nothing of where it is or who uses it.
    private static func checkShow(_ names: Set<String>) throws(DatabaseError) {
        let asked = names.subtracting(["show"])
        if phrases.contains(asked) { return }
        if asked.count == 1, let name = asked.first,
            settings.contains(name) || ["enable_", "autovacuum", "lc_", "default_transaction_"].contains(where: name.hasPrefix)
        {
            return
        }
        throw StatementScope.refusal(
            "SHOW \(asked.sorted().joined(separator: " "))", "settings may hold credentials",
            hint: "SHOW server_version, search_path, TimeZone, work_mem and the like are allowed.")
    }

    private static let phrases: [Set<String>] = [["time", "zone"], ["transaction", "isolation", "level"]]

    private static let settings: Set<String> = [
        "server_version", "server_version_num", "server_encoding", "client_encoding", "search_path", "timezone", "datestyle",
        "intervalstyle", "work_mem", "maintenance_work_mem", "shared_buffers", "effective_cache_size", "temp_buffers",
        "random_page_cost", "seq_page_cost", "cpu_tuple_cost", "effective_io_concurrency", "max_connections",
        "max_parallel_workers", "max_parallel_workers_per_gather", "max_worker_processes", "default_statistics_target",
        "default_text_search_config", "transaction_isolation", "transaction_read_only", "statement_timeout", "lock_timeout",
        "standard_conforming_strings", "bytea_output", "extra_float_digits", "jit", "block_size", "row_security",
    ]
}
