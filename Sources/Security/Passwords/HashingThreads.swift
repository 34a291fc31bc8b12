import CSodium
import Glibc

/// A few threads that do one piece of blocking work after another, and a bounded queue before them.
///
/// The work does not belong on Swift's cooperative threads: a hash would hold one for a tenth of a second.
final class HashingThreads: @unchecked Sendable {
    // Unchecked because of the pointers and variables below: `mutex` guards `waiting`, `started`, `busy`, `nextID` and
    // `stopping`; the pointers themselves never change. The threads keep the object alive until they have left.
    private struct Job {
        var id: UInt64
        var run: @Sendable () -> Void
        var refuse: @Sendable (SecurityError) -> Void
    }

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let count: Int
    private let waitingMax: Int
    private var waiting: [Job] = []
    private var started = 0
    private var busy = 0
    private var nextID: UInt64 = 0
    private var stopping = false

    init(count: Int, waitingMax: Int) {
        self.count = count
        self.waitingMax = waitingMax
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wake, nil)
    }

    deinit {
        pthread_cond_destroy(wake)
        pthread_mutex_destroy(mutex)
        wake.deallocate()
        mutex.deallocate()
    }

    /// The cores that are online.
    static func coreCount() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Runs `work` on one of the threads, after everything that came before it.
    /// - Throws: `busy` when as many wait as may; `cancelled` when the task is cancelled before the work began.
    func run<R: Sendable>(_ work: @escaping @Sendable () -> R) async throws(SecurityError) -> R {
        let id = locked {
            nextID += 1
            return nextID
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
        locked {
            stopping = true
            pthread_cond_broadcast(wake)
        }
    }

    /// How many callers are waiting or being served.
    var inHand: Int { locked { busy + waiting.count } }

    /// How many threads have been started.
    var startedCount: Int { locked { started } }

    // MARK: The queue

    private func enqueue(_ job: Job) -> SecurityError? {
        locked {
            let inHand = busy + waiting.count
            guard inHand < count + waitingMax else {
                return SecurityError(.busy, "Too many log-ins at once; try again shortly.", retryable: true)
            }
            if started < count, started <= inHand {
                guard startThread() || started > 0 else {
                    return SecurityError(.busy, "No thread can be started to hash a password.", retryable: true)
                }
            }
            waiting.append(job)
            pthread_cond_signal(wake)
            return nil
        }
    }

    private func cancel(_ id: UInt64) {
        let job: Job? = locked {
            waiting.firstIndex { $0.id == id }.map { waiting.remove(at: $0) }
        }
        job?.refuse(SecurityError(.cancelled, "The request was cancelled."))
    }

    private func locked<R>(_ body: () -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    // MARK: The threads

    /// Starts one more thread; called with the mutex held.
    private func startThread() -> Bool {
        var thread = pthread_t()
        let own = Unmanaged.passRetained(self)
        let failed = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                setThreadName("argon2")
                Unmanaged<HashingThreads>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, own.toOpaque())
        guard failed == 0 else {
            own.release()
            return false
        }
        started += 1
        pthread_detach(thread)
        return true
    }

    private func work() {
        pthread_mutex_lock(mutex)
        while true {
            while waiting.isEmpty, !stopping { pthread_cond_wait(wake, mutex) }
            guard !waiting.isEmpty else { break }
            let job = waiting.removeFirst()
            busy += 1
            pthread_mutex_unlock(mutex)
            job.run()
            pthread_mutex_lock(mutex)
            busy -= 1
        }
        pthread_mutex_unlock(mutex)
    }
}

/// Names the calling thread, for `ps -L` and debuggers.
private func setThreadName(_ name: StaticString) {
    _ = dbassist_prctl(PR_SET_NAME, UInt(bitPattern: name.utf8Start))
}
