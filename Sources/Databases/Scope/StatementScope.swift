/// How far a statement may reach, beyond what its mode says.
///
/// Read mode keeps a statement from changing anything. It does not keep it from waiting for a minute, reading the server's files or
/// showing password hashes, all of which an account may be allowed to do. A person who asks for that means it; a statement that
/// a language model wrote, perhaps because a row of some table told it to, gets less.
public enum StatementScope: Sendable {
    /// All that the account may read: for statements that a person gave.
    case account
    /// The database's own data, and what computes with it: for statements that an assistant wrote. They only read.
    ///
    /// Refused with `policy`, phase `gate`, before anything runs: functions that reach outside the database, wait, hold locks, read
    /// the server's files, run SQL given as text or act on the server; functions, relations and settings that show
    /// credentials, configuration or what other sessions run; a text of more than ``textBytesMax`` bytes. On SQLite, values are smaller
    /// as well.
    ///
    /// PostgreSQL and MariaDB are judged by the names a statement has, in whatever spelling. What a function or view of the
    /// database's own calls inside is not seen: give the project an account that may not do more than it has to.
    case data

    /// The longest statement within ``data``, in bytes of UTF-8.
    public static let textBytesMax = 100_000
}

/// Names that are out of ``StatementScope/data`` for one reason.
struct ScopeRule: Sendable {
    /// What is wrong with what these names do; follows a colon.
    var reason: String
    /// Names as the engine folds them.
    var names: Set<String> = []
    var prefixes: [String] = []

    func covers(_ name: String) -> Bool {
        names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }
}

extension StatementScope {
    /// Refuses what no statement within ``data`` may be, whatever its words: one that writes, or a very long one.
    static func checkForm(_ statement: Statement) throws(DatabaseError) {
        guard statement.mode == .read else {
            throw DatabaseError(
                .policy, phase: .gate, "A statement that an assistant wrote only reads; have a person approve it as a write.")
        }
        guard statement.text.utf8.count <= textBytesMax else {
            throw DatabaseError(
                .policy, phase: .gate, "A statement that an assistant wrote may have \(textBytesMax) bytes; make it shorter.")
        }
    }

    /// A refusal in these words.
    static func refusal(_ message: String) -> DatabaseError {
        DatabaseError(
            .policy, phase: .gate, message,
            hint: "Read the database's own tables and views instead, or run the statement yourself.")
    }

    /// The refusal of `what` (`The function pg_sleep`), naming the rule.
    static func refusal(_ what: String, _ reason: String, hint: String? = nil) -> DatabaseError {
        DatabaseError(
            .policy, phase: .gate, "\(what.limited(toBytes: 120)) is not for statements that an assistant writes: \(reason).",
            hint: hint ?? "Read the database's own tables and views instead, or run the statement yourself.")
    }
}
