import CLinux
import Glibc

/// What the process gives up before it touches a secret.
public enum ProcessHardening {
    /// Names that start like this mean something to a database client library, which must not take orders from them.
    static let scrubbedPrefixes = ["PG", "MYSQL", "MARIADB"]

    /// Applies all of it. Call it first in `main`, before any thread starts: the environment is shared and unguarded,
    /// and the kernel keeps `no_new_privs` per thread, handed on to those started later.
    ///
    /// - files are made for the user alone (umask 077);
    /// - no report of a crash by Swift's runtime, which has what registers point to, and takes seconds in which nobody can start
    ///   another daemon;
    /// - no core dumps, no debugger of the same user, `/proc/<pid>` belongs to root (`PR_SET_DUMPABLE`, `RLIMIT_CORE`);
    /// - no privileges through set-uid programs, for it and all it starts (`PR_SET_NO_NEW_PRIVS`);
    /// - no `PG…`, `MYSQL…` or `MARIADB…` in the environment.
    ///
    /// - Returns: the names of the variables that were removed, for the log.
    /// - Throws: `hardeningFailed` if the kernel refuses one of them.
    @discardableResult
    public static func apply() throws(SecurityError) -> [String] {
        umask(0o077)
        // The signals for which the runtime has set its handler before main.
        for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
        guard linux_harden_process() == 0 else { throw failed("PR_SET_DUMPABLE or PR_SET_NO_NEW_PRIVS") }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0 else { throw failed("RLIMIT_CORE") }
        return scrubEnvironment()
    }

    private static func scrubEnvironment() -> [String] {
        let names = Environment.variables.keys.filter { name in scrubbedPrefixes.contains { name.hasPrefix($0) } }.sorted()
        for name in names { unsetenv(name) }
        return names
    }

    private static func failed(_ what: String) -> SecurityError {
        SecurityError(.hardeningFailed, "The system refused \(what): \(String(cString: strerror(errno))).")
    }
}
