internal import Databases
import Glibc

/// Several daemons on one store in PostgreSQL: one writes at a time, and each hears when another has told something.
///
/// Writers take turns by the one row of `store_lock`, which they lock first. What the store's methods do in a transaction is then what
/// they would do alone: counts are kept and limits hold without a thought for others. That row also says which schema there is, so that
/// a daemon that another one has left behind does not write.
final class PostgreSQLSharing: Sendable {
    /// Of this daemon, for as long as it has the store open.
    let daemonID: String = PostgreSQLSharing.randomID()

    private static let channel = "dbassist_changes"
    /// Statements that make a connection hear of others' changes.
    static let listening = ["LISTEN \(channel)"]
    /// The time of the database, in Unix milliseconds: leases go by one clock.
    static let clockMs = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"

    private static func randomID() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    // MARK: The lock of writers

    /// Makes the lock where there is none. Two daemons may do this at once.
    ///
    /// - Parameter version: of the schema, as it is without a lock.
    static func makeLock(_ session: StoreSession, version: Int) throws(StoreError) {
        for attempt in 1... {
            do throws(StoreError) {
                try session.execute("CREATE TABLE IF NOT EXISTS store_lock (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)")
                try session.change(
                    "INSERT INTO store_lock (id, version) VALUES (1, $1) ON CONFLICT (id) DO NOTHING", [.integer(Int64(version))])
                return
            } catch {
                // Both found none and made one: the second is told of a conflict in the catalogue.
                guard [.conflict, .internal].contains(error.code), attempt < 5 else { throw error }
            }
        }
    }

    /// Takes the lock of writers, until the transaction ends.
    ///
    /// - Returns: the transaction's id, for `pg_xact_status`.
    static func lock(_ session: StoreSession) throws(StoreError) -> String {
        guard
            var row = try session.first(
                "SELECT CAST(pg_current_xact_id() AS TEXT), version FROM store_lock WHERE id = 1 FOR UPDATE")
        else { throw StoreError(.corrupt, "The store has lost the lock of its writers; restore a backup.") }
        let id = try row.text()
        let version = try row.int()
        guard version <= Migrations.newest else { throw Migrations.newer(version) }
        return id
    }

    /// The schema's version. Within a transaction that writes nobody else changes it.
    static func version(_ session: StoreSession) throws(StoreError) -> Int {
        var row = try session.first("SELECT version FROM store_lock WHERE id = 1")
        return try row?.int() ?? 0
    }

    static func setVersion(_ session: StoreSession, _ version: Int) throws(StoreError) {
        try session.change("UPDATE store_lock SET version = $1 WHERE id = 1", [.integer(Int64(version))])
    }

    // MARK: Being heard

    /// Makes those who listen look, once the transaction is committed. Who does not hear it looks twice a second.
    func wake(_ session: StoreSession) throws(StoreError) {
        try session.rows("SELECT pg_notify($1, '')", [.text(Self.channel)])
    }

    /// Waits until there may be something new, `wakeUp` can be read, or the time is over.
    func wait(_ session: StoreSession, milliseconds: Int, wakeUp: Int32) {
        (session.connection as? PostgreSQLDatabase)?.wait(milliseconds: milliseconds, wakeUp: wakeUp)
    }
}
