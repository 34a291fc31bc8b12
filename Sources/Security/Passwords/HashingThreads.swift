import Glibc
import Threads

/// A few threads that do one piece of blocking work after another, and a bounded queue before them.
///
/// The work does not belong on Swift's cooperative threads: a hash would hold one for a tenth of a second.
final class HashingThreads: Sendable {
    private struct Job {
        var id: UInt64
        var run: @Sendable () -> Void
        var refuse: @Sendable (SecurityError) -> Void
    }

    private struct State {
        var waiting: [Job] = []
        var started = 0
        var busy = 0
        var nextID: UInt64 = 0
        var stopping = false
    }

    private static let niceness: Int32 = 10

    private let count: Int
    private let waitingMax: Int
    private let state = Monitor(State())

    init(count: Int, waitingMax: Int) {
        self.count = count
        self.waitingMax = waitingMax
    }

    /// The cores that are online.
    static func coreCount() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Runs `work` on one of the threads, after everything that came before it.
    /// - Throws: `busy` when as many wait as may; `cancelled` when the task is cancelled before the work began.
    func run<R: Sendable>(_ work: @escaping @Sendable () -> R) async throws(SecurityError) -> R {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<R, SecurityError>, Never>) in
                let job = Job(
                    id: id, run: { continuation.resume(returning: .success(work())) },
                    refuse: { continuation.resume(returning: .failure($0)) })
                if let refusal = enqueue(job) { return job.refuse(refusal) }
                // The handler below may have run before there was a job to take back.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
        return try result.get()
    }

    /// Lets the threads leave once the queue is empty.
    func stop() {
        state.withLock { $0.stopping = true }
        state.broadcast()
    }

    /// How many callers are waiting or being served.
    var inHand: Int { state.withLock { $0.busy + $0.waiting.count } }

    /// How many threads have been started.
    var startedCount: Int { state.withLock { $0.started } }

    // MARK: The queue

    private func enqueue(_ job: Job) -> SecurityError? {
        let refusal = state.withLock { state -> SecurityError? in
            let inHand = state.busy + state.waiting.count
            guard inHand < count + waitingMax else {
                return SecurityError(.busy, "Too many log-ins at once; try again shortly.", retryable: true)
            }
            if state.started < count, state.started <= inHand {
                // The threads keep the object alive until they have left.
                if SystemThread.spawn(name: "argon2", { [self] in work() }) == 0 { state.started += 1 }
                guard state.started > 0 else {
                    return SecurityError(.busy, "No thread can be started to hash a password.", retryable: true)
                }
            }
            state.waiting.append(job)
            return nil
        }
        if refusal == nil { state.signal() }
        return refusal
    }

    private func cancel(_ id: UInt64) {
        let job: Job? = state.withLock { state in
            state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
        }
        job?.refuse(SecurityError(.cancelled, "The request was cancelled."))
    }

    // MARK: The threads

    private func work() {
        // On Linux this is the calling thread's: whoever waits for anything but a password goes first.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
        while let job = nextJob() {
            job.run()
            state.withLock { $0.busy -= 1 }
        }
    }

    /// Waits for a job; nil once the queue is empty and there are to be no more.
    private func nextJob() -> Job? {
        state.wait { state in
            guard !state.waiting.isEmpty else { return state.stopping ? .done(nil) : .wait(untilNs: nil) }
            state.busy += 1
            return .done(state.waiting.removeFirst())
        }
    }
}
