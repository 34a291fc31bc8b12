import CLinux
import Glibc

/// Threads of the operating system, for what blocks: neither Swift's cooperative pool nor an event loop may.
public enum SystemThread {
    /// Enough for the client libraries (Kerberos, LDAP and resolver plug-ins are the deepest); only touched pages cost memory.
    static let stackBytes = 1 << 20

    private final class Body: Sendable {
        let name: String
        let beginsElsewhere: Bool
        let run: @Sendable () -> Void
        init(_ name: String, _ beginsElsewhere: Bool, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.beginsElsewhere = beginsElsewhere
            self.run = run
        }
    }

    /// Starts a detached thread. Its name is cut to the 15 bytes the kernel keeps.
    ///
    /// Every signal is blocked in it: signals belong to the main program, and a peer that hangs up must not raise SIGPIPE.
    ///
    /// - Parameter elsewhere: whether to begin on another processor where there is one. Linux may put a new thread behind the one that
    ///   made it, and on a virtual machine lets it wait there for milliseconds beside a processor that is idle.
    /// - Returns: 0, or the error number of `pthread_create(3)`: the system has no thread to give.
    public static func spawn(name: String, elsewhere: Bool = false, _ run: @escaping @Sendable () -> Void) -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        if elsewhere { linux_begin_elsewhere(&attributes) }

        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

        let body = Unmanaged.passRetained(Body(name, elsewhere, run))
        var thread = pthread_t()
        let status = pthread_create(&thread, &attributes, { SystemThread.main($0) }, body.toOpaque())
        if status != 0 { body.release() }
        return status
    }

    private static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let context else { return nil }
        let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
        linux_set_thread_name(body.name)
        if body.beginsElsewhere { linux_run_anywhere() }
        body.run()
        return nil
    }
}
