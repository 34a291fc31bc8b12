/// What is out of ``StatementScope/data`` on MariaDB and MySQL, by name.
///
/// The text is cut by the gate's own lexer, under the session's SQL modes, so that it agrees with the server about what is a name. A
/// letter beyond ASCII stands for any letter: MariaDB 10.11 takes `slÉep` for no function it knows, but servers whose names are
/// compared by a collation without accents would call `sleep`.
struct MariaDBScope {
    private enum Piece: Equatable {
        case name(String)
        case symbol(UInt8)
        case string

        var isSpot: Bool { self == .symbol(UInt8(ascii: ".")) }
    }

    /// The statement's text from the gate's side, and the schema that a name without one is in.
    static func check(_ statement: Statement, _ gate: MariaDBGate, schema: String?) throws(DatabaseError) {
        try StatementScope.checkForm(statement)
        let own = folded(schema ?? "")
        if serverSchemas.contains(where: { same($0, own) }) {
            throw StatementScope.refusal(
                "The schema \(own.lowercased())", "it is the server's own, with accounts and other sessions")
        }
        // What is not even one statement is for the gate to say.
        guard let pieces = pieces(statement.text, gate) else { return }
        try checkFirst(pieces)
        let inCatalogue = same("INFORMATION_SCHEMA", own)
        for (index, piece) in pieces.enumerated() {
            switch piece {
            case .name(let name):
                let next = index + 1 < pieces.count ? pieces[index + 1] : .string
                if next == .symbol(UInt8(ascii: "(")) {
                    try checkCall(name)
                } else if next.isSpot, index + 2 < pieces.count, case .name(let member) = pieces[index + 2] {
                    try checkMember(member, of: name)
                }
                if inCatalogue { try checkCatalogue(name) }
                if name == "FOR", next == .name("CONNECTION") {
                    throw StatementScope.refusal("FOR CONNECTION", "it shows what another session runs")
                }
            case .symbol(UInt8(ascii: "@")) where index + 1 < pieces.count && pieces[index + 1] == piece:
                try checkVariable(pieces[(index + 2)...].prefix(4))
            case .symbol, .string: break
            }
        }
    }

    // MARK: Functions

    static let functions: [ScopeRule] = [
        ScopeRule(
            reason: "it waits",
            names: [
                "SLEEP", "MASTER_POS_WAIT", "SOURCE_POS_WAIT", "MASTER_GTID_WAIT", "WAIT_FOR_EXECUTED_GTID_SET",
                "WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS", "WSREP_SYNC_WAIT_UPTO_GTID",
            ]),
        ScopeRule(reason: "it keeps the server busy for as long as it is told", names: ["BENCHMARK"]),
        ScopeRule(
            reason: "it takes, asks for or frees locks of other sessions",
            names: ["GET_LOCK", "RELEASE_LOCK", "RELEASE_ALL_LOCKS", "IS_FREE_LOCK", "IS_USED_LOCK"],
            prefixes: ["SERVICE_GET_", "SERVICE_RELEASE_"]),
        ScopeRule(reason: "it reads files of the server", names: ["LOAD_FILE"]),
        ScopeRule(
            reason: "it reaches outside the database",
            names: ["LIB_MYSQLUDF_SYS_INFO", "MYSQLX_ERROR"], prefixes: ["SYS_", "HTTP_", "SPIDER_", "MEMC_", "GMAN_"]),
        ScopeRule(reason: "it reads what the server's keyring holds", prefixes: ["KEYRING_"]),
    ]

    private static func checkCall(_ name: String) throws(DatabaseError) {
        for rule in functions {
            let isCovered =
                rule.names.contains { same($0, name) }
                || rule.prefixes.contains { same($0, String(name.unicodeScalars.prefix($0.utf8.count))) }
            if isCovered { throw StatementScope.refusal("The function \(name.lowercased())", rule.reason) }
        }
    }

    // MARK: Relations

    static let serverSchemas = ["MYSQL", "PERFORMANCE_SCHEMA", "SYS"]

    static let catalogue = ScopeRule(
        reason: "it shows privileges, settings or what other sessions run",
        names: [
            "USER_PRIVILEGES", "SCHEMA_PRIVILEGES", "TABLE_PRIVILEGES", "COLUMN_PRIVILEGES", "USER_ATTRIBUTES", "PROCESSLIST",
            "GLOBAL_VARIABLES", "SESSION_VARIABLES", "SYSTEM_VARIABLES", "USER_STATISTICS", "CLIENT_STATISTICS", "INNODB_TRX",
            "INNODB_LOCKS", "INNODB_LOCK_WAITS", "METADATA_LOCK_INFO", "QUERY_CACHE_INFO", "DISKS", "FILES", "PLUGINS",
            "ALL_PLUGINS", "OPTIMIZER_TRACE", "PROFILING", "SQL_FUNCTIONS_PRIVILEGES", "WSREP_MEMBERSHIP", "SPIDER_ALLOC_MEM",
        ])

    private static func checkMember(_ member: String, of schema: String) throws(DatabaseError) {
        if serverSchemas.contains(where: { same($0, schema) }) {
            throw StatementScope.refusal(
                "The schema \(schema.lowercased())", "it is the server's own, with accounts and other sessions")
        }
        if same("INFORMATION_SCHEMA", schema) { try checkCatalogue(member) }
    }

    private static func checkCatalogue(_ name: String) throws(DatabaseError) {
        guard catalogue.names.contains(where: { same($0, name) }) else { return }
        throw StatementScope.refusal("The relation information_schema.\(name.lowercased())", catalogue.reason)
    }

    // MARK: Variables and SHOW

    private static let variables: Set<String> = [
        "VERSION", "VERSION_COMMENT", "SQL_MODE", "TIME_ZONE", "SYSTEM_TIME_ZONE", "TX_ISOLATION", "TRANSACTION_ISOLATION",
        "TX_READ_ONLY", "TRANSACTION_READ_ONLY", "AUTOCOMMIT", "LOWER_CASE_TABLE_NAMES", "DEFAULT_STORAGE_ENGINE",
        "MAX_CONNECTIONS", "MAX_ALLOWED_PACKET", "INNODB_BUFFER_POOL_SIZE", "INNODB_PAGE_SIZE", "TMP_TABLE_SIZE",
        "MAX_HEAP_TABLE_SIZE", "SORT_BUFFER_SIZE", "JOIN_BUFFER_SIZE", "OPTIMIZER_SWITCH", "GROUP_CONCAT_MAX_LEN",
        "MAX_STATEMENT_TIME", "MAX_EXECUTION_TIME", "READ_ONLY", "SQL_AUTO_IS_NULL",
    ]

    /// What follows `@@`.
    private static func checkVariable(_ pieces: ArraySlice<Piece>) throws(DatabaseError) {
        var rest = pieces
        if case .name(let scope) = rest.first, ["GLOBAL", "SESSION", "LOCAL"].contains(scope),
            rest.dropFirst().first?.isSpot == true
        {
            rest = rest.dropFirst(2)
        }
        var shown = "A variable"
        if case .name(let name) = rest.first {
            shown = "The variable \(name.lowercased())"
            let isKnown = variables.contains(name) || ["CHARACTER_SET_", "COLLATION_"].contains(where: name.hasPrefix)
            if isKnown, rest.dropFirst().first?.isSpot != true, name != "CHARACTER_SETS_DIR" { return }
        }
        throw StatementScope.refusal(
            shown, "settings may hold credentials and paths", hint: "@@version, @@sql_mode, @@time_zone and the like are allowed."
        )
    }

    private static let shown: Set<String> = [
        "DATABASES", "SCHEMAS", "TABLES", "TABLE", "COLUMNS", "FIELDS", "INDEX", "INDEXES", "KEYS", "TRIGGERS", "EVENTS",
        "FUNCTION",
        "PROCEDURE", "PACKAGE", "CHARACTER", "CHARSET", "COLLATION", "ENGINES", "WARNINGS", "ERRORS", "COUNT", "CREATE", "STATUS",
    ]
    private static let created: Set<String> = [
        "TABLE", "VIEW", "TRIGGER", "FUNCTION", "PROCEDURE", "PACKAGE", "EVENT", "DATABASE", "SCHEMA", "SEQUENCE",
    ]

    private static func checkFirst(_ pieces: [Piece]) throws(DatabaseError) {
        guard pieces.first == .name("SHOW") else { return }
        let words = pieces.dropFirst().compactMap { if case .name(let name) = $0 { name } else { nil } }
        let rest = words.drop { ["FULL", "EXTENDED", "STORAGE", "GLOBAL", "SESSION", "LOCAL"].contains($0) }
        let kind = rest.first ?? ""
        let isAllowed = shown.contains(kind) && (kind != "CREATE" || rest.dropFirst().first.map(created.contains) ?? false)
        guard !isAllowed else { return }
        throw StatementScope.refusal(
            "SHOW \(words.prefix(2).joined(separator: " "))", "it shows accounts, settings or what other sessions run",
            hint: "SHOW TABLES, COLUMNS, INDEX, CREATE TABLE, STATUS and the like are allowed.")
    }

    // MARK: Names

    private static func pieces(_ sql: String, _ gate: MariaDBGate) -> [Piece]? {
        var sql = sql
        return sql.withUTF8 { bytes in
            var lexer = MariaDBLexer(bytes, ansiQuotes: gate.ansiQuotes, backslashEscapes: gate.backslashEscapes)
            var pieces: [Piece] = []
            do throws(MariaDBLexer.Failure) {
                while let token = try lexer.next() {
                    switch token {
                    case .word(let word): pieces.append(.name(folded(word)))
                    case .quotedIdentifier: pieces.append(.name(unquoted(bytes[lexer.tokenStart..<lexer.position])))
                    case .string: pieces.append(.string)
                    case .symbol(let byte): pieces.append(.symbol(byte))
                    }
                }
                return pieces
            } catch {
                return nil
            }
        }
    }

    /// The name between two quotes; a quote in it is doubled.
    private static func unquoted(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        guard let quote = bytes.first else { return "" }
        var name: [UInt8] = []
        var isSecond = false
        for byte in bytes.dropFirst().dropLast() {
            isSecond = byte == quote && !isSecond
            if !isSecond { name.append(byte) }
        }
        return folded(String(decoding: name, as: UTF8.self))
    }

    /// ASCII letters in upper case, the rest as it is.
    private static func folded(_ name: String) -> String {
        String(decoding: name.utf8.map { 0x61...0x7A ~= $0 ? $0 & 0xDF : $0 }, as: UTF8.self)
    }

    /// Whether the server may take `name` for `known`, which is ASCII in upper case.
    private static func same(_ known: String, _ name: String) -> Bool {
        if known == name { return true }
        guard !name.utf8.allSatisfy({ $0 < 0x80 }) else { return false }
        return known.unicodeScalars.elementsEqual(name.unicodeScalars) { $0 == $1 || !$1.isASCII }
    }
}
