internal import Databases

/// Which daemons work with a store that may have several: each holds a lease, which it renews while it lives.
enum Daemons {
    /// How long a daemon that says nothing is taken to live.
    static let leaseMs: Int64 = 15_000
    /// How long what one daemon tells the others is kept for those that cannot hear it.
    static let changesMs: Int64 = 3_600_000

    /// Takes this daemon on. Within a transaction that writes.
    static func join(_ session: StoreSession, nowMs: Int64) throws(StoreError) {
        guard let sharing = session.engine.sharing else { return }
        try renew(session, sharing, nowMs: nowMs)
        try bury(session, sharing)
        // What a daemon wrote after it had left.
        var slots: [Parameter] = [.integer(1)]
        for var row in try session.rows("SELECT id FROM daemons") {
            slots.append(.integer(PostgreSQLSharing.slot(of: try row.text())))
        }
        let kept = slots.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        try session.change("DELETE FROM store_lock WHERE id NOT IN (\(kept))", slots)
    }

    /// Holds the lease for longer; takes a daemon that was given up by the others on again.
    static func renew(_ session: StoreSession, _ sharing: PostgreSQLSharing, nowMs: Int64) throws(StoreError) {
        let process = ProcessIdentity.current
        try session.change(
            """
            INSERT INTO daemons (id, place, process, process_start, started_at, lease_until)
            VALUES ($1, $2, $3, $4, $5, \(PostgreSQLSharing.clockMs) + $6)
            ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until
            """,
            [
                .text(sharing.daemonID), .text(process.place), .integer(process.number), .integer(process.startTicks),
                .integer(nowMs), .integer(leaseMs),
            ])
    }

    /// Lets the others know at once that this daemon is gone.
    static func leave(_ session: StoreSession, _ sharing: PostgreSQLSharing) throws(StoreError) {
        try remove(session, sharing.daemonID)
    }

    /// Takes the daemons off that have ended without a word. Within a transaction that writes.
    static func bury(_ session: StoreSession, _ sharing: PostgreSQLSharing, byLease: Bool = true) throws(StoreError) {
        for id in try gone(session, sharing, byLease: byLease) { try remove(session, id) }
    }

    /// The daemons that are seen to have ended, and those whose lease is over.
    ///
    /// - Parameter byLease: whether leases count. After the database was away all may be over.
    static func gone(
        _ session: StoreSession, _ sharing: PostgreSQLSharing, byLease: Bool = true
    ) throws(StoreError) -> [String] {
        var ids: [String] = []
        for var row in try session.rows(
            """
            SELECT id, place, process, process_start, CASE WHEN lease_until < \(PostgreSQLSharing.clockMs) THEN 1 ELSE 0 END
            FROM daemons WHERE id <> $1
            """, [.text(sharing.daemonID)])
        {
            let id = try row.text()
            let process = ProcessIdentity(place: try row.text(), number: try row.integer(), startTicks: try row.integer())
            if try row.bool() && byLease || process.isKnownToHaveEnded { ids.append(id) }
        }
        return ids
    }

    /// Its queries first: in this order they are locked by the daemon that adds one, too.
    private static func remove(_ session: StoreSession, _ id: String) throws(StoreError) {
        try session.change("DELETE FROM live_queries WHERE daemon_id = $1", [.text(id)])
        try session.change("DELETE FROM daemons WHERE id = $1", [.text(id)])
        try session.change("DELETE FROM store_lock WHERE id = $1", [.integer(PostgreSQLSharing.slot(of: id))])
    }

    /// Whether any daemon works with the store now.
    static func anyLives(_ session: StoreSession) throws(StoreError) -> Bool {
        guard let sharing = session.engine.sharing else { return false }
        let gone = try Set(gone(session, sharing))
        for var row in try session.rows("SELECT id FROM daemons WHERE id <> $1", [.text(sharing.daemonID)]) {
            if try !gone.contains(row.text()) { return true }
        }
        return false
    }

    // MARK: What was left

    /// What daemons left unfinished that are gone.
    struct Orphans: Sendable {
        var queries = 0
        var turns = 0
    }

    /// Ends what no daemon works on any more: queries as interrupted, turns as failed. Within a transaction that writes.
    static func endOrphans(_ session: StoreSession) throws(StoreError) -> Orphans {
        let isNobodys =
            session.engine.sharing == nil ? "" : "AND (daemon_id IS NULL OR daemon_id NOT IN (SELECT id FROM daemons))"
        return try Orphans(
            queries: Store.markInterrupted(session, isNobodys), turns: Store.failOpenMessages(session, isNobodys))
    }

    /// Notes that a row of this daemon's has not ended.
    static func own(_ session: StoreSession, _ table: String, id: String) throws(StoreError) {
        guard let sharing = session.engine.sharing else { return }
        try session.change(
            "UPDATE \(table) SET daemon_id = $2 WHERE id = $1", [.text(id), .text(sharing.daemonID)])
    }
}
