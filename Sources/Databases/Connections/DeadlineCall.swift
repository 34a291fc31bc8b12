import Glibc

/// A blocking C call that has no deadline of its own, made on a thread of its own, so that its caller can give up.
///
/// Past the deadline the thread is left to end by itself; whatever the call uses must be owned by its closure.
///
/// Unchecked because of the C condition variable: `answer` is only touched with `mutex` held, and both are freed with the
/// last reference, which is after both threads are done with them.
final class DeadlineCall<Answer: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var answer: Answer?

    private init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// The answer of `body`, or nil once `timeoutMs` have passed, or at once where no thread can be made.
    static func run(timeoutMs: Int, _ body: @escaping @Sendable () -> Answer) -> Answer? {
        let call = DeadlineCall()
        guard call.start(body) else { return nil }
        return call.wait(timeoutMs: timeoutMs)
    }

    private func start(_ body: @escaping @Sendable () -> Answer) -> Bool {
        let work = Unmanaged.passRetained(ThreadWork { self.finish(body()) })
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<ThreadWork>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, work.toOpaque())
        guard status == 0 else {
            work.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func finish(_ found: Answer) {
        pthread_mutex_lock(mutex)
        answer = found
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    private func wait(timeoutMs: Int) -> Answer? {
        var until = timespec()
        clock_gettime(CLOCK_MONOTONIC, &until)
        let nanoseconds = until.tv_nsec + (timeoutMs % 1000) * 1_000_000
        until.tv_sec += timeoutMs / 1000 + nanoseconds / 1_000_000_000
        until.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while answer == nil {
            if pthread_cond_timedwait(condition, mutex, &until) != 0 { break }
        }
        return answer
    }
}

/// A closure in a box that a C thread can carry.
private final class ThreadWork: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
