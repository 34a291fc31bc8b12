internal import Databases

/// Step 6: an index of history's texts for the engine that had none. It is left empty: it is filled while the daemon runs, and until
/// then what is not in it is looked at row by row.
enum TextIndexMigration {
    static func run(_ session: StoreSession) throws(StoreError) {
        let index = session.engine.textIndex
        guard index.step == 6 else { return }
        try session.execute(index.schema)
        // Older daemons gave places in an index that was not there. A new column is made at once, whatever the number of rows.
        guard try session.first("SELECT 1 FROM queries WHERE place IS NOT NULL LIMIT 1") != nil else { return }
        try session.execute(
            "ALTER TABLE queries DROP COLUMN place; ALTER TABLE queries ADD COLUMN place BIGINT; " + Schema.placeIndexes)
    }
}
