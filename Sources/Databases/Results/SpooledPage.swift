public import Protocol

/// A page read back from a ``ResultSpool``.
public struct SpooledPage: Sendable {
    /// Its place among the pages, from 0.
    public var index: Int
    /// Index of its first row in the whole result.
    public var firstRow: Int
    public var rowCount: Int
    /// `[[…],[…]]`.
    public var rows: JSONText
    /// Whether a later page exists or may still come. False is certain; true may turn out to be nothing more.
    public var hasMore: Bool
}

/// The beginning of a result.
public struct SpooledFirst: Sendable {
    public var columns: [Column]
    /// None for a statement without rows.
    public var page: SpooledPage?
    /// How the statement ended, if it has.
    public var end: SpooledEnd?
}

/// How a statement whose result is kept ended.
public struct SpooledEnd: Sendable {
    public var outcome: StatementOutcome
    public var rowCount: Int
    public var byteCount: Int
    /// What cut the result short: there was at least one row more.
    public var truncated: RowLimit?
}

/// Where and how much of a result is kept.
public struct SpoolLimits: Sendable {
    /// A directory of the daemon's own for what does not fit in memory.
    public var directory: String
    public var memoryBytes: Int
    /// In memory and on disk together.
    public var bytesMax: Int

    public init(directory: String, memoryBytes: Int = 1 << 20, bytesMax: Int = 256 << 20) {
        self.directory = directory
        self.memoryBytes = memoryBytes
        self.bytesMax = bytesMax
    }
}
