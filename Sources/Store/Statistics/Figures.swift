/// Counts of queries.
public struct QueryCounts: Sendable, Equatable {
    public var success: Int64
    public var error: Int64
    public var cancelled: Int64
    public var running: Int64
    /// Rows answered by all of them.
    public var rows: Int64

    public init(success: Int64 = 0, error: Int64 = 0, cancelled: Int64 = 0, running: Int64 = 0, rows: Int64 = 0) {
        self.success = success
        self.error = error
        self.cancelled = cancelled
        self.running = running
        self.rows = rows
    }

    public var total: Int64 { success + error + cancelled + running }

    /// Successful among those that succeeded or failed, 0 to 1; nil when none has. A cancelled query says nothing about either.
    public var successRate: Double? {
        let ended = success + error
        return ended == 0 ? nil : Double(success) / Double(ended)
    }

    /// The sums of `query_days`, in the order ``init(_:)`` reads them.
    static let sums = ["success", "error", "cancelled", "running", "row_count"]
        .map { "CAST(coalesce(sum(d.\($0)), 0) AS BIGINT)" }.joined(separator: ", ")

    init(_ row: inout Row) throws(StoreError) {
        try self.init(
            success: row.integer(), error: row.integer(), cancelled: row.integer(), running: row.integer(), rows: row.integer())
    }
}

/// How long successful queries took, by nearest rank, within 1.6 %. Nil when there is none.
public struct Latency: Sendable, Equatable {
    public var p50Ms: Double?
    public var p95Ms: Double?

    public init(p50Ms: Double? = nil, p95Ms: Double? = nil) {
        self.p50Ms = p50Ms
        self.p95Ms = p95Ms
    }
}

/// One UTC day's queries.
public struct DayActivity: Sendable, Equatable {
    /// Midnight UTC at its start.
    public var startMs: Int64
    public var counts: QueryCounts

    public init(startMs: Int64, counts: QueryCounts) {
        self.startMs = startMs
        self.counts = counts
    }
}

/// UTC days as numbers since 1970.
public enum Day {
    /// How long one is, in milliseconds.
    public static let ms: Int64 = 86_400_000

    /// The day of a time; also right before 1970.
    public static func of(_ timeMs: Int64) -> Int64 { timeMs >= 0 ? timeMs / ms : (timeMs + 1) / ms - 1 }

    static let ofWeek: Int64 = 7

    /// The first day of a day's week; weeks begin on Thursdays, as 1970 did.
    static func startOfWeek(_ day: Int64) -> Int64 { day - (day % ofWeek + ofWeek) % ofWeek }
}
