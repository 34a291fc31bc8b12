public import Databases

/// What queries came to.
public struct QueryFigures: Sendable, Equatable {
    public var counts = QueryCounts()
    /// Time of the successful ones together.
    public var totalMs = 0.0
    /// The mean of their durations; nil when there is none.
    public var meanMs: Double?
    public var latency = Latency()
    /// The longest success; nil when there is none.
    public var maxMs: Double?

    public init() {}

    init(_ tally: Tally) {
        counts = tally.counts
        totalMs = Double(tally.totalUs) / 1_000
        if counts.success > 0 { meanMs = totalMs / Double(counts.success) }
        latency = tally.p50AndP95
        maxMs = tally.maxMs
    }
}

/// The figures of a user's queries, or of those of one project, over some UTC days.
public struct QueryStatistics: Sendable, Equatable {
    /// Midnight at the start of the first day.
    public var sinceMs: Int64
    /// Midnight at the end of the last day.
    public var untilMs: Int64
    public var total: QueryFigures
    /// Projects with queries in the time, the busiest first, then by name.
    public var projects: [ProjectFigures]
    /// Each day, the quiet ones too, oldest first.
    public var days: [DayFigures]
    /// Statements by how often they ran, most first.
    public var mostFrequent: [ShapeFigures]
    /// By the mean of their durations.
    public var slowest: [ShapeFigures]
    /// By the time they took together.
    public var costliest: [ShapeFigures]
    /// By how often they failed.
    public var mostFailing: [ShapeFigures]
}

public struct ProjectFigures: Sendable, Equatable {
    public var projectID: String
    public var name: String
    public var databaseType: DatabaseType
    public var figures: QueryFigures
}

public struct DayFigures: Sendable, Equatable {
    /// Midnight UTC at its start.
    public var startMs: Int64
    public var figures: QueryFigures
}

/// The figures of the statements of one shape in one project.
public struct ShapeFigures: Sendable, Equatable {
    public var projectID: String
    public var projectName: String
    /// The shape's fingerprint.
    public var shape: UInt64
    /// Its text, as ``StatementShape`` has it.
    public var sql: String
    public var figures: QueryFigures
    /// The newest of its queries in the time, and when and how that one ran.
    public var lastQueryID: String
    public var lastUsedAtMs: Int64
    public var lastMode: AccessMode
}
