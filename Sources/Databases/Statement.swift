/// One statement to run: the user's own SQL, unchanged, and its bound parameters.
public struct Statement: Sendable {
    public var sql: String
    /// Text of ours in front of it, in ASCII and on one line: a comment for the server's administrator, `EXPLAIN`. No position of
    /// an error counts it.
    public var lead = ""
    /// What the session is called while the statement runs, where the engine has that: PostgreSQL's `application_name`.
    public var sessionName: String?
    /// Values for `$1`… (PostgreSQL), `?` (MariaDB), `?`/`?1`/`$1` (SQLite), in order. Never spliced into the text.
    public var parameters: [Parameter]
    public var mode: AccessMode
    /// What it may reach: less than its mode says where an assistant wrote it.
    public var scope: StatementScope
    /// Whether it is only prepared: parsed and looked at by the engine, and not run. For statements in write mode.
    public var preparesOnly = false
    /// Enforced by the server where it can be, and by ``StatementCanceller`` from outside.
    public var timeoutMs: Int
    /// A cell longer than this many bytes is cut, visibly.
    public var cellBytesMax: Int

    public init(
        sql: String, parameters: [Parameter] = [], mode: AccessMode = .read, scope: StatementScope = .account,
        timeoutMs: Int = 30_000, cellBytesMax: Int = 1 << 20
    ) {
        self.sql = sql
        self.parameters = parameters
        self.mode = mode
        self.scope = scope
        self.timeoutMs = timeoutMs
        self.cellBytesMax = cellBytesMax
    }

    /// What the engine gets, and the gate looks at.
    var text: String { lead.isEmpty ? sql : lead + sql }

    /// An error about ``text``, its position as in the user's own SQL.
    func placed(_ error: DatabaseError) -> DatabaseError {
        guard !lead.isEmpty, let position = error.position else { return error }
        var error = error
        error.position = position > lead.utf8.count ? position - lead.utf8.count : nil
        return error
    }
}

/// A value bound to a placeholder, or read by the store.
public enum Parameter: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    /// Text, or a number whose digits matter (an integer past 64 bits, a decimal).
    case text(String)
    case bytes([UInt8])
}

/// What a finished statement did.
public struct StatementOutcome: Sendable {
    /// The engine's command word: `SELECT`, `INSERT`, `CREATE TABLE`.
    public var command: String
    /// Rows changed, for statements that change rows.
    public var affectedRows: Int?
    /// Messages the server sent along (NOTICE, warnings), at most 100.
    public var notices: [Notice]

    public init(command: String, affectedRows: Int? = nil, notices: [Notice] = []) {
        self.command = command
        self.affectedRows = affectedRows
        self.notices = notices
    }
}

/// A message that is not an error.
public struct Notice: Sendable, Equatable {
    public var severity: String
    public var message: String
    public var code: String?

    public init(severity: String, message: String, code: String? = nil) {
        self.severity = severity
        self.message = message
        self.code = code
    }
}
