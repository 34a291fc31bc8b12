import CSQLite
import Glibc

/// Allows what a statement may do, action by action, while SQLite compiles it; everything not named is refused.
///
/// This is the layer that a read-only file handle lacks: on one of those ATTACH, VACUUM INTO and temporary tables still
/// write to other files. SQLite also asks for statements inside views, triggers and virtual tables.
final class SQLiteAuthorizer {
    enum Mode { case read, write }

    let mode: Mode
    /// Why the statement was refused, if it was.
    private(set) var refusal: String?
    /// The PRAGMA that the statement is, if it is one.
    private(set) var pragma: String?
    /// Whether ``refusal`` is of what is out of the statement's scope.
    private(set) var isOutOfScope = false
    /// How far statements may reach from now on.
    var scope = StatementScope.account
    private var isTemporary = false
    /// Set while the driver runs its own BEGIN, COMMIT and ROLLBACK.
    var isSuspended = false

    init(_ mode: Mode) { self.mode = mode }

    /// Makes `handle` ask this object, which must outlive it.
    func install(on handle: OpaquePointer) {
        sqlite3_set_authorizer(
            handle,
            { context, action, first, second, database, _ in
                guard let context else { return SQLITE_DENY }
                let authorizer = Unmanaged<SQLiteAuthorizer>.fromOpaque(context).takeUnretainedValue()
                // `CREATE TABLE temp.t` is announced like any CREATE TABLE, only in another database.
                authorizer.isTemporary = database.map { strcmp($0, "temp") == 0 } ?? false
                return authorizer.decide(action, first.map { String(cString: $0) }, second.map { String(cString: $0) })
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Before a statement is prepared.
    func begin() {
        refusal = nil
        isOutOfScope = false
        pragma = nil
    }

    private func decide(_ action: Int32, _ first: String?, _ second: String?) -> Int32 {
        if isSuspended { return SQLITE_OK }
        if scope == .data, let reason = SQLiteScope.refusal(action, first, second) {
            if refusal == nil { (refusal, isOutOfScope) = (reason, true) }
            return SQLITE_DENY
        }
        let reason =
            switch action {
            case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: nil as String?
            case SQLITE_FUNCTION: function(second ?? "")
            case SQLITE_PRAGMA: pragma(first ?? "", second)
            default: mode == .read ? read(action, first) : write(action, second)
            }
        guard let reason else { return SQLITE_OK }
        if refusal == nil { refusal = reason }
        return SQLITE_DENY
    }

    // MARK: Functions and pragmas, in both modes

    /// Functions that reach files or code, or write. Most are not in the library; a build may have them.
    private static let forbiddenFunctions: Set<String> = [
        "load_extension", "fts3_tokenizer", "optimize", "readfile", "writefile", "edit", "fsdir", "lsmode", "zipfile", "eval",
        "shell", "system", "sqlite_log",
    ]

    private func function(_ name: String) -> String? {
        let name = name.lowercased()
        guard SQLiteAuthorizer.forbiddenFunctions.contains(name) else { return nil }
        return "The function \(name)() is not allowed: it reaches outside the database or changes it."
    }

    private func pragma(_ name: String, _ argument: String?) -> String? {
        let name = name.lowercased()
        if pragma == nil { pragma = name }
        if SQLitePragmas.aboutTables.contains(name) { return nil }
        if argument == nil {
            if SQLitePragmas.settings.contains(name) { return nil }
        } else if mode == .write, SQLitePragmas.writable.contains(name) {
            return nil
        }
        if argument != nil, SQLitePragmas.settings.contains(name) {
            return "PRAGMA \(name) may be asked for here, but not set."
        }
        return "PRAGMA \(name) is not on the list of allowed pragmas."
    }

    // MARK: Read mode

    private func read(_ action: Int32, _ table: String?) -> String? {
        if isVirtualTableSetup(action, table ?? "") { return nil }
        return SQLiteAuthorizer.common(action)
            ?? (mode == .read ? "\(SQLiteAuthorizer.name(action)) changes the database, and this is a read-only statement." : nil)
    }

    /// What SQLite announces when it connects a virtual table, although nothing of it is run: declaring any of them looks
    /// like an update of the schema table, and R-Tree prepares its inserts in advance. A statement that really writes these
    /// is not read-only (`sqlite3_stmt_readonly`), and the file is open for reading only.
    private func isVirtualTableSetup(_ action: Int32, _ table: String) -> Bool {
        switch action {
        case SQLITE_UPDATE: table == "sqlite_master"
        case SQLITE_INSERT, SQLITE_DELETE: ["_node", "_rowid", "_parent"].contains { table.hasSuffix($0) }
        default: false
        }
    }

    // MARK: Write mode

    /// Modules whose tables live inside the database file.
    private static let modules: Set<String> = ["fts3", "fts4", "fts5", "rtree", "rtree_i32", "geopoly"]

    private func write(_ action: Int32, _ second: String?) -> String? {
        let creates = [SQLITE_CREATE_TABLE, SQLITE_CREATE_VTABLE, SQLITE_CREATE_VIEW, SQLITE_CREATE_INDEX, SQLITE_CREATE_TRIGGER]
        return switch action {
        case _ where isTemporary && creates.contains(action),
            SQLITE_CREATE_TEMP_INDEX, SQLITE_CREATE_TEMP_TABLE, SQLITE_CREATE_TEMP_TRIGGER, SQLITE_CREATE_TEMP_VIEW,
            SQLITE_DROP_TEMP_INDEX, SQLITE_DROP_TEMP_TABLE, SQLITE_DROP_TEMP_TRIGGER, SQLITE_DROP_TEMP_VIEW:
            "Temporary objects are not allowed: they would be gone with the end of this statement."
        case SQLITE_CREATE_VTABLE where !SQLiteAuthorizer.modules.contains((second ?? "").lowercased()):
            "Virtual tables of the module \(second ?? "") are not allowed."
        default: SQLiteAuthorizer.common(action)
        }
    }

    /// Refused in both modes.
    private static func common(_ action: Int32) -> String? {
        switch action {
        case SQLITE_ATTACH, SQLITE_DETACH:
            "Other files cannot be attached or written (ATTACH, DETACH, VACUUM): a project is one file."
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT:
            "Transactions are not controlled by statements (BEGIN, COMMIT, ROLLBACK, SAVEPOINT): each statement is its own."
        default: nil
        }
    }

    private static func name(_ action: Int32) -> String {
        switch action {
        case SQLITE_INSERT: "INSERT"
        case SQLITE_UPDATE: "UPDATE"
        case SQLITE_DELETE: "DELETE"
        case SQLITE_ALTER_TABLE: "ALTER TABLE"
        case SQLITE_ANALYZE: "ANALYZE"
        case SQLITE_REINDEX: "REINDEX"
        case SQLITE_CREATE_TEMP_INDEX, SQLITE_CREATE_TEMP_TABLE, SQLITE_CREATE_TEMP_TRIGGER, SQLITE_CREATE_TEMP_VIEW:
            "CREATE TEMP"
        case SQLITE_CREATE_INDEX, SQLITE_CREATE_TABLE, SQLITE_CREATE_TRIGGER, SQLITE_CREATE_VIEW, SQLITE_CREATE_VTABLE: "CREATE"
        case SQLITE_DROP_INDEX, SQLITE_DROP_TABLE, SQLITE_DROP_TRIGGER, SQLITE_DROP_VIEW, SQLITE_DROP_VTABLE: "DROP"
        default: "This statement"
        }
    }
}

/// Which pragmas may run. Most of SQLite's pragmas change something, some of them without an argument.
enum SQLitePragmas {
    /// Take the name of a table or index, or a number of findings, or nothing; they only read.
    static let aboutTables: Set<String> = [
        "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list",
        "foreign_key_check", "integrity_check", "quick_check",
    ]

    /// Answer a setting when asked without an argument.
    static let settings: Set<String> = [
        "application_id", "auto_vacuum", "cache_size", "collation_list", "compile_options", "data_version", "encoding",
        "foreign_keys", "freelist_count", "function_list", "journal_mode", "journal_size_limit", "max_page_count", "module_list",
        "page_count", "page_size", "pragma_list", "query_only", "recursive_triggers", "schema_version", "secure_delete",
        "synchronous", "user_version", "wal_autocheckpoint",
    ]

    /// May be set by a write statement: they are values in the database file, under its transaction.
    static let writable: Set<String> = ["application_id", "user_version"]

    /// Counted as writing by `sqlite3_stmt_readonly` even when only asked for.
    static let readOnlyThoughNotMarked: Set<String> = ["journal_mode"]
}
