internal import Databases
internal import Synchronization

extension Store {
    /// Queries put into the index of texts in one step.
    static let indexBatch = 256

    /// Has what waits to be put into the index put there, once it is enough for a step.
    func indexIfDue() {
        let isDue = unindexed.add(1, ordering: .relaxed).newValue % Store.indexBatch == 0
        guard isDue else { return }
        // Left out while very many writes wait: the next step, or the housekeeping, has it done.
        _ = writer.enqueueNow(
            LazyWrite { session throws(StoreError) in _ = try Store.index(session, limit: 2 * Store.indexBatch) })
    }

    /// Puts ended queries that are not in the index of texts there, in at most `steps` steps between which others write. A store that
    /// an older daemon made has all of them to do.
    ///
    /// - Returns: how many.
    @discardableResult
    public func indexHistory(steps: Int = 1_000) async throws(StoreError) -> Int {
        var count = 0
        for _ in 0..<steps {
            let done = try await write { session throws(StoreError) in try Store.index(session, limit: Store.indexBatch) }
            count += done
            guard done == Store.indexBatch else { break }
        }
        return count
    }

    private static func index(_ session: StoreSession, limit: Int) throws(StoreError) -> Int {
        let rows = try session.rows(
            """
            SELECT id, created_at, \(SearchDocument.columns) FROM queries WHERE place IS NULL AND status <> 'running' LIMIT $1
            """, [.integer(Int64(limit))])
        var waiting: [(id: String, firstPlace: Int64, row: Row)] = []
        for var row in rows {
            let (id, createdAtMs) = try (row.text(), row.integer())
            waiting.append((id, Place.first(ofMs: createdAtMs), row))
        }
        var free = try freePlaces(session, Set(waiting.map(\.firstPlace)).sorted())
        var places: [[Parameter]] = []
        var documents: [SearchDocument] = []
        for (id, firstPlace, row) in waiting {
            var row = row
            let place = free[firstPlace, default: firstPlace]
            free[firstPlace] = place + 1
            places.append([.text(id), .integer(place)])
            documents.append(try SearchDocument(&row, place: place))
        }
        try session.rows("UPDATE queries SET place = $2 WHERE id = $1", forEach: places)
        try session.engine.textIndex.add(session, documents)
        return rows.count
    }

    /// The first place that is free in each millisecond, by its first.
    private static func freePlaces(_ session: StoreSession, _ firsts: [Int64]) throws(StoreError) -> [Int64: Int64] {
        let found = try session.rows(
            "SELECT max(place) FROM queries WHERE place >= $1 AND place < $2",
            forEach: firsts.map { [.integer($0), .integer(Place.next(after: $0))] })
        var free: [Int64: Int64] = [:]
        for (first, rows) in zip(firsts, found) {
            guard var row = rows.first, let last = try row.optionalInteger() else { continue }
            free[first] = last + 1
        }
        return free
    }
}
