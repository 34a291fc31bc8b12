internal import Databases

/// How far bringing an older store to this version's schema is. A store without a history has nothing to tell.
public struct MigrationProgress: Sendable, Equatable {
    /// The step, which is the number of the schema it leads to.
    public var step: Int
    /// Rows that are done; 0 says that the step begins.
    public var rowsDone: Int
    /// All rows there are.
    public var rowsTotal: Int
    /// Whether the step is done; its commit follows.
    public var isDone: Bool
}

/// Brings a database to the newest schema: numbered steps, each a transaction, recorded in `store_migrations`.
enum Migrations {
    /// The newest schema: the number of the last step.
    static let newest = 7

    /// Step 1 makes the first tables. A step, once released, never changes.
    private static func step(
        _ number: Int, _ session: StoreSession, _ report: (MigrationProgress) -> Void
    ) throws(StoreError) {
        switch number {
        case 1: try session.define(Schema.first(bytes: session.engine.bytesType))
        case 2: try StatisticsMigration.run(session, report)
        case 3: try session.define(Schema.third)
        case 4: try session.define(Schema.fourth)
        case 5: try session.define(Schema.fifth)
        case 6: try TextIndexMigration.run(session)
        default: if session.engine.wantsCountIndex { try session.define(Schema.countIndex) }
        }
    }

    /// - Parameter last: the step to stop after, for tests of what an older daemon left.
    /// - Parameter report: hears how far a long step is.
    static func bring(
        _ session: StoreSession, nowMs: Int64, to last: Int = newest,
        report: (MigrationProgress) -> Void = { _ in }
    ) throws(StoreError) {
        let current = try version(session)
        guard current <= newest else { throw newer(current) }
        let isShared = session.engine.sharing != nil
        if isShared { try PostgreSQLSharing.makeLock(session, version: current) }
        guard current < last else { return }
        for number in (current + 1)...last {
            try session.transaction { session throws(StoreError) in
                // Another daemon that was started at the same time may have done it.
                if isShared, try PostgreSQLSharing.version(session) >= number { return }
                try step(number, session, report)
                if isShared { try PostgreSQLSharing.setVersion(session, number) }
                try session.change(
                    "INSERT INTO store_migrations (version, applied_at) VALUES ($1, $2)",
                    [.integer(Int64(number)), .integer(nowMs)])
            }
        }
    }

    /// Throws unless the schema is the newest: to bring it there is a daemon's to do.
    static func checkNewest(_ session: StoreSession) throws(StoreError) {
        let current = try version(session)
        guard current != newest else { return }
        guard current < newest else { throw newer(current) }
        throw StoreError(.olderSchema, "The store is empty or of an older dbassistd; start this one on it once.")
    }

    static func newer(_ version: Int) -> StoreError {
        StoreError(
            .newerSchema,
            "The store was made by a newer dbassistd (schema \(version), this one knows \(newest)); use that one.")
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
