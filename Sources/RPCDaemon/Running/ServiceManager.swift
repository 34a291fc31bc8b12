import Glibc
import Security
import Transport

/// The service manager that started the process, where one did that speaks systemd's protocols. Without one, telling it something
/// does nothing.
struct ServiceManager: Sendable {
    /// What systemd sets (sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3)). It is meant for this process alone.
    private static let names = [
        "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
    ]

    private let variables: [String: String]
    private let notify: NotifySocket?

    /// No service manager.
    init() {
        variables = [:]
        notify = nil
    }

    private init(_ variables: [String: String]) {
        self.variables = variables
        notify = variables["NOTIFY_SOCKET"].flatMap { NotifySocket(name: $0) }
    }

    /// Takes what concerns it out of the environment, where no child finds it. To be called before a second thread starts.
    static func take() -> ServiceManager {
        var variables: [String: String] = [:]
        for name in names { variables[name] = Environment.take(name) }
        return ServiceManager(variables)
    }

    /// The socket that it listens on for us; nil where it does not.
    func socket() throws(TransportError) -> InheritedSocket? {
        try InheritedSocket(
            pid: variables["LISTEN_PID"], count: variables["LISTEN_FDS"], names: variables["LISTEN_FDNAMES"])
    }

    /// How often to say ``isAlive()``: twice in the time after which it takes us for dead; nil where it does not look.
    var watchdogInterval: Duration? {
        if let pid = variables["WATCHDOG_PID"], pid != String(getpid()) { return nil }
        guard notify != nil, let text = variables["WATCHDOG_USEC"], let microseconds = Int64(text), microseconds > 0 else {
            return nil
        }
        return .microseconds(max(1, microseconds / 2))
    }

    // MARK: Telling it

    /// What a long start is at. It waits two minutes more.
    func isStarting(_ status: String) { notify?.send(["EXTEND_TIMEOUT_USEC=120000000", "STATUS=\(status)"]) }

    /// Clients are served.
    func isReady(_ status: String) { notify?.send(["READY=1", "STATUS=\(status)"]) }

    /// The configuration is read again; ``isReady(_:)`` follows.
    func isReloading() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let microseconds = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
        notify?.send(["RELOADING=1", "MONOTONIC_USEC=\(microseconds)", "STATUS=Reading the configuration again"])
    }

    /// Nothing more is accepted. What runs may take `graceMs`, and the databases as long again.
    func isStopping(graceMs: Int) {
        let microseconds = (Int64(min(graceMs, 1 << 32)) * 2 + 10_000) * 1000
        notify?.send(["STOPPING=1", "EXTEND_TIMEOUT_USEC=\(microseconds)", "STATUS=Answering what is in flight"])
    }

    func isAlive() { notify?.send(["WATCHDOG=1"]) }
}
