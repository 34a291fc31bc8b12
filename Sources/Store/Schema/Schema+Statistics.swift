// Schema 2: shapes of statements, tallies with durations, and an index of history's texts.
extension Schema {
    /// `place` is a query's place in the index of texts; NULL until it is in there. It sorts as its time of creation.
    /// `shape_spans` has a row for a day and one for its week (`days` is 1 or 7, `day` the first of them): a month of a statement is
    /// then some ten rows in place of thirty.
    /// The indexes by duration have no use any more: percentiles come from the tallies.
    static func second(bytes: String) -> String {
        """
        ALTER TABLE queries ADD COLUMN shape BIGINT;
        ALTER TABLE queries ADD COLUMN place BIGINT;
        ALTER TABLE query_days ADD COLUMN total_us BIGINT NOT NULL DEFAULT 0;
        ALTER TABLE query_days ADD COLUMN max_ms DOUBLE PRECISION;
        ALTER TABLE query_days ADD COLUMN latency \(bytes);
        DROP INDEX queries_durations_of_user;
        DROP INDEX queries_durations_of_project;
        CREATE TABLE query_shapes (
            project_id TEXT NOT NULL, shape BIGINT NOT NULL, user_id TEXT NOT NULL, sql TEXT NOT NULL,
            PRIMARY KEY (project_id, shape),
            FOREIGN KEY (project_id, user_id) REFERENCES projects (id, user_id) ON DELETE CASCADE);
        CREATE TABLE shape_spans (
            user_id TEXT NOT NULL, days INTEGER NOT NULL, day BIGINT NOT NULL, project_id TEXT NOT NULL, shape BIGINT NOT NULL,
            success BIGINT NOT NULL, error BIGINT NOT NULL, cancelled BIGINT NOT NULL, running BIGINT NOT NULL,
            row_count BIGINT NOT NULL, total_us BIGINT NOT NULL, max_ms DOUBLE PRECISION, latency \(bytes) NOT NULL,
            PRIMARY KEY (user_id, days, day, project_id, shape),
            FOREIGN KEY (project_id, user_id) REFERENCES projects (id, user_id) ON DELETE CASCADE);
        CREATE INDEX shape_spans_of_shape ON shape_spans (project_id, shape, days, day);
        """
    }

    /// Made once the rows have their shapes: filling a table first and indexing it then is the quicker order.
    static let placeIndexes = """
        CREATE UNIQUE INDEX queries_by_place ON queries (place) WHERE place IS NOT NULL;
        CREATE INDEX queries_without_place ON queries (user_id, created_at, id) WHERE place IS NULL
        """
    /// Step 7: what statements are sorted by, of some days, without a look at each row: a month of a long history has thousands.
    static let countIndex = """
        CREATE INDEX shape_spans_by_count ON shape_spans (
            user_id, days, day, project_id, shape, success, error, cancelled, running, total_us)
        """
    static let secondIndexes = """
        CREATE INDEX queries_of_shape ON queries (user_id, shape, created_at, id, project_id)
        """
}
