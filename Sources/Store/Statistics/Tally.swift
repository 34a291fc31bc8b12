internal import Databases

/// What is counted of some queries: how they ended, their rows and how long the successful ones took.
struct Tally: Equatable {
    var counts = QueryCounts()
    /// Of the successful ones, in whole microseconds, so that what was added can be taken away again.
    var totalUs: Int64 = 0
    /// The longest success; nil when there is none with a duration.
    var maxMs: Double?
    var latency = LatencyHistogram()

    static let columns = "success, error, cancelled, running, row_count, total_us, max_ms, latency"

    init() {}

    init(_ row: inout Row) throws(StoreError) {
        counts = try QueryCounts(&row)
        totalUs = try row.integer()
        maxMs = try row.optionalDouble()
        guard let latency = LatencyHistogram(try row.bytes()) else { throw .damaged("a histogram") }
        self.latency = latency
    }

    /// The values of ``columns``.
    var parameters: [Parameter] {
        [
            .integer(counts.success), .integer(counts.error), .integer(counts.cancelled), .integer(counts.running),
            .integer(counts.rows), .integer(totalUs), .optional(maxMs), .bytes(latency.encoded),
        ]
    }

    /// Counts a query, or with `-1` takes it away. The longest duration is not taken away: ask the rows for the one that is left.
    mutating func add(_ end: QueryEnd, times: Int64 = 1) {
        switch end.status {
        case .success: counts.success += times
        case .error: counts.error += times
        case .cancelled: counts.cancelled += times
        case .running: counts.running += times
        }
        counts.rows += times * (end.rowCount ?? 0)
        guard end.status == .success, let durationMs = end.durationMs else { return }
        totalUs += times * Int64((min(max(durationMs, 0), 1e12) * 1_000).rounded())
        latency.add(durationMs, times: times)
        if times > 0 { maxMs = max(maxMs ?? 0, durationMs) }
    }

    mutating func add(_ other: Tally) {
        counts.add(other.counts)
        totalUs += other.totalUs
        latency.add(other.latency)
        if let otherMs = other.maxMs { maxMs = max(maxMs ?? 0, otherMs) }
    }

    var p50AndP95: Latency {
        let found = latency.percentiles([50, 95], maxMs: maxMs)
        return Latency(p50Ms: found[0], p95Ms: found[1])
    }
}

extension StoreError {
    static func damaged(_ what: String) -> StoreError {
        StoreError(.corrupt, "The store holds a value that it should not; run `dbassistd doctor`.", debugDescription: what)
    }
}
