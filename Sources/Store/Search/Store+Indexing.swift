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
        for var row in rows {
            let (id, createdAtMs) = try (row.text(), row.integer())
            let (first, end) = (Place.first(ofMs: createdAtMs), Place.end(ofMs: createdAtMs))
            var free = try session.first(
                "SELECT coalesce(max(place) + 1, $1) FROM queries WHERE place >= $1 AND place < $2",
                [.integer(first), .integer(end)])
            let place = try free?.integer() ?? first
            try session.change("UPDATE queries SET place = $2 WHERE id = $1", [.text(id), .integer(place)])
            try session.engine.textIndex.add(session, SearchDocument(&row, place: place))
        }
        return rows.count
    }
}
