public import Protocol

/// How the least and the greatest value of a column were compared. The raw value is the word on the wire.
public enum FiguresOrder: String, Sendable {
    case number, time, text
    /// SQLite: numbers before texts.
    case mixed
}

/// Figures about one column of a result. What does not apply is nil.
public struct ColumnFigures: Sendable {
    public var column: Column
    /// Cells that are not null, and those that are.
    public var count = 0
    public var nulls = 0
    /// Cells of which only the beginning was kept: in no figure below.
    public var cutCells = 0
    /// Different values; an estimate past a bound.
    public var distinct = 0
    public var distinctIsEstimate = false
    public var order: FiguresOrder?
    /// As cells; long texts as `$truncated`.
    public var min: JSONText?
    public var max: JSONText?
    /// Decimal digits: exact for integers and decimals that fit, else those of a double.
    public var sum: String?
    public var mean: Double?
    /// The standard deviation of a sample.
    public var deviation: Double?
    /// Numbers that are NaN, infinite or of more than a thousand digits: not in the three before.
    public var notFinite = 0
    public var trueCount: Int?
    public var falseCount: Int?
    /// Unicode scalars of texts, bytes of binary cells.
    public var minLength: Int?
    public var maxLength: Int?
    public var meanLength: Double?
    public var topValues: [FrequentValue] = []

    init(_ column: Column) { self.column = column }
}

/// What a summary may take: less for each column the more there are, so that all of them together are bounded.
struct FiguresLimits {
    /// Different values counted exactly.
    var distinctMax: Int
    var distinctPrecision: Int
    /// Values whose frequency is counted.
    var topMax: Int

    /// Some 20 MB at most, whatever the number of columns.
    init(columns: Int) {
        distinctMax = max(min(16_384, 524_288 / max(columns, 1)), 128)
        distinctPrecision = columns <= 64 ? 14 : 12
        topMax = max(min(1_024, 65_536 / max(columns, 1)), 16)
    }
}
