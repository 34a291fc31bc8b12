import Glibc

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
        try SystemThread.spawn(name: name) {
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

/// Threads of the operating system, as this module starts them.
enum SystemThread {
    /// Enough for the client libraries (Kerberos, LDAP and resolver plug-ins are the deepest); only touched pages cost memory.
    static let stackBytes = 1 << 20

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void
        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a detached thread. Its name is cut to the 15 bytes the kernel keeps.
    ///
    /// Every signal is blocked in it: signals belong to the main program, and a peer that hangs up must not raise SIGPIPE.
    static func spawn(name: String, _ run: @escaping @Sendable () -> Void) throws(DatabaseError) {
        // Made by its own function, not by `init()`: in an optimised build the compiler takes that member for MariaDB's header's.
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        defer { attributes.deallocate() }
        pthread_attr_init(attributes)
        defer { pthread_attr_destroy(attributes) }
        pthread_attr_setstacksize(attributes, stackBytes)
        pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))

        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

        let body = Unmanaged.passRetained(Body(name, run))
        var thread = pthread_t()
        let status = pthread_create(&thread, attributes, { SystemThread.main($0) }, body.toOpaque())
        guard status == 0 else {
            body.release()
            throw DatabaseError(
                .busy, phase: .connect, "The daemon has no thread left for a database; try again later.", retryable: true,
                debugDescription: "pthread_create: \(status)")
        }
    }

    private static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
        setName(body.name)
        body.run()
        return nil
    }

    /// Names the calling thread, which would have its creator's name. By its file: neither `pthread_setname_np` nor `prctl` is
    /// in Glibc's module.
    private static func setName(_ name: String) {
        let comm = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard comm >= 0 else { return }
        defer { close(comm) }
        var name = String(name.prefix(15))
        name.withUTF8 { _ = write(comm, $0.baseAddress, $0.count) }
    }
}
