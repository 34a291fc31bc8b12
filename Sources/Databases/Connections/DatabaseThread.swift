import Threads

/// One operating-system thread that runs jobs in order: where a C client library may block.
///
/// It never touches the cooperative pool or an event loop. It ends once ``stop()`` was called (or the last reference is gone)
/// and the jobs posted before that have run.
final class DatabaseThread: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isStopped = false
    }

    private let state: Monitor<State>
    private let jobsMax: Int

    /// Starts the thread. Throws `busy` if the system has none to give.
    init(name: String, jobsMax: Int = 16) throws(DatabaseError) {
        let state = Monitor(State())
        self.state = state
        self.jobsMax = jobsMax
        // The thread keeps the queue alive, not this object: dropping the object is what stops the thread.
        try SystemThread.start(name: name) {
            while let job = DatabaseThread.next(state) { job() }
        }
    }

    deinit { stop() }

    /// Queues `job` to run on the thread. Answers false, and drops it, when the thread was stopped or `jobsMax` jobs wait.
    func post(_ job: @escaping @Sendable () -> Void) -> Bool {
        let isPosted = state.withLock { state in
            guard !state.isStopped, state.jobs.count < jobsMax else { return false }
            state.jobs.append(job)
            return true
        }
        if isPosted { state.signal() }
        return isPosted
    }

    /// Takes no more jobs, and ends the thread after the last. Does not wait.
    func stop() {
        state.withLock { $0.isStopped = true }
        state.signal()
    }

    private static func next(_ state: Monitor<State>) -> (@Sendable () -> Void)? {
        state.wait { state in
            if !state.jobs.isEmpty { return .done(state.jobs.removeFirst()) }
            return state.isStopped ? .done(nil) : .wait(untilNs: nil)
        }
    }
}

extension SystemThread {
    /// Starts a detached thread; throws `busy` where the system has none to give.
    static func start(name: String, _ run: @escaping @Sendable () -> Void) throws(DatabaseError) {
        let status = spawn(name: name, run)
        guard status == 0 else {
            throw DatabaseError(
                .busy, phase: .connect, "The daemon has no thread left for a database; try again later.", retryable: true,
                debugDescription: "pthread_create: \(status)")
        }
    }
}
