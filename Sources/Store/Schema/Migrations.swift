internal import Databases

/// Brings a database to the newest schema: numbered steps, each a transaction, recorded in `store_migrations`.
enum Migrations {
    /// The steps in order; step 1 makes the first tables. A step, once released, never changes.
    static func steps(_ engine: any StoreEngine) -> [String] { [Schema.first(bytes: engine.bytesType)] }

    static func bring(_ session: StoreSession, nowMs: Int64) throws(StoreError) {
        let steps = steps(session.engine)
        let current = try version(session)
        guard current <= steps.count else {
            throw StoreError(
                .newerSchema,
                "The store was made by a newer dbassistd (schema \(current), this one knows \(steps.count)); use that one.")
        }
        for number in current..<steps.count {
            try session.execute(session.engine.beginWrite)
            do throws(StoreError) {
                try session.execute(steps[number])
                try session.change(
                    "INSERT INTO store_migrations (version, applied_at) VALUES ($1, $2)",
                    [.integer(Int64(number + 1)), .integer(nowMs)])
                try session.execute("COMMIT")
            } catch {
                try? session.execute("ROLLBACK")
                throw error
            }
        }
    }

    /// The schema's version; 0 for an empty database.
    private static func version(_ session: StoreSession) throws(StoreError) -> Int {
        do throws(StoreError) {
            guard var row = try session.first("SELECT coalesce(max(version), 0) FROM store_migrations") else { return 0 }
            return try row.int()
        } catch {
            guard error.code == .internal, var row = try session.first(session.engine.countTables) else { throw error }
            guard try row.int() == 0 else {
                throw StoreError(.corrupt, "This is a database, but not a store of dbassistd; name another file.")
            }
            return 0
        }
    }
}
