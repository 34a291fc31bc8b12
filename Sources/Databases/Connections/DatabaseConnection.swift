import Synchronization
import Threads

/// One connection to a database: a driver and the thread it is confined to.
///
/// One statement at a time. Every call is one hop to the thread, where the statement runs and its rows are encoded and handed
/// to the sink. Cancelling the calling task, or the statement's timeout, stops the statement at the server through the
/// driver's side channel; a connection that was ever interrupted takes no further statement and closes itself, so that a late
/// cancel has nothing to hit.
///
/// It must be closed: dropping the last reference closes it too, but at a time nobody chose.
public final class DatabaseConnection: Sendable {
    /// What the driver's thread touches; nothing else may.
    struct Confined: @unchecked Sendable {
        // Unchecked because drivers are not Sendable: only jobs on the connection's thread use it.
        let driver: any Driver
    }

    private enum Phase {
        case idle
        case busy
        case closing
        case closed
    }

    private struct State {
        var phase = Phase.idle
        /// Stops the job that runs.
        var stop: (@Sendable (DatabaseError) -> Void)?
        var sever: (@Sendable () -> Void)?
        var mustClose = false
        /// Nothing of the last job is left in the session.
        var isClean = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let thread: DatabaseThread
    private let confined: Confined
    private let canceller: any StatementCanceller
    private let watchdog: Watchdog
    private let timing: ConnectionTiming
    private let onEnd: @Sendable () -> Void
    private let state = Mutex(State())

    /// On the thread that `driver` was opened on. `onEnd` is called once, there, when the driver is closed.
    init(
        _ driver: any Driver, on thread: DatabaseThread, watchdog: Watchdog, timing: ConnectionTiming,
        onEnd: @escaping @Sendable () -> Void
    ) {
        self.thread = thread
        self.confined = Confined(driver: driver)
        self.canceller = driver.canceller
        self.watchdog = watchdog
        self.timing = timing
        self.onEnd = onEnd
    }

    deinit {
        guard state.withLock({ $0.phase == .idle }) else { return }
        let (confined, onEnd) = (confined, onEnd)
        _ = thread.post {
            confined.driver.close()
            onEnd()
        }
        thread.stop()
    }

    /// Whether it can take a statement now: open, idle, and never interrupted.
    public var isReusable: Bool { state.withLock { $0.phase == .idle && !$0.mustClose } }

    /// Whether a ``reset()`` would find nothing to undo.
    var isClean: Bool { state.withLock { $0.phase == .idle && $0.isClean } }

    // MARK: What it does

    /// Runs one statement; its rows go to `sink`, on the connection's thread.
    ///
    /// A page ends at `pageRows` rows or `pageBytes` bytes. After `rowsMax` rows, or the page that reaches `bytesMax`, the
    /// statement is ended, and `sink` hears of it if there was more. `sink.ended` is called exactly once, last, whatever
    /// happens. Errors: the driver's own; `timeout` after `statement.timeoutMs`; `cancelled` when the task is;
    /// `connection_lost` when the connection is closed. A statement that finished before it could be stopped succeeds.
    @discardableResult
    public func run(
        _ statement: Statement, pageRows: Int = 1000, pageBytes: Int = 256 * 1024, rowsMax: Int = .max, bytesMax: Int = .max,
        sink: any RowSink & Sendable
    ) async throws(DatabaseError) -> StatementOutcome {
        let result = Completion<Result<StatementOutcome, DatabaseError>>()
        let stop = start(
            statement, pageRows: pageRows, pageBytes: pageBytes, rowsMax: rowsMax, bytesMax: bytesMax, sink: sink
        ) { result.complete($0) }
        return try await withTaskCancellationHandler {
            await result.value()
        } onCancel: {
            stop(.stopped)
        }.get()
    }

    /// The same for a caller that is no task: `done` hears exactly once, after the sink, mostly on the connection's thread, and may
    /// use the connection at once. Answers how to stop the statement, with the error that is then its result.
    public func start(
        _ statement: Statement, pageRows: Int, pageBytes: Int, rowsMax: Int, bytesMax: Int, sink: any RowSink & Sendable,
        then done: @escaping @Sendable (Result<StatementOutcome, DatabaseError>) -> Void
    ) -> @Sendable (DatabaseError) -> Void {
        let guarded = GuardedSink(sink)
        let run = StatementRun<StatementOutcome>(canceller, watchdog, timing) {
            guarded.stop($0)
        } onResult: { result in
            // Where the run never began, or the driver never came back, nobody else has said so.
            guarded.ended(result)
            done(result)
        }
        post(run, timeoutMs: statement.timeoutMs, .timedOut(statement.timeoutMs)) { driver throws(DatabaseError) in
            var pager = RowPager(pageRows: pageRows, pageBytes: pageBytes, rowsMax: rowsMax, bytesMax: bytesMax, sink: guarded)
            let outcome = try driver.run(statement, into: &pager)
            try pager.finish()
            return outcome
        }
        return { run.stop($0) }
    }

    /// Version, name, size and table count of the database. Errors as for ``run(_:pageRows:pageBytes:rowsMax:bytesMax:sink:)``.
    public func metadata(timeoutMs: Int = 10_000) async throws(DatabaseError) -> DatabaseMetadata {
        try await perform(timeoutMs: timeoutMs, .timedOut(timeoutMs)) { driver throws(DatabaseError) in
            try driver.metadata()
        }
    }

    /// The catalogue as the driver itself reads it. `late` is what the caller gets after the request's time.
    func driverCatalogue(_ request: CatalogueRequest, _ late: DatabaseError) async throws(DatabaseError) -> Catalogue {
        try await perform(timeoutMs: request.timeoutMs, late) { driver throws(DatabaseError) in
            try driver.catalogue(request)
        }
    }

    /// Makes the session as good as new. After an error, or when it takes too long, the connection is closed.
    public func reset() async throws(DatabaseError) {
        let late = DatabaseError(.connectionLost, phase: .execute, "The database does not answer; try again.", retryable: true)
        do throws(DatabaseError) {
            try await perform(timeoutMs: timing.resetMs, late, asksFirst: false) { driver throws(DatabaseError) in
                try driver.reset()
            }
        } catch {
            close()
            throw error
        }
    }

    /// The same without a caller that waits: `done` hears, on the connection's thread, whether the session is clean. Answers false,
    /// and does nothing, when the connection takes no job.
    func reset(_ done: @escaping @Sendable (Bool) -> Void) -> Bool {
        let run = StatementRun<Void>(canceller, watchdog, timing, asksFirst: false) { _ in
        } onResult: { _ in
        }
        do throws(DatabaseError) { try begin(run) } catch { return false }
        run.arm(milliseconds: timing.resetMs, .closed)
        let isPosted = thread.post { [self] in
            execute(run, { driver throws(DatabaseError) in try driver.reset() }) { done($0) }
        }
        if !isPosted {
            _ = run.end(.failure(DatabaseError.closed))
            finish(mustClose: true)
        }
        return isPosted
    }

    /// Stops the running statement with `cancelled`, if one runs.
    public func cancel() {
        state.withLock { $0.stop }?(.stopped)
    }

    /// Closes the connection, stopping what it does. Does not wait; safe to call twice.
    public func close() {
        let (stop, isIdle) = state.withLock { state in
            state.mustClose = true
            guard state.phase == .idle else { return (state.stop, false) }
            state.phase = .closing
            return (nil, true)
        }
        stop?(.stopped)
        if isIdle {
            // The thread is idle and takes the job; were it refused, the thread is gone and the driver with it.
            if !thread.post({ [self] in closeDriver() }) { closed() }
        }
    }

    /// Waits until the driver is closed, after ``close()``.
    public func closed() async {
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state in
                if state.phase != .closed { state.waiters.append(continuation) }
                return state.phase == .closed
            }
            if isClosed { continuation.resume() }
        }
    }

    /// Cuts the connection under whatever it does.
    func sever() {
        state.withLock { $0.sever }?()
    }

    // MARK: One job

    private func perform<Value: Sendable>(
        timeoutMs: Int, _ timeout: DatabaseError, asksFirst: Bool = true,
        _ work: @escaping @Sendable (any Driver) throws(DatabaseError) -> Value
    ) async throws(DatabaseError) -> Value {
        let result = Completion<Result<Value, DatabaseError>>()
        let run = StatementRun<Value>(canceller, watchdog, timing, asksFirst: asksFirst) { _ in
        } onResult: {
            result.complete($0)
        }
        post(run, timeoutMs: timeoutMs, timeout, work)
        return try await withTaskCancellationHandler {
            await result.value()
        } onCancel: {
            run.stop(DatabaseError.stopped)
        }.get()
    }

    /// Hands a job to the thread; where that is not possible, it has failed.
    private func post<Value: Sendable>(
        _ run: StatementRun<Value>, timeoutMs: Int, _ timeout: DatabaseError,
        _ work: @escaping @Sendable (any Driver) throws(DatabaseError) -> Value
    ) {
        do throws(DatabaseError) { try begin(run) } catch { return run.deliver(.failure(error)) }
        run.arm(milliseconds: timeoutMs, timeout)
        guard !thread.post({ [self] in execute(run, work) }) else { return }
        _ = run.end(.failure(DatabaseError.closed))
        finish(mustClose: true)
        run.deliver(.failure(DatabaseError.closed))
    }

    private func begin<Value: Sendable>(_ run: StatementRun<Value>) throws(DatabaseError) {
        let refusal: DatabaseError? = state.withLock { state in
            if state.mustClose || state.phase == .closing || state.phase == .closed { return .closed }
            guard state.phase == .idle else {
                return DatabaseError(.internal, phase: .execute, "The connection is already running a statement.")
            }
            state.phase = .busy
            state.isClean = false
            state.stop = { run.stop($0) }
            state.sever = { run.sever() }
            return nil
        }
        if let refusal { throw refusal }
    }

    /// On the thread.
    private func execute<Value: Sendable>(
        _ run: StatementRun<Value>, _ work: (any Driver) throws(DatabaseError) -> Value,
        then done: (Bool) -> Void = { _ in }
    ) {
        var outcome = Result<Value, DatabaseError>.failure(run.cause ?? .stopped)
        if run.begin() {
            do throws(DatabaseError) { outcome = .success(try work(confined.driver)) } catch { outcome = .failure(error) }
        }
        let (result, wasInterrupted) = run.end(outcome)
        // State first, then the answer: whoever is answered may use the connection at once.
        let mustClose = finish(mustClose: wasInterrupted || !confined.driver.isUsable, isClean: confined.driver.isClean)
        run.deliver(result)
        var isClean = !mustClose
        if case .failure = result { isClean = false }
        done(isClean)
        if mustClose { closeDriver() }
    }

    /// Ends the job; answers whether the driver has to be closed now.
    @discardableResult private func finish(mustClose: Bool, isClean: Bool = false) -> Bool {
        state.withLock { state in
            state.stop = nil
            state.sever = nil
            state.isClean = isClean
            if mustClose { state.mustClose = true }
            state.phase = state.mustClose ? .closing : .idle
            return state.mustClose
        }
    }

    /// On the thread.
    private func closeDriver() {
        confined.driver.close()
        closed()
    }

    private func closed() {
        thread.stop()
        onEnd()
        let waiters = state.withLock { state in
            state.phase = .closed
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
