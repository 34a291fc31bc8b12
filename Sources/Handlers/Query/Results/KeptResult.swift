import Databases
import Protocol

/// A kept result as one connection may read it.
///
/// It is looked up anew for every page: one that was closed meanwhile is not found, and one that is being read does not expire.
struct KeptResult: Sendable {
    let id: String
    let userID: String
    let connectionID: String
    let registry: ResultRegistry

    /// Its rows. Throws `not_found` for a result that is closed, expired, somebody else's, or another connection's and not kept.
    func spool() throws(RPCError) -> ResultSpool {
        guard let spool = registry.find(id, userID: userID, connectionID: connectionID) else { throw .notFound }
        return spool
    }

    /// Page `index` (from 0), once it is there; nil past the end. Throws as ``spool()``, or the statement's error.
    func page(_ index: Int) async throws(RPCError) -> SpooledPage? {
        if Task.isCancelled { throw Self.cancelled }
        let spool = try spool()
        return try await Self.mapped { () async throws(DatabaseError) in try await spool.page(index) }
    }

    /// Its columns, once they are known.
    func columns() async throws(RPCError) -> [Databases.Column] {
        let spool = try spool()
        return try await Self.mapped { () async throws(DatabaseError) in try await spool.firstPage().columns }
    }

    /// How it ended; waits for it.
    func end() async throws(RPCError) -> SpooledEnd {
        let spool = try spool()
        return try await Self.mapped { () async throws(DatabaseError) in try await spool.finished() }
    }

    /// How it ended; nil if its statement still runs.
    func endIfOver() async throws(RPCError) -> SpooledEnd? { try spool().isEnded ? try await end() : nil }

    static var cancelled: RPCError { RPCError(.cancelled, "The request was cancelled.") }

    private static func mapped<Value: Sendable>(
        _ body: () async throws(DatabaseError) -> Value
    ) async throws(RPCError) -> Value {
        do throws(DatabaseError) {
            return try await body()
        } catch {
            // Closed a moment ago: as unknown as one closed before.
            throw ErrorCode(rawValue: error.code.description) == .notFound ? .notFound : RPCError(error)
        }
    }
}
