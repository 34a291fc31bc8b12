internal import Databases

extension Store {
    /// Tells the other daemons with this store; where there are none by the kind of the store, does nothing.
    public func announce(_ change: StoreChange) async throws(StoreError) {
        guard engine.sharing != nil else { return }
        try await write { session throws(StoreError) in try Store.announce(session, change) }
    }

    /// The same as part of a transaction that writes: with what was changed, or not at all.
    static func announce(_ session: StoreSession, _ change: StoreChange) throws(StoreError) {
        guard let sharing = session.engine.sharing else { return }
        let words = change.words
        try session.change(
            """
            INSERT INTO changes (seq, daemon_id, kind, subject, detail, at)
            VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM changes), $1, $2, $3, $4, \(PostgreSQLSharing.clockMs))
            """, [.text(sharing.daemonID), .text(words.kind), .text(words.subject), .text(words.detail)])
        try sharing.wake(session)
    }

    /// The number of the last change that was told; 0 before the first, and where there is nobody to tell any.
    static func lastChange(_ session: StoreSession) throws(StoreError) -> Int64 {
        guard session.engine.sharing != nil else { return 0 }
        var row = try session.first("SELECT coalesce(max(seq), 0) FROM changes")
        return try row?.integer() ?? 0
    }

    /// Forgets what was told long ago, but for the last: numbers go on from it.
    static func pruneChanges(_ session: StoreSession) throws(StoreError) {
        try session.change(
            """
            DELETE FROM changes WHERE at < \(PostgreSQLSharing.clockMs) - $1 AND seq < (SELECT max(seq) FROM changes)
            """, [.integer(Daemons.changesMs)])
    }
}
