import Threads

/// The one thread that writes. Waiting writes are taken together and share a commit; a lazy write waits for company, at
/// most ``lazyDelayMs``, and goes before the others of its group.
final class WriteQueue: Sendable {
    /// Lazy writes that may wait. Past it `enqueue` holds its caller back.
    static let lazyMax = 10_000
    /// Writes in one transaction: enough to share a sync, few enough that the first does not wait long for it.
    static let groupMax = 1_000
    static let lazyDelayMs = 100
    /// After a lazy write failed for the disk's sake, how long until the next try.
    static let retryDelayMs = 1_000

    private struct State {
        var session: StoreSession?
        var thread = StoreThread()
        var jobs: [WriteJob] = []
        var lazy: [LazyWrite] = []
        /// When the lazy writes are due, once there are any.
        var lazyDueNs: UInt64?
        /// Taken by the thread and not yet committed.
        var lazyInFlight = 0
        var isFailing = false
        var counters = WriteCounters()
        var waitingForSpace: [CheckedContinuation<Void, Never>] = []
    }

    private let monitor: Monitor<State>

    /// Takes over `session`; the thread starts with the first write.
    init(session: StoreSession) { monitor = Monitor(State(session: session)) }

    var counters: WriteCounters {
        monitor.withLock { state in
            var counters = state.counters
            counters.waiting = state.jobs.count + state.lazy.count
            return counters
        }
    }

    /// Whether lazy writes wait to be written, or are being written.
    var hasLazyWrites: Bool { monitor.withLock { !$0.lazy.isEmpty || $0.lazyInFlight > 0 } }

    /// Whether no write is accepted any more.
    var isClosing: Bool { monitor.withLock { $0.thread.isClosing } }

    // MARK: Asking

    /// Puts a job in the queue. It is answered exactly once, whatever happens to the caller.
    func submit(_ job: WriteJob) {
        let refusal: StoreError? = monitor.withLock { state in
            if state.thread.isClosing { return StoreError(.unavailable, "The store is closing.") }
            if let error = start(&state) { return error }
            state.jobs.append(job)
            return nil
        }
        if let refusal { job.fail(refusal) } else { monitor.signal() }
    }

    /// Puts a write in the queue that nobody waits for; waits for room when `lazyMax` are there.
    ///
    /// While the disk refuses writes and the queue is full, the write is dropped and counted: reads must go on.
    func enqueue(_ write: LazyWrite) async {
        while !enqueueNow(write) {
            await withCheckedContinuation { continuation in
                let hasRoom = monitor.withLock { state in
                    if state.lazy.count < WriteQueue.lazyMax || state.isFailing || state.thread.isClosing { return true }
                    state.waitingForSpace.append(continuation)
                    return false
                }
                if hasRoom { continuation.resume() }
            }
        }
    }

    /// The same without waiting: answers false, and does nothing, when there is no room.
    func enqueueNow(_ write: LazyWrite) -> Bool {
        let (isTaken, mustWake) = monitor.withLock { state -> (Bool, Bool) in
            if state.thread.isClosing || start(&state) != nil || (state.isFailing && state.lazy.count >= WriteQueue.lazyMax) {
                state.counters.dropped += 1
                return (true, false)
            }
            guard state.lazy.count < WriteQueue.lazyMax else { return (false, false) }
            state.lazy.append(write)
            // Company of one that waits already does not wake the thread: it comes when that one is due.
            let isFirst = state.lazyDueNs == nil
            if isFirst { state.lazyDueNs = Monotonic.after(milliseconds: WriteQueue.lazyDelayMs) }
            return (true, isFirst || state.lazy.count == WriteQueue.groupMax)
        }
        if mustWake { monitor.signal() }
        return isTaken
    }

    /// Writes what waits and ends the thread. No write is accepted from here on.
    func close() async {
        await withCheckedContinuation { continuation in
            let mustWait = monitor.withLock { state in
                let mustWait = state.thread.close(continuation)
                // Of the thread if there is one.
                if !mustWait {
                    state.session?.close()
                    state.session = nil
                }
                return mustWait
            }
            if mustWait { monitor.signal() } else { continuation.resume() }
        }
    }

    // MARK: The thread

    private func start(_ state: inout State) -> StoreError? {
        state.thread.start("store-write") { [self] in work() }
            ? nil : StoreError(.unavailable, "No thread could be started for the store; try again.")
    }

    private enum Turn {
        case group(jobs: [WriteJob], lazy: [LazyWrite], resume: [CheckedContinuation<Void, Never>])
        case end(resume: [CheckedContinuation<Void, Never>])
    }

    private func work() {
        guard let session = monitor.withLock({ $0.session }) else { return }
        let commit = GroupCommit(session: session) { [self] in monitor.withLock { $0.counters.commits += 1 } }
        while true {
            switch monitor.wait({ nextTurn(&$0) }) {
            case .group(let jobs, let lazy, let waiting):
                for continuation in waiting { continuation.resume() }
                commit.run(lazyJobs(lazy) + jobs)
            case .end(let waiting):
                session.close()
                let closing = monitor.withLock { state in
                    state.session = nil
                    return state.thread.end()
                }
                for continuation in closing + waiting { continuation.resume() }
                return
            }
        }
    }

    private func nextTurn(_ state: inout State) -> Monitor<State>.Step<Turn> {
        state.lazyInFlight = 0
        let isDue =
            state.lazy.count >= WriteQueue.groupMax && !state.isFailing || state.lazyDueNs.map { $0 <= Monotonic.nowNs } ?? false
        guard !state.jobs.isEmpty || (isDue && !state.lazy.isEmpty) || state.thread.isClosing else {
            return .wait(untilNs: state.lazyDueNs)
        }
        if state.thread.isClosing && state.jobs.isEmpty && state.lazy.isEmpty {
            defer { state.waitingForSpace = [] }
            return .done(.end(resume: state.waitingForSpace))
        }
        // A disk that just refused them is asked again when they are due, not with every other write.
        let lazy = state.isFailing && !isDue && !state.thread.isClosing ? [] : Array(state.lazy.prefix(WriteQueue.groupMax))
        state.lazy.removeFirst(lazy.count)
        state.lazyInFlight = lazy.count
        // Those that are left keep their time, or writes that come often would put it off for ever.
        if !lazy.isEmpty {
            state.lazyDueNs =
                state.lazy.isEmpty ? nil : Monotonic.after(milliseconds: state.isFailing ? WriteQueue.retryDelayMs : 0)
        }
        let jobs = Array(state.jobs.prefix(WriteQueue.groupMax))
        state.jobs.removeFirst(jobs.count)
        defer { state.waitingForSpace = [] }
        return .done(.group(jobs: jobs, lazy: lazy, resume: state.waitingForSpace))
    }

    /// Rows of history are one job, so that what counts them changes once; were one of them refused, each is tried alone.
    private func lazyJobs(_ writes: [LazyWrite]) -> [WriteJob] {
        let together = writes.filter { $0.query != nil && !$0.isAlone }
        guard together.count > 1 else { return writes.map(lazyJob) }
        let queries = together.compactMap(\.query)
        let job = WriteJob({ session throws(StoreError) in try Store.insert(session, queries) }) { [self] result in
            switch result {
            case .success: lazyFinished(together[0], result)
            case .failure(let error) where error.isRetryable: for write in together { lazyFinished(write, result) }
            case .failure: takeBack(together)
            }
        }
        return [job] + writes.filter { $0.query == nil || $0.isAlone }.map(lazyJob)
    }

    private func takeBack(_ writes: [LazyWrite]) {
        monitor.withLock { state in
            for var write in writes {
                write.isAlone = true
                state.lazy.append(write)
            }
            state.lazyDueNs = Monotonic.nowNs
        }
    }

    private func lazyJob(_ write: LazyWrite) -> WriteJob {
        WriteJob(write.body) { [self] result in lazyFinished(write, result) }
    }

    private func lazyFinished(_ write: LazyWrite, _ result: Result<Void, StoreError>) {
        monitor.withLock { state in
            switch result {
            case .success:
                state.isFailing = false
                state.counters.lastError = nil
            // The project or account went away in between, and its history with it.
            case .failure(let error) where error.code == .notFound: break
            case .failure(let error) where error.isRetryable && !state.thread.isClosing:
                state.isFailing = true
                state.counters.lastError = error
                state.lazy.append(write)
                state.lazyDueNs = Monotonic.after(milliseconds: WriteQueue.retryDelayMs)
            case .failure(let error):
                state.counters.dropped += 1
                state.counters.lastError = error
            }
        }
    }
}

/// A write that nobody waits for: a row of history, a last use.
struct LazyWrite: Sendable {
    let body: @Sendable (StoreSession) throws(StoreError) -> Void
    /// The row of history that it is, which may be written together with others.
    let query: FinishedQuery?
    var isAlone = false

    init(_ body: @escaping @Sendable (StoreSession) throws(StoreError) -> Void) {
        self.body = body
        query = nil
    }

    init(_ query: FinishedQuery) {
        body = { session throws(StoreError) in try Store.insert(session, [query]) }
        self.query = query
    }
}

/// What the writing thread has done since the store was opened.
struct WriteCounters: Sendable {
    var commits = 0
    /// Writes that wait now.
    var waiting = 0
    /// Lazy writes that could not be kept.
    var dropped = 0
    var lastError: StoreError?
}
