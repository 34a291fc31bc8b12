import Synchronization
import Threads

/// A wish for a pooled connection by a caller that is no task: it is called back, on the very thread that gave the connection back
/// if it had to wait for that.
public final class ConnectionRequest: Sendable {
    private struct State {
        /// While it waits for its turn.
        var waiter: PoolState.Waiter?
        var deadline: Watchdog.Timer?
        /// While a connection is opened or asked whether it is still good.
        var task: Task<Void, Never>?
        var isCancelled = false
    }

    private let pool: ConnectionPool
    private let key: PoolKey
    private let options: ConnectOptions
    private let target: @Sendable () async throws(DatabaseError) -> ConnectionTarget
    private let done: @Sendable (Result<ConnectionLease, DatabaseError>) -> Void
    private let state = Mutex(State())

    /// Asks for nothing yet. `done` hears exactly once after ``begin()``, and must not block; what it hears, `target` and the errors
    /// are as for ``ConnectionPool/checkout(_:options:waitMs:target:)``.
    public init(
        _ pool: ConnectionPool, _ key: PoolKey, options: ConnectOptions,
        target: @escaping @Sendable () async throws(DatabaseError) -> ConnectionTarget,
        then done: @escaping @Sendable (Result<ConnectionLease, DatabaseError>) -> Void
    ) {
        self.pool = pool
        self.key = key
        self.options = options
        self.target = target
        self.done = done
    }

    /// Asks; once. Where a connection is idle, `done` is called before this returns.
    public func begin() {
        if let grant = pool.state.withLock({ $0.lendAtOnce(key) }) { return granted(.success(grant)) }
        let waiter = PoolState.Waiter(key: key) { [self] in granted($0) }
        state.withLock { $0.waiter = waiter }
        let refusal = pool.state.withLock { $0.enqueue(waiter) }
        if let refusal { return granted(.failure(refusal)) }
        pool.pump()
        guard state.withLock({ $0.waiter != nil }) else { return }
        let deadline = pool.armDeadline(waiter, pool.limits.waitMs)
        let (isLate, isCancelled) = state.withLock { state in
            if state.waiter != nil { state.deadline = deadline }
            return (state.waiter == nil, state.isCancelled)
        }
        if isLate { pool.watchdog.disarm(deadline) }
        if isCancelled { pool.give(up: waiter, .stopped) }
    }

    /// Stops waiting, or opening: `done` hears `cancelled`, unless it has its connection by then.
    public func cancel() {
        let (waiter, task) = state.withLock { state in
            state.isCancelled = true
            return (state.waiter, state.task)
        }
        if let waiter { pool.give(up: waiter, .stopped) }
        task?.cancel()
    }

    private func granted(_ result: Result<PoolState.Grant, DatabaseError>) {
        let deadline = state.withLock { state in
            state.waiter = nil
            defer { state.deadline = nil }
            return state.deadline
        }
        if let deadline { pool.watchdog.disarm(deadline) }
        switch result {
        case .failure(let error): done(.failure(error))
        case .success(let grant):
            if let lease = pool.trusted(grant) { return done(.success(lease)) }
            let task = Task { await take(grant) }
            let isCancelled = state.withLock { state in
                state.task = task
                return state.isCancelled
            }
            if isCancelled { task.cancel() }
        }
    }

    private func take(_ grant: PoolState.Grant) async {
        let result: Result<ConnectionLease, DatabaseError>
        do throws(DatabaseError) {
            result = .success(try await pool.take(grant, options, target))
        } catch {
            result = .failure(error)
        }
        state.withLock { $0.task = nil }
        done(result)
    }
}
