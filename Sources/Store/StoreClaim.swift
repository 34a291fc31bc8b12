/// The first, quick half of opening a store: no other daemon can have it meanwhile. Ends with the store, or when it is forgotten.
public struct StoreClaim: Sendable {
    private let engine: any StoreEngine

    /// Takes a store in a file for this process. One in PostgreSQL can be had by several, and is not looked for yet.
    ///
    /// - Throws: `locked` (another daemon has the file, with its pid), `permissions` (owner, mode, link; what to change), `io`. The
    ///   messages name files: they are for the operator.
    public init(_ location: StoreLocation) throws(StoreError) {
        engine = try Store.engine(location, locks: true)
    }

    /// Opens the store, making or migrating it where needed. Blocks for a millisecond or two; no thread is started yet.
    ///
    /// Only a long history of an older version takes longer, some five seconds for each 100,000 queries; nothing is served before.
    ///
    /// - Parameters:
    ///   - installation: the id of the keyring; nil looks at the store without one.
    ///   - nowMs: the time to write at migrations and interrupted rows.
    ///   - report: hears how far a migration of a history is: when it begins, now and then, and when it is done.
    /// - Throws: `newerSchema`, `otherKeyring`, `unavailable`, `corrupt`, `full`, `io`. The messages are for the operator.
    public func open(
        installation: String? = nil, nowMs: Int64, report: @Sendable (MigrationProgress) -> Void = { _ in }
    ) throws(StoreError) -> Store {
        do throws(StoreError) {
            let session = try engine.connect()
            do throws(StoreError) {
                try Migrations.bring(session, nowMs: nowMs, report: report)
                let (orphans, lastChange) = try session.transaction { session throws(StoreError) in
                    if let installation { try Installation.claim(session, installation) }
                    try Daemons.join(session, nowMs: nowMs)
                    return try (Daemons.endOrphans(session), Store.lastChange(session))
                }
                try engine.measure(session)
                return Store(engine: engine, session: session, orphans: orphans, lastChange: lastChange)
            } catch {
                session.close()
                throw error
            }
        } catch {
            engine.release()
            throw error
        }
    }
}
