/// One statement to run: the user's own SQL, unchanged, and its bound parameters.
public struct Statement: Sendable {
    public var sql: String
    /// Values for `$1`… (PostgreSQL), `?` (MariaDB), `?`/`?1`/`$1` (SQLite), in order. Never spliced into the text.
    public var parameters: [Parameter]
    public var mode: AccessMode
    /// Enforced by the server where it can be, and by ``StatementCanceller`` from outside.
    public var timeoutMs: Int
    /// A cell longer than this many bytes is cut, visibly.
    public var cellBytesMax: Int

    public init(
        sql: String, parameters: [Parameter] = [], mode: AccessMode = .read, timeoutMs: Int = 30_000,
        cellBytesMax: Int = 1 << 20
    ) {
        self.sql = sql
        self.parameters = parameters
        self.mode = mode
        self.timeoutMs = timeoutMs
        self.cellBytesMax = cellBytesMax
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
