import Synchronization
import Threads

/// Every connection of the daemon to its users' databases: at most so many per project and in all, first come first served.
///
/// A connection is reset before it serves again: right after each use, out of the reader's way, and once more when it has been
/// idle, which is also how one whose server went away is found and replaced before a statement is lost on it.
public final class ConnectionPool: Sendable {
    let limits: ConnectionPoolLimits
    let watchdog: Watchdog
    let factory: DriverFactory
    let timing: ConnectionTiming
    let state: Mutex<PoolState>

    /// `cancelDeadlineMs`: from asking a database to stop a statement to cutting the connection.
    public convenience init(limits: ConnectionPoolLimits = ConnectionPoolLimits(), cancelDeadlineMs: Int = 5_000) {
        self.init(limits: limits, factory: .engines, timing: ConnectionTiming(severMs: cancelDeadlineMs))
    }

    init(
        limits: ConnectionPoolLimits = ConnectionPoolLimits(), factory: DriverFactory, watchdog: Watchdog = .shared,
        timing: ConnectionTiming = ConnectionTiming()
    ) {
        self.limits = limits
        self.factory = factory
        self.watchdog = watchdog
        self.timing = timing
        self.state = Mutex(PoolState(limits))
    }

    /// What it holds and has done.
    public var status: ConnectionPoolStatus { state.withLock { $0.status } }

    /// Lends a connection to `body` and takes it back, whatever happens.
    ///
    /// `target` is only asked when a connection has to be opened, so a connection string is unsealed no more often than needed.
    /// Errors: those of ``checkout(_:options:waitMs:target:)`` and of `body`.
    public func withConnection<R: Sendable>(
        _ key: PoolKey, options: ConnectOptions, waitMs: Int? = nil,
        target: @Sendable () async throws(DatabaseError) -> ConnectionTarget,
        _ body: @Sendable (DatabaseConnection) async throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        let lease = try await checkout(key, options: options, waitMs: waitMs, target: target)
        defer { lease.checkin() }
        return try await body(lease.connection)
    }

    /// Lends a connection until ``ConnectionLease/checkin()``.
    ///
    /// Waits at most `waitMs` (default: the pool's) for one to be free. Errors: `busy` (retryable) after that, naming the limit;
    /// `cancelled` when the task is; `shutting_down`; those of `target` and of connecting.
    public func checkout(
        _ key: PoolKey, options: ConnectOptions, waitMs: Int? = nil,
        target: @Sendable () async throws(DatabaseError) -> ConnectionTarget
    ) async throws(DatabaseError) -> ConnectionLease {
        try await take(try await acquire(key, waitMs: waitMs ?? limits.waitMs), options, target)
    }

    /// Makes a connection of what was granted.
    func take(
        _ grant: PoolState.Grant, _ options: ConnectOptions,
        _ target: @Sendable () async throws(DatabaseError) -> ConnectionTarget
    ) async throws(DatabaseError) -> ConnectionLease {
        switch grant {
        case .open(let slot):
            return try await fill(slot, options, target)
        case .use(let slot, let connection, _):
            if let lease = trusted(grant) { return lease }
            if try await probe(slot, connection) { return ConnectionLease(connection, slot: slot, pool: self) }
            return try await fill(slot, options, target)
        }
    }

    /// The connection that was granted, if it need not be asked whether it is still good.
    func trusted(_ grant: PoolState.Grant) -> ConnectionLease? {
        guard case .use(let slot, let connection, let idleMs) = grant, idleMs < limits.trustIdleMs else { return nil }
        return ConnectionLease(connection, slot: slot, pool: self)
    }

    /// Asks an idle connection whether it is still good. If not, it is gone afterwards, and its slot is the caller's to fill.
    private func probe(_ slot: PoolState.SlotID, _ connection: DatabaseConnection) async throws(DatabaseError) -> Bool {
        state.withLock { $0.startProbe(slot) }
        do throws(DatabaseError) {
            try await connection.reset()
            // A caller that went away meanwhile may have had the connection closed although the reset was done.
            if connection.isReusable, state.withLock({ $0.passedProbe(slot) }) { return true }
        } catch {
            // The server went away while nobody looked: nothing is lost, a fresh connection takes its place.
        }
        connection.close()
        if Task.isCancelled {
            let isEmpty = state.withLock { $0.abandonProbe(slot) }
            if isEmpty { ended(slot) }
            throw .stopped
        }
        // Its thread first, so that the limits hold.
        await connection.closed()
        state.withLock { $0.replaceProbed(slot) }
        return false
    }

    private func acquire(_ key: PoolKey, waitMs: Int) async throws(DatabaseError) -> PoolState.Grant {
        let granted = Completion<Result<PoolState.Grant, DatabaseError>>()
        let waiter = PoolState.Waiter(key: key) { granted.complete($0) }
        let refusal = state.withLock { $0.enqueue(waiter) }
        if let refusal { throw refusal }
        pump()
        let deadline = armDeadline(waiter, waitMs)
        defer { watchdog.disarm(deadline) }
        return try await withTaskCancellationHandler {
            await granted.value()
        } onCancel: {
            give(up: waiter, .stopped)
        }.get()
    }

    func armDeadline(_ waiter: PoolState.Waiter, _ waitMs: Int) -> Watchdog.Timer {
        let limits = limits
        return watchdog.arm(milliseconds: waitMs) { [weak self] in self?.give(up: waiter, PoolState.busy(limits, waitMs)) }
    }

    func give(up waiter: PoolState.Waiter, _ error: DatabaseError) {
        let wasWaiting = state.withLock { $0.remove(waiter, because: error) }
        guard wasWaiting else { return }
        waiter.granted(.failure(error))
        // It may have stood in the way of others: an idle connection was being closed for it.
        pump()
    }

    /// Opens the connection of a reserved slot.
    private func fill(
        _ slot: PoolState.SlotID, _ options: ConnectOptions,
        _ target: @Sendable () async throws(DatabaseError) -> ConnectionTarget
    ) async throws(DatabaseError) -> ConnectionLease {
        let resolved: ConnectionTarget
        do throws(DatabaseError) {
            resolved = try await target()
        } catch {
            ended(slot)
            throw error
        }
        do throws(DatabaseError) {
            let connection = try await DatabaseConnection.open(
                resolved, options, factory: factory, watchdog: watchdog, timing: timing
            ) { [weak self] in self?.ended(slot) }
            let isWanted = state.withLock { $0.opened(slot, connection) }
            guard isWanted else {
                connection.close()
                throw .shuttingDown
            }
            return ConnectionLease(connection, slot: slot, pool: self)
        } catch {
            state.withLock { $0.openFailures += 1 }
            throw error
        }
    }

    /// Takes a connection back: resets it on its own thread, if anything is left in it, and lends it on, or closes it.
    func checkin(_ slot: PoolState.SlotID, _ connection: DatabaseConnection) {
        let mayReuse = state.withLock { $0.returned(slot, isReusable: connection.isReusable) }
        if mayReuse, connection.isClean { return wasReset(slot, connection, true) }
        let isResetting = mayReuse && connection.reset { [weak self] isClean in self?.wasReset(slot, connection, isClean) }
        if !isResetting {
            if mayReuse { state.withLock { $0.closing(slot) } }
            connection.close()
        }
    }

    private func wasReset(_ slot: PoolState.SlotID, _ connection: DatabaseConnection, _ isClean: Bool) {
        let isKept = state.withLock { $0.wasReset(slot, isClean: isClean) }
        if !isKept { connection.close() }
        pump()
    }

    /// A connection's driver and thread are gone.
    func ended(_ slot: PoolState.SlotID) {
        let done = state.withLock { $0.ended(slot) }
        for completion in done { completion.complete(true) }
        pump()
    }

    /// Serves who can be served, and keeps the idle ones' clock.
    func pump() {
        let (grants, toClose, mustSweep) = state.withLock { state in
            let (grants, toClose) = state.pump()
            return (grants, toClose, state.startSweep())
        }
        for (waiter, grant) in grants { waiter.granted(.success(grant)) }
        for connection in toClose { connection.close() }
        if mustSweep { armSweep(limits.idleMs) }
    }

    private func armSweep(_ milliseconds: Int) {
        _ = watchdog.arm(milliseconds: milliseconds) { [weak self] in
            guard let self else { return }
            let (expired, nextMs) = state.withLock { $0.sweep() }
            for connection in expired { connection.close() }
            if let nextMs { armSweep(nextMs) }
        }
    }
}

/// A connection on loan from a pool. Dropping it unreturned closes the connection.
public final class ConnectionLease: Sendable {
    public let connection: DatabaseConnection
    private let slot: PoolState.SlotID
    private let pool: ConnectionPool
    private let isReturned = Atomic(false)

    init(_ connection: DatabaseConnection, slot: PoolState.SlotID, pool: ConnectionPool) {
        self.connection = connection
        self.slot = slot
        self.pool = pool
    }

    deinit { checkin() }

    /// Gives the connection back; safe to call twice. A statement still running on it is stopped.
    public func checkin() {
        guard !isReturned.exchange(true, ordering: .acquiringAndReleasing) else { return }
        pool.checkin(slot, connection)
    }
}
