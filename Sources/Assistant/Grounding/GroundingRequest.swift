public import Databases

/// What a question needs of a schema is to be chosen for, and within what.
public struct GroundingRequest: Sendable {
    public var question: String
    /// The user's own latest statements on this project, the newest first. At most ``recentMax`` are looked at.
    public var recentSQL: [String]
    /// The text takes no more than this, by ``TokenEstimate``.
    public var budgetTokens: Int
    /// A schema that takes no more than this is shown whole whatever the question is; 0: never.
    public var wholeTokens: Int
    /// Columns that the model may know by name only: `table.column`, `schema.table.column`, or `column` in every table.
    public var maskedColumns: Set<String>
    /// Whether comments of tables and columns are sent.
    public var includesComments: Bool
    /// Whether labels of enumerated types are sent: they are values.
    public var includesLabels: Bool
    /// How names are quoted that need it.
    public var engine: Databases.DatabaseType

    public static let recentMax = 50

    public init(
        question: String, recentSQL: [String] = [], budgetTokens: Int, wholeTokens: Int = 0, maskedColumns: Set<String> = [],
        includesComments: Bool = true, includesLabels: Bool = true, engine: Databases.DatabaseType
    ) {
        self.question = question
        self.recentSQL = recentSQL
        self.budgetTokens = budgetTokens
        self.wholeTokens = wholeTokens
        self.maskedColumns = maskedColumns
        self.includesComments = includesComments
        self.includesLabels = includesLabels
        self.engine = engine
    }
}
