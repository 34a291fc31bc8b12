internal import Databases
import Glibc

/// Several daemons on one store in PostgreSQL: one writes at a time, and each hears when another has told something.
///
/// Writers take turns by the row 1 of `store_lock`, which they lock first. What the store's methods do in a transaction is then what
/// they would do alone: counts are kept and limits hold without a thought for others. That row also says which schema there is, so that
/// a daemon that another one has left behind does not write. Each further row is a daemon's: the number of its last transaction.
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

    /// The row of a daemon in `store_lock`.
    static func slot(of daemonID: String) -> Int64 { (Int64(daemonID.prefix(7), radix: 16) ?? 0) + 2 }

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

    /// Takes the lock of writers, until the transaction ends, and leaves the transaction's number: once it is committed,
    /// ``lastTransaction(_:)`` answers it.
    func lock(_ session: StoreSession, number: Int64) throws(StoreError) {
        guard
            var row = try session.first(
                """
                WITH held AS (SELECT version FROM store_lock WHERE id = 1 FOR UPDATE),
                mine AS (
                    INSERT INTO store_lock (id, version) SELECT $1, $2 FROM held
                    ON CONFLICT (id) DO UPDATE SET version = excluded.version)
                SELECT version FROM held
                """, [.integer(Self.slot(of: daemonID)), .integer(number)])
        else { throw Self.lockIsGone }
        let version = try row.int()
        guard version <= Migrations.newest else { throw Migrations.newer(version) }
    }

    /// The number of this daemon's last transaction that was committed, as soon as none is under way; nil where others have taken the
    /// daemon off. Within a transaction.
    ///
    /// The database's own word on a transaction, `pg_xact_status`, is not enough: a server that crashed may give the number of a
    /// transaction that it lost to another one.
    func lastTransaction(_ session: StoreSession) throws(StoreError) -> Int64? {
        guard try session.first("SELECT version FROM store_lock WHERE id = 1 FOR UPDATE") != nil else { throw Self.lockIsGone }
        var row = try session.first("SELECT version FROM store_lock WHERE id = $1", [.integer(Self.slot(of: daemonID))])
        return try row?.integer()
    }

    private static var lockIsGone: StoreError {
        StoreError(.corrupt, "The store has lost the lock of its writers; restore a backup.")
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
