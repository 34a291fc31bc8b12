internal import Databases

extension Store {
    /// The queries of a user that other daemons with this store run, the oldest first; those of a project where one is named. One that
    /// began or ended less than a second ago may be missing or still be there.
    public func liveQueriesElsewhere(userID: String, projectID: String?) async throws(StoreError) -> [LiveQueryRecord] {
        guard let sharing = engine.sharing else { return [] }
        return try await reader.read { session throws(StoreError) in
            var query = Conditions(userID: userID)
            query.add("daemon_id <> #", .text(sharing.daemonID))
            if let projectID { query.add("project_id = #", .text(projectID)) }
            var found: [LiveQueryRecord] = []
            for var row in try session.rows(
                "SELECT \(LiveQueryRecord.columns) FROM live_queries WHERE \(query.sql) ORDER BY started_at, id", query.parameters
            ) {
                found.append(try LiveQueryRecord(&row))
            }
            return found
        }
    }

    /// How many queries of a user other daemons with this store run, as of half a second ago; asks nobody.
    public func countLiveQueriesElsewhere(userID: String) -> Int { watch?.runningElsewhere(userID: userID) ?? 0 }

    /// Shows a query of this daemon to the others, or how far it is.
    static func show(_ session: StoreSession, _ sharing: PostgreSQLSharing, _ query: LiveQueryRecord) throws(StoreError) {
        let count = query.parameters.count
        try session.change(
            """
            INSERT INTO live_queries (\(LiveQueryRecord.columns), daemon_id)
            VALUES (\((1...count + 1).map { "$\($0)" }.joined(separator: ", ")))
            ON CONFLICT (id) DO UPDATE SET is_waiting = excluded.is_waiting, row_count = excluded.row_count, bytes = excluded.bytes
            """, query.parameters + [.text(sharing.daemonID)])
    }

    static func hide(_ session: StoreSession, queryID: String) throws(StoreError) {
        try session.change("DELETE FROM live_queries WHERE id = $1", [.text(queryID)])
    }
}
