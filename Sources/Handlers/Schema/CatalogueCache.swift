import Assistant
import Databases
import Synchronization
import Threads

/// What was read of databases' schemas, for as long as it may be taken to be true.
///
/// Whoever asks for the same at the same time waits for the same reading, which is stopped when nobody waits for it any more. A
/// reading that failed, or that something made stale while it was under way, is answered and not kept.
final class CatalogueCache: Sendable {
    /// What is kept apart.
    struct Key: Hashable, Sendable {
        var pool: PoolKey
        var includesSystem: Bool
        var isDetailed: Bool
    }

    /// A catalogue and when it was begun to be read.
    final class Loaded: Sendable {
        let catalogue: Catalogue
        let beganNs: UInt64
        private let made = Mutex<SchemaIndex?>(nil)

        /// What finds relations in it by words; made when it is first asked for.
        var index: SchemaIndex {
            made.withLock { made in
                if let made { return made }
                let index = SchemaIndex(catalogue)
                made = index
                return index
            }
        }

        init(_ catalogue: Catalogue, beganNs: UInt64) {
            self.catalogue = catalogue
            self.beganNs = beganNs
        }

        var ageMs: Double { Double((Monotonic.nowNs &- beganNs) / 1000) / 1000 }
    }

    /// Figures since the start, and what is kept now.
    struct Status: Sendable, Equatable {
        var reads = 0
        var hits = 0
        var bytes = 0
    }

    typealias Outcome = Result<Loaded, DatabaseError>
    typealias Reading = @Sendable () async throws(DatabaseError) -> Catalogue

    private let state: Mutex<CatalogueCacheState>

    init(bytesMax: Int, ageMsMax: Int) {
        state = Mutex(CatalogueCacheState(bytesMax: bytesMax, ageNsMax: UInt64(ageMsMax) * 1_000_000))
    }

    var status: Status { state.withLock { $0.status } }

    /// The catalogue that is kept, or that `read` answers. Errors: those of `read`; `cancelled` when the task is.
    func catalogue(_ key: Key, _ read: @escaping Reading) async throws(DatabaseError) -> Loaded {
        let ticket = state.withLock { $0.newTicket() }
        let outcome: Outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                switch state.withLock({ $0.join(key, ticket, continuation, nowNs: Monotonic.nowNs) }) {
                case .kept(let loaded): continuation.resume(returning: .success(loaded))
                case .begin(let flight): begin(flight, read)
                case .wait: break
                }
                // A cancel that came before there was anything to leave.
                if Task.isCancelled { leave(ticket) }
            }
        } onCancel: {
            leave(ticket)
        }
        return try outcome.get()
    }

    /// Forgets what is known of a project; what is being read of it is not kept.
    func invalidate(projectID: String) {
        state.withLock { $0.invalidate { $0.pool.projectID == projectID } }
    }

    func invalidateAll() { state.withLock { $0.invalidate { _ in true } } }

    /// Forgets what is too old.
    func dropExpired() {
        state.withLock { $0.dropExpired(nowNs: Monotonic.nowNs) }
    }

    private func begin(_ flight: Int, _ read: @escaping Reading) {
        let task = Task {
            let beganNs = Monotonic.nowNs
            let outcome: Outcome
            do throws(DatabaseError) {
                outcome = .success(Loaded(try await read(), beganNs: beganNs))
            } catch {
                outcome = .failure(error)
            }
            let waiters = self.state.withLock { $0.finish(flight, outcome) }
            for waiter in waiters { waiter.resume(returning: outcome) }
        }
        let isWanted = state.withLock { $0.began(flight, task) }
        if !isWanted { task.cancel() }
    }

    private func leave(_ ticket: Int) {
        let (waiter, task) = state.withLock { $0.leave(ticket) }
        waiter?.resume(returning: .failure(.readingStopped))
        task?.cancel()
    }
}

extension DatabaseError {
    fileprivate static let readingStopped = DatabaseError(.cancelled, phase: .execute, "The request was cancelled.")
}
