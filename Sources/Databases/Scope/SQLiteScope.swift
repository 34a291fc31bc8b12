import CSQLite

/// What is out of ``StatementScope/data`` on SQLite, which is little: the authorizer's list for all reads has no files and no
/// settings that matter. SQLite itself names the function or table, whatever the statement's spelling and wherever the call is, in a
/// view too.
enum SQLiteScope {
    /// Why an action is refused, or nil.
    static func refusal(_ action: Int32, _ first: String?, _ second: String?) -> String? {
        switch action {
        case SQLITE_FUNCTION: called((second ?? "").lowercased())
        case SQLITE_READ: read((first ?? "").lowercased())
        default: nil
        }
    }

    private static func called(_ name: String) -> String? {
        if outside.contains(name) {
            return "The function \(name) is not for statements that an assistant writes: it reaches outside the database."
        }
        if about.contains(name) {
            return
                "The function \(name) is not for statements that an assistant writes: it shows how the library was built or stores."
        }
        return nil
    }

    private static let outside: Set<String> = [
        "load_extension", "readfile", "writefile", "edit", "fsdir", "lsmode", "zipfile", "eval", "shell", "system",
        "fts3_tokenizer", "sqlite_log", "getenv", "http_get", "http_post",
    ]
    private static let about: Set<String> = ["sqlite_compileoption_get", "sqlite_compileoption_used", "sqlite_offset"]

    private static func read(_ table: String) -> String? {
        guard ["sqlite_dbpage", "dbstat", "sqlite_stmt", "bytecode", "tables_used", "fsdir", "zipfile"].contains(table) else {
            return nil
        }
        return "The table \(table) is not for statements that an assistant writes: it shows raw pages or files, not data."
    }

    /// In place of `SQLiteHardening`'s: what sqlite.org/security.html advises for SQL from strangers, as far as ordinary queries fit
    /// in. A value is at most 1 MB, so that `zeroblob` and `randomblob` cost no more.
    static let limits: [(Int32, Int)] = [
        (SQLITE_LIMIT_LENGTH, 1_000_000),
        (SQLITE_LIMIT_SQL_LENGTH, StatementScope.textBytesMax),
        (SQLITE_LIMIT_EXPR_DEPTH, 100),
        (SQLITE_LIMIT_COMPOUND_SELECT, 20),
        (SQLITE_LIMIT_VDBE_OP, 25_000),
        (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
    ]
}
