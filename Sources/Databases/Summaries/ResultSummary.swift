import Protocol
import Synchronization

/// A summary of a kept result under way: pages go in, in order, and figures about each column come out.
///
/// One task drives it, a page at a time; the work is done on ``ResultThread``, in memory that does not grow with the result.
public final class ResultSummary: Sendable {
    private struct State: ~Copyable {
        var accumulators: [ColumnAccumulator]
        var scratch = JSONWriter(capacity: 1 << 10)
        var rowCount = 0
    }

    /// Which accumulator each column of the result has; none for those that are not asked for.
    private let places: [Int?]
    private let state: Mutex<State>

    /// - Parameter isWanted: whether the column at an index is to be summarised.
    public init(columns: [Column], isWanted: (Int) -> Bool = { _ in true }) {
        let wanted = columns.indices.filter(isWanted)
        let limits = FiguresLimits(columns: wanted.count)
        var places = [Int?](repeating: nil, count: columns.count)
        for (place, index) in wanted.enumerated() { places[index] = place }
        self.places = places
        state = Mutex(State(accumulators: wanted.map { ColumnAccumulator(columns[$0], limits) }))
    }

    /// Takes in a page. Throws `busy` where too much is under way.
    public func add(_ page: SpooledPage) async throws(DatabaseError) {
        try await ResultThread.run { [self] in addNow(page) }
    }

    private func addNow(_ page: SpooledPage) {
        state.withLock { state in
            page.rows.withUnsafeBytes { bytes in
                var reader = JSONReader(bytes)
                try? reader.enterArray()
                while reader.nextElement() {
                    try? reader.enterArray()
                    var column = 0
                    while reader.nextElement() {
                        let cell = reader.slice()
                        if let place = places[column] { state.accumulators[place].add(cell, &state.scratch) }
                        column += 1
                    }
                    state.rowCount += 1
                }
            }
        }
    }

    /// Rows so far.
    public var rowCount: Int { state.withLock { $0.rowCount } }

    /// The figures of the pages so far, with at most `topValues` frequent values each.
    public func finish(topValues: Int) async throws(DatabaseError) -> [ColumnFigures] {
        try await ResultThread.run { [self] in state.withLock { $0.accumulators.map { $0.finish(topValues: topValues) } } }
    }
}
