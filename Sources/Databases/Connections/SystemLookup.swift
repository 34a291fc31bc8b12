import Glibc
import Synchronization

/// `getaddrinfo` with a deadline, which it does not have of its own.
///
/// The call runs on a thread of its own; past the deadline the thread is left to end by itself (the C library gives up
/// after its own retries). At most ``threadsMax`` run at once, so that a dead name server cannot pile threads up.
enum SystemLookup {
    static let threadsMax = 64
    private static let running = Mutex(0)

    @Sendable static func addresses(of name: String, timeoutMs: Int) throws(DatabaseError) -> [IPAddress] {
        let admitted = running.withLock { count in
            guard count < threadsMax else { return false }
            count += 1
            return true
        }
        guard admitted else {
            throw DatabaseError(.busy, phase: .resolve, "Too many host names are being looked up; try again.", retryable: true)
        }
        let job = LookupJob(name)
        guard job.start(onEnd: { running.withLock { $0 -= 1 } }) else {
            running.withLock { $0 -= 1 }
            throw DatabaseError(.busy, phase: .resolve, "No thread is free to look up a host name; try again.", retryable: true)
        }
        guard let found = job.wait(timeoutMs: timeoutMs) else {
            throw DatabaseError(
                .connectTimeout, phase: .resolve, "Looking up the host \"\(HostName.shown(name))\" took too long.",
                retryable: true)
        }
        guard !found.isEmpty else { throw HostResolver.notFound(name) }
        return found
    }
}

/// One lookup, shared by the thread that asks and the thread that looks.
///
/// Unchecked because of the C condition variable: `answer` is only touched with `mutex` held, and both are freed with the
/// last reference, which is after both threads are done with them.
private final class LookupJob: @unchecked Sendable {
    private let name: String
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var answer: [IPAddress]?

    init(_ name: String) {
        self.name = name
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

    func start(onEnd: @escaping @Sendable () -> Void) -> Bool {
        let work = Unmanaged.passRetained(
            LookupWork {
                self.run()
                onEnd()
            })
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<LookupWork>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, work.toOpaque())
        guard status == 0 else {
            work.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func run() {
        let found = LookupJob.lookUp(name)
        pthread_mutex_lock(mutex)
        answer = found
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// The answer, or nil once `timeoutMs` have passed.
    func wait(timeoutMs: Int) -> [IPAddress]? {
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

    private static func lookUp(_ name: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var entry = list
        while let current = entry {
            entry = current.pointee.ai_next
            if let address = address(current.pointee), !found.contains(address) { found.append(address) }
        }
        return found
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let socketAddress = entry.ai_addr else { return nil }
        switch entry.ai_family {
        case AF_INET:
            return socketAddress.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                IPAddress(bytes: withUnsafeBytes(of: $0.pointee.sin_addr) { Array($0) })
            }
        case AF_INET6:
            return socketAddress.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                IPAddress(bytes: withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) })
            }
        default: return nil
        }
    }
}

/// A closure in a box that a C thread can carry.
private final class LookupWork: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
