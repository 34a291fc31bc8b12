/// What a statement is, by its shape; the layer above the engine's own read-only transaction.
///
/// The engine stops what writes to tables, but not what ends its transaction (`BEGIN NOT ATOMIC … END`, `START TRANSACTION`),
/// writes files (`INTO OUTFILE`) or changes the server (`SET GLOBAL`, `FLUSH`, `KILL`); those are refused here, before the
/// server sees them, and again after preparing, when a read must have columns.
struct MariaDBGate {
    /// `ANSI_QUOTES` and `NO_BACKSLASH_ESCAPES` as they are in the session.
    var ansiQuotes = false
    var backslashEscapes = true

    /// One statement, cut at its terminator.
    struct Shape: Equatable {
        /// The first keyword, upper-case, or `(`.
        var command: String
        /// How many bytes of the text to send: all up to a terminating `;`.
        var length: Int
        /// Whether `FOUND_ROWS` is mentioned.
        var readsFoundRows = false
    }

    /// Refuses everything but one reading statement. Errors: `read_only` or `query_failed`, phase `gate`, naming the rule.
    func read(_ sql: String) throws(DatabaseError) -> Shape {
        let scan = try scan(sql)
        let command = MariaDBGate.command(scan.head)
        guard MariaDBGate.reads.contains(command) || command == "ANALYZE" else {
            throw MariaDBGate.refused("\(command) is not a reading statement")
        }
        if scan.isStacked { throw MariaDBGate.error(.secondStatement) }
        if ["EXPLAIN", "DESCRIBE", "DESC", "ANALYZE"].contains(command) { try checkExplained(scan.head, command) }
        if scan.hasInto { throw MariaDBGate.refused("SELECT … INTO writes files or variables") }
        return Shape(command: command == "(" ? "SELECT" : command, length: scan.length, readsFoundRows: scan.readsFoundRows)
    }

    /// Refuses what would end or split the transaction a write runs in, and reading files of this machine.
    func write(_ sql: String) throws(DatabaseError) -> Shape {
        let scan = try scan(sql)
        let command = MariaDBGate.command(scan.head)
        let words = scan.head.prefix(5).compactMap { if case .word(let word) = $0 { word } else { nil } }
        if MariaDBGate.transactionControl.contains(command) {
            throw DatabaseError(
                .queryFailed, phase: .gate,
                "\(command) is refused: each statement runs in a transaction of its own, which is committed when it succeeds.")
        }
        if scan.isStacked { throw MariaDBGate.error(.secondStatement) }
        if command == "SET", scan.hasTransactionWord {
            throw DatabaseError(.queryFailed, phase: .gate, "SET of transaction modes is refused: each statement has its own.")
        }
        if command == "LOAD", words.contains("LOCAL") {
            throw DatabaseError(
                .policy, phase: .gate, "LOAD DATA LOCAL is refused: it would read files of the machine the daemon runs on.")
        }
        return Shape(command: MariaDBGate.commandTag(words, command), length: scan.length, readsFoundRows: scan.readsFoundRows)
    }

    // MARK: Rules

    static let reads: Set<String> = ["SELECT", "WITH", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "VALUES", "TABLE", "("]

    /// First words of statements that end a transaction, or may run any statement that does.
    static let transactionControl: Set<String> = [
        "BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "XA", "LOCK", "UNLOCK", "IF", "CASE", "WHILE", "LOOP",
        "REPEAT", "FOR", "DECLARE", "PREPARE", "EXECUTE", "DEALLOCATE", "HANDLER", "USE",
    ]

    /// What `EXPLAIN` and `ANALYZE` may be followed by when it is not a table's name.
    private static let explainable: Set<String> = ["SELECT", "WITH", "VALUES", "TABLE"]
    private static let notExplainable: Set<String> = [
        "INSERT", "UPDATE", "DELETE", "REPLACE", "CALL", "CREATE", "ALTER", "DROP", "SET", "DO", "LOAD", "BEGIN",
        "COMMIT", "START", "EXECUTE", "MERGE", "IMPORT", "GRANT", "REVOKE", "TRUNCATE",
    ]

    /// `EXPLAIN` of a write is no write, but `EXPLAIN ANALYZE` and MariaDB's `ANALYZE` run what they explain; the rule
    /// is the same for all: only reads.
    private func checkExplained(_ tokens: [MariaDBLexer.Token], _ command: String) throws(DatabaseError) {
        var index = 1
        while index < tokens.count {
            guard case .word(let word) = tokens[index] else { break }
            if ["EXTENDED", "PARTITIONS"].contains(word) || (word == "ANALYZE" && command != "ANALYZE") {
                index += 1
            } else if word == "FORMAT", index + 2 < tokens.count, tokens[index + 1] == .symbol(UInt8(ascii: "=")) {
                index += 3
            } else {
                break
            }
        }
        let runs = command == "ANALYZE" || tokens.prefix(index).contains(.word("ANALYZE"))
        switch index < tokens.count ? tokens[index] : nil {
        case .symbol(UInt8(ascii: "(")): return
        // `ANALYZE TABLE` gathers statistics; only `EXPLAIN ANALYZE TABLE` explains.
        case .word("TABLE") where command == "ANALYZE":
            throw MariaDBGate.refused("ANALYZE TABLE changes the statistics of a table")
        case .word(let word) where MariaDBGate.explainable.contains(word): return
        case .word(let word) where runs || MariaDBGate.notExplainable.contains(word):
            throw MariaDBGate.refused("\(command) may explain only reading statements, not \(word)")
        case .word where !runs, .quotedIdentifier where !runs: return
        default: throw MariaDBGate.refused("\(command) is not followed by a reading statement")
        }
    }

    private static func isName(_ token: MariaDBLexer.Token) -> Bool {
        switch token {
        case .quotedIdentifier: true
        case .word(let word): word.first.map { !$0.isNumber } ?? false
        default: false
        }
    }

    private static func command(_ tokens: [MariaDBLexer.Token]) -> String {
        switch tokens.first {
        case .word(let word): word
        case .symbol(let byte): String(UnicodeScalar(byte))
        default: "A quoted text"
        }
    }

    /// `CREATE TABLE`, `DROP INDEX`: two words where the first alone says little.
    private static func commandTag(_ words: [String], _ command: String) -> String {
        guard ["CREATE", "ALTER", "DROP", "TRUNCATE", "LOAD"].contains(command), words.count > 1 else { return command }
        let second = words.dropFirst().first { !["OR", "REPLACE", "TEMPORARY", "UNIQUE"].contains($0) }
        return second.map { "\(command) \($0)" } ?? command
    }

    // MARK: Scanning

    /// What the rules look at; the tokens of a long statement are not kept.
    private struct Scan {
        /// The first tokens, enough for every rule about how a statement begins.
        var head: [MariaDBLexer.Token] = []
        /// `INTO` is reserved: a bare one is `SELECT … INTO`. After a name and a dot it is a name.
        var hasInto = false
        var hasTransactionWord = false
        var readsFoundRows = false
        /// Whether something follows the terminator. What the first statement is matters more to whoever sent it.
        var isStacked = false
        var length = 0
    }

    private func scan(_ sql: String) throws(DatabaseError) -> Scan {
        var sql = sql
        let result: Result<Scan, MariaDBLexer.Failure> = sql.withUTF8 { bytes in
            do throws(MariaDBLexer.Failure) { return .success(try scan(bytes)) } catch { return .failure(error) }
        }
        switch result {
        case .success(let scan) where scan.head.isEmpty:
            throw DatabaseError(.queryFailed, phase: .gate, "There is no statement in the text.")
        case .success(let scan): return scan
        case .failure(let failure): throw MariaDBGate.error(failure)
        }
    }

    /// One statement up to its terminator, with nothing but white space and comments after it.
    private func scan(_ bytes: UnsafeBufferPointer<UInt8>) throws(MariaDBLexer.Failure) -> Scan {
        if bytes.contains(0) { throw .null }
        var lexer = MariaDBLexer(bytes, ansiQuotes: ansiQuotes, backslashEscapes: backslashEscapes)
        var scan = Scan(length: bytes.count)
        var ended = false
        var previous: MariaDBLexer.Token?
        var beforePrevious: MariaDBLexer.Token?
        while let token = try lexer.next() {
            if ended {
                scan.isStacked = true
                break
            }
            if token == .symbol(UInt8(ascii: ";")) {
                scan.length = lexer.tokenStart
                ended = true
                continue
            }
            if scan.head.count < 16 { scan.head.append(token) }
            if token == .word("INTO") {
                let isMember = previous == .symbol(UInt8(ascii: ".")) && beforePrevious.map(MariaDBGate.isName) ?? false
                scan.hasInto = scan.hasInto || !isMember
            } else if token == .word("AUTOCOMMIT") || token == .word("TRANSACTION") {
                scan.hasTransactionWord = true
            } else if token == .word("FOUND_ROWS") {
                scan.readsFoundRows = true
            }
            (beforePrevious, previous) = (previous, token)
        }
        return scan
    }

    private static func refused(_ reason: String) -> DatabaseError {
        DatabaseError(
            .readOnly, phase: .gate, "Refused by the read-only gate: \(reason).",
            hint: "Reading statements are SELECT, WITH, SHOW, EXPLAIN, DESCRIBE, VALUES and TABLE.")
    }

    private static func error(_ failure: MariaDBLexer.Failure) -> DatabaseError {
        switch failure {
        case .executableComment:
            DatabaseError(
                .readOnly, phase: .gate, "Executable comments (/*! … */ and /*M! … */) are refused; write the statement plainly.")
        case .secondStatement:
            DatabaseError(.queryFailed, phase: .gate, "The text has more than one statement; send them one at a time.")
        case .unterminatedComment: DatabaseError(.queryFailed, phase: .gate, "A comment is not closed.")
        case .unterminatedString: DatabaseError(.queryFailed, phase: .gate, "A quoted text is not closed.")
        case .null:
            DatabaseError(.queryFailed, phase: .gate, "The statement contains a NUL character; remove it or bind it.")
        }
    }
}
