import Synchronization
import Threads

/// One job that a driver is doing, as seen from outside its thread: who stops it, when, and what came of it.
///
/// Causes race (the reader's cancel, the timeout, the end of the statement); the first one wins, and exactly one result is
/// delivered. Stopping has three steps: ask the server, cut the connection, answer without the driver.
final class StatementRun<Value: Sendable>: Sendable {
    private enum Phase { case queued, running, over }

    private struct State {
        var phase = Phase.queued
        var cause: DatabaseError?
        var timers: [Watchdog.Timer] = []
        var isDelivered = false
    }

    private let state = Mutex(State())
    private let canceller: any StatementCanceller
    private let watchdog: Watchdog
    private let timing: ConnectionTiming
    /// Whether a server is asked to stop before the connection is cut: not for what is no statement of anybody's.
    private let asksFirst: Bool
    /// Wakes a sink that blocks the driver's thread.
    private let onStop: @Sendable (DatabaseError) -> Void
    private let onResult: @Sendable (Result<Value, DatabaseError>) -> Void

    init(
        _ canceller: any StatementCanceller, _ watchdog: Watchdog, _ timing: ConnectionTiming, asksFirst: Bool = true,
        onStop: @escaping @Sendable (DatabaseError) -> Void,
        onResult: @escaping @Sendable (Result<Value, DatabaseError>) -> Void
    ) {
        self.canceller = canceller
        self.watchdog = watchdog
        self.timing = timing
        self.asksFirst = asksFirst
        self.onStop = onStop
        self.onResult = onResult
    }

    /// Tells what came of the job, mostly on the driver's thread. The first result is the one.
    func deliver(_ result: Result<Value, DatabaseError>) {
        let isFirst = state.withLock { state in
            defer { state.isDelivered = true }
            return !state.isDelivered
        }
        if isFirst { onResult(result) }
    }

    /// Why the run was stopped, once it was.
    var cause: DatabaseError? { state.withLock { $0.cause } }

    /// Stops the run with `error` after `milliseconds`.
    func arm(milliseconds: Int, _ error: DatabaseError) {
        later(milliseconds) { $0.stop(error) }
    }

    /// Stops the run, unless it is over or was stopped before.
    func stop(_ error: DatabaseError) {
        let isRunning = state.withLock { state in
            guard state.phase != .over, state.cause == nil else { return false }
            state.cause = error
            return state.phase == .running
        }
        if isRunning { interrupt(error) }
    }

    /// On the driver's thread, before the driver is called. Answers false when the run was stopped while it was queued.
    func begin() -> Bool {
        state.withLock { state in
            guard state.cause == nil else { return false }
            state.phase = .running
            return true
        }
    }

    /// On the driver's thread, after the driver returned. Answers the result to deliver, and whether the canceller may have been used.
    func end(_ outcome: Result<Value, DatabaseError>) -> (result: Result<Value, DatabaseError>, wasInterrupted: Bool) {
        let (cause, timers, wasRunning) = state.withLock { state in
            let found = (state.cause, state.timers, state.phase == .running)
            state.phase = .over
            state.timers = []
            return found
        }
        for timer in timers { watchdog.disarm(timer) }
        guard let cause else { return (outcome, false) }
        // A statement that finished before the cancel reached it has finished: a committed write is not "cancelled".
        if case .success = outcome { return (outcome, wasRunning) }
        return (.failure(cause), wasRunning)
    }

    private func interrupt(_ error: DatabaseError) {
        onStop(error)
        guard asksFirst else { return cut(error) }
        if !ask(againMs: timing.askAgainMs) { canceller.sever() }
        later(timing.severMs) { $0.cut(error) }
    }

    /// Asks the server to stop the statement, and again until it has: a server that is between two messages of ours (prepared, and not
    /// yet told to execute) has nothing to stop, and forgets that it was asked. Answers false where there is no thread to be had.
    @discardableResult private func ask(againMs: Int) -> Bool {
        do {
            // A thread of its own, as `cancel` blocks: sixty-four servers that do not answer must not delay the sixty-fifth.
            try SystemThread.start(name: "dbassist-cancel") { [self] in
                guard state.withLock({ $0.phase == .running }) else { return }
                canceller.cancel()
                later(againMs) { $0.ask(againMs: againMs * 2) }
            }
        } catch {
            return false
        }
        return true
    }

    private func cut(_ error: DatabaseError) {
        sever()
        later(timing.abandonMs) { $0.abandon(error) }
    }

    /// Cuts the connection under the run.
    func sever() {
        if state.withLock({ $0.phase == .running }) { canceller.sever() }
    }

    private func abandon(_ error: DatabaseError) {
        if state.withLock({ $0.phase == .running }) { deliver(.failure(error)) }
    }

    /// Arms a deadline that `end` disarms.
    private func later(_ milliseconds: Int, _ action: @escaping @Sendable (StatementRun) -> Void) {
        let timer = watchdog.arm(milliseconds: milliseconds) { [weak self] in if let self { action(self) } }
        let isOver = state.withLock { state in
            if state.phase != .over { state.timers.append(timer) }
            return state.phase == .over
        }
        if isOver { watchdog.disarm(timer) }
    }
}

extension DatabaseError {
    static func timedOut(_ milliseconds: Int) -> DatabaseError {
        DatabaseError(
            .timeout, phase: .execute,
            "The statement did not end within \(milliseconds) ms and was stopped; narrow it or raise the timeout.")
    }

    /// What stopping a statement makes of it.
    public static let stopped = DatabaseError(.cancelled, phase: .execute, "The statement was cancelled.")

    static let closed = DatabaseError(
        .connectionLost, phase: .execute, "The database connection is closed; run the statement again.", retryable: true)
}
