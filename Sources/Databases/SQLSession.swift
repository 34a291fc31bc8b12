/// A database as the daemon's own store uses it: small statements, typed rows, one thread.
///
/// The SQL is the portable part of SQLite's and PostgreSQL's dialects; placeholders are `$1`, `$2`, ….
public protocol SQLSession: AnyObject {
    /// Runs one statement to its end. The statement is prepared once per text and kept.
    @discardableResult func run(_ sql: String, _ parameters: [Parameter]) throws(DatabaseError) -> SQLRows
    /// Runs one statement for each list of parameters, in order, up to the first that fails; where the server is elsewhere, many in one
    /// round trip. For statements of few rows.
    @discardableResult func run(_ sql: String, forEach lists: [[Parameter]]) throws(DatabaseError) -> [SQLRows]
    /// Runs statements without parameters or rows: schema changes.
    func execute(_ sql: String) throws(DatabaseError)
    func close()
}

extension SQLSession {
    @discardableResult public func run(_ sql: String, forEach lists: [[Parameter]]) throws(DatabaseError) -> [SQLRows] {
        var all: [SQLRows] = []
        for parameters in lists { all.append(try run(sql, parameters)) }
        return all
    }
}

/// The rows of a small statement.
public struct SQLRows: Sendable {
    public var rows: [[Parameter]]
    /// Rows the statement changed, for INSERT, UPDATE and DELETE.
    public var affectedRows: Int

    public init(rows: [[Parameter]], affectedRows: Int) {
        self.rows = rows
        self.affectedRows = affectedRows
    }
}

extension Parameter {
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }
    public var double: Double? {
        switch self {
        case .double(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }
    public var text: String? { if case .text(let value) = self { value } else { nil } }
    public var bytes: [UInt8]? { if case .bytes(let value) = self { value } else { nil } }
    public var isNull: Bool { self == .null }
}
