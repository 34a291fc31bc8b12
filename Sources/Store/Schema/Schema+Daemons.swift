// Schema 5: which daemons work with the store, and what they tell each other.
extension Schema {
    /// `daemons` and the tables after it are empty where one daemon has the store alone.
    ///
    /// A daemon is taken for gone once its lease is over by the clock of the database; `place`, `process` and `process_start` let another
    /// one on the same machine see it at once. `queries.daemon_id` and `messages.daemon_id` say whose a row is that has not ended.
    /// `changes` is read in the order of `seq`, which has no gaps: it is given under the lock of writers.
    static let fifth = """
        CREATE TABLE daemons (
            id TEXT PRIMARY KEY, place TEXT NOT NULL, process BIGINT NOT NULL, process_start BIGINT NOT NULL,
            started_at BIGINT NOT NULL, lease_until BIGINT NOT NULL);
        CREATE TABLE live_queries (
            id TEXT PRIMARY KEY, daemon_id TEXT NOT NULL REFERENCES daemons (id) ON DELETE CASCADE, user_id TEXT NOT NULL,
            project_id TEXT NOT NULL, project_name TEXT NOT NULL, query TEXT NOT NULL, is_cut INTEGER NOT NULL, label TEXT,
            mode TEXT NOT NULL, source TEXT NOT NULL, is_waiting INTEGER NOT NULL, started_at BIGINT NOT NULL,
            row_count BIGINT NOT NULL, bytes BIGINT NOT NULL);
        CREATE INDEX live_queries_of_user ON live_queries (user_id, started_at, id);
        CREATE TABLE changes (
            seq BIGINT PRIMARY KEY, daemon_id TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL,
            at BIGINT NOT NULL);
        ALTER TABLE queries ADD COLUMN daemon_id TEXT;
        ALTER TABLE messages ADD COLUMN daemon_id TEXT
        """
}
