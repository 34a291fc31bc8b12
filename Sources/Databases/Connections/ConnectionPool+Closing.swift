import Synchronization

extension ConnectionPool {
    /// Closes what belongs to a project that was deleted or changed, whatever its fingerprint: idle connections now, those in use
    /// when they come back, or at once if `cancelRunning`. Who waits for one is refused with `cancelled`.
    public func drain(projectID: String, cancelRunning: Bool = false) {
        let (idle, running, waiting) = state.withLock { $0.drain { $0.projectID == projectID } }
        let error = DatabaseError(.cancelled, phase: .connect, "The project was changed or deleted; run the statement again.")
        for waiter in waiting { waiter.granted(.failure(error)) }
        for connection in idle { connection.close() }
        if cancelRunning { for connection in running { connection.close() } }
        pump()
    }

    /// Has the connections of one fingerprint serve another, which stands for the same connection string.
    public func rename(_ old: PoolKey, to new: PoolKey) {
        state.withLock { $0.rename(old, to: new) }
        pump()
    }

    /// Refuses new work, stops what runs and closes everything. Answers whether all was closed within `deadlineMs`; what was not
    /// is cut then and ends by itself.
    public func shutdown(deadlineMs: Int = 10_000) async -> Bool {
        let done = Completion<Bool>()
        let (idle, running, waiting) = state.withLock { state in
            state.isShutDown = true
            return state.drain { _ in true }
        }
        for waiter in waiting { waiter.granted(.failure(.shuttingDown)) }
        for connection in idle + running { connection.close() }
        let isEmpty = state.withLock { state in
            if !state.slots.isEmpty { state.whenEmpty.append(done) }
            return state.slots.isEmpty
        }
        if isEmpty { return true }
        let timer = watchdog.arm(milliseconds: deadlineMs) { done.complete(false) }
        defer { watchdog.disarm(timer) }
        guard await done.value() else {
            for connection in state.withLock({ $0.slots.values.compactMap(\.connection) }) { connection.sever() }
            return false
        }
        return true
    }
}

extension DatabaseError.Code {
    public static let shuttingDown = DatabaseError.Code("shutting_down")
}

extension DatabaseError {
    static let shuttingDown = DatabaseError(
        .shuttingDown, phase: .connect, "The daemon is shutting down; connect again later.", retryable: true)
}
