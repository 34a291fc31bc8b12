public import Databases
public import Protocol

/// What was found out for a ``PlainIntent``, beyond the catalogue.
public enum PlainOutcome: Sendable {
    /// The catalogue says it all.
    case none
    /// Rows of the statement of ``PlainSQL``: for a count, one row of one cell.
    case rows(columns: [ResultColumn], rows: JSONText, hasMore: Bool)
    /// Statements of the project's history, in the order of the question.
    case statements([PlainStatementFigures])
    /// Failed statements, the latest first.
    case failures([PlainFailure])
    /// A plan, as the engine or `query.explain` writes it in lines, and what is remarkable in it, a sentence each.
    case plan(text: String, remarks: [String])
    /// It could not be found out.
    case failed(DatabaseError)
}

/// A statement of the history by its shape.
public struct PlainStatementFigures: Sendable {
    public var sql: String
    public var count: Int
    public var meanMs: Double?
    public var p95Ms: Double?
    public var totalMs: Double?

    public init(sql: String, count: Int, meanMs: Double? = nil, p95Ms: Double? = nil, totalMs: Double? = nil) {
        self.sql = sql
        self.count = count
        self.meanMs = meanMs
        self.p95Ms = p95Ms
        self.totalMs = totalMs
    }
}

/// A statement that failed.
public struct PlainFailure: Sendable {
    public var sql: String
    /// When, as it is to be shown.
    public var time: String
    public var error: DatabaseError

    public init(sql: String, time: String, error: DatabaseError) {
        self.sql = sql
        self.time = time
        self.error = error
    }
}
