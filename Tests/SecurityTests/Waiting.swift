import Glibc
import Synchronization

/// A POSIX semaphore: blocks the thread it is waited on.
final class Semaphore: @unchecked Sendable {
    // Unchecked because of the pointer, which never changes; semaphores are made for use from many threads.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func wait() { while sem_wait(semaphore) != 0 {} }
    func signal() { sem_post(semaphore) }
}

/// What happened, in order.
final class Log: Sendable {
    private let entries = Mutex<[Int]>([])
    func append(_ value: Int) { entries.withLock { $0.append(value) } }
    var values: [Int] { entries.withLock { $0 } }
}

/// How many are inside at once, and how many were at most.
final class Counter: Sendable {
    private let state = Mutex((now: 0, most: 0, spins: 0))
    func enter() {
        state.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
        }
    }
    func spin() { state.withLock { $0.spins += 1 } }
    func leave() { state.withLock { $0.now -= 1 } }
    var most: Int { state.withLock { $0.most } }
}
