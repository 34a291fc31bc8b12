public import Glibc

/// State behind a mutex that a thread can also wait on. For threads of ours only: waiting here blocks the thread.
///
/// `Synchronization.Mutex` has no condition variable, and a condition with a monotonic clock is what a deadline needs.
public final class Monitor<State>: @unchecked Sendable {
    // Unchecked because of `state`, which is only touched while `mutex` is held.
    @usableFromInline var state: State
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
    @usableFromInline let condition: UnsafeMutablePointer<pthread_cond_t>

    /// What a waiting thread found.
    public enum Step<Value> {
        case done(Value)
        /// Look again when somebody changed the state, or at this time (``Monotonic``) at the latest.
        case wait(untilNs: UInt64?)
    }

    public init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
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

    /// Reads or changes the state; does not wake anyone.
    @inlinable public func withLock<R>(_ body: (inout State) -> R) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }

    /// Wakes one of the threads that wait.
    public func signal() { pthread_cond_signal(condition) }

    /// Wakes every thread that waits.
    public func broadcast() { pthread_cond_broadcast(condition) }

    /// Blocks the calling thread until `step` is done. `step` runs with the lock held.
    @inlinable public func wait<Value>(_ step: (inout State) -> Step<Value>) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            switch step(&state) {
            case .done(let value): return value
            case .wait(untilNs: nil): pthread_cond_wait(condition, mutex)
            case .wait(untilNs: let deadline?):
                var until = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
                pthread_cond_timedwait(condition, mutex, &until)
            }
        }
    }
}
