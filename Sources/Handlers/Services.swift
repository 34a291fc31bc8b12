public import Databases
public import Logging
public import Models
public import Protocol
public import Security
import Synchronization
public import Store
import Threads
public import Tracing

/// Everything the handlers work with; made once by the daemon's main.
public final class Services: Sendable {
    /// Accounts, sessions, projects, history.
    public let store: Store
    /// Keys that sign tokens and seal connection strings, as they are now.
    public let keys: CurrentKeyring
    /// Every limit in force.
    public let limits: Limits
    /// What projects may connect to.
    public var policy: ConnectionPolicy { policyNow.withLock { $0 } }
    private let policyNow: Mutex<ConnectionPolicy>
    /// The daemon's version, for `initialize`, `system.health` and the databases' administrators.
    public let version: String
    /// Redacts what it is given.
    public let logger: Logger
    /// Who hears of spans; nil: nothing is traced.
    let tracer: (any Tracer)?
    let hasher: PasswordHasher
    let resealing = ResealingSchedule()
    let pool: ConnectionPool
    let results: ResultRegistry
    let catalogues: CatalogueCache
    let sessions = SessionRegistry()
    let running: RunningQueries
    let turns: TurnRegistry
    let models: ModelCatalogue
    let resultWork: ResultWork
    let counters = RequestCounters()
    let rates: RateLimits
    let tokenRates = TokenRates()
    let spoolDirectory: String
    let startedAtMs: Int64
    let clientCount: @Sendable () -> Int

    /// - Parameter keyringPath: the keyring's file, for ``refreshKeyring()``.
    /// - Parameter spoolDirectory: where large results are kept, in files without a name.
    /// - Parameter models: what the assistant may ask; without one it answers by itself.
    /// - Parameter tracer: who hears of spans.
    /// - Parameter clientCount: open client connections, for `system.health`.
    public init(
        store: Store, keyring: Keyring, keyringPath: String? = nil, limits: Limits, policy: ConnectionPolicy, version: String,
        spoolDirectory: String, models: ModelCatalogue = ModelCatalogue([]), logger: Logger, tracer: (any Tracer)? = nil,
        clientCount: @escaping @Sendable () -> Int
    ) {
        self.store = store
        keys = CurrentKeyring(keyring, path: keyringPath)
        self.limits = limits
        policyNow = Mutex(policy)
        self.version = version
        self.logger = logger
        self.tracer = tracer
        self.spoolDirectory = spoolDirectory
        self.clientCount = clientCount
        startedAtMs = Timestamp.now()
        hasher = PasswordHasher(queueCount: limits.passwordHashQueue)
        pool = ConnectionPool(
            limits: ConnectionPoolLimits(
                perKey: limits.databaseConnectionsPerProject, total: limits.databaseConnections,
                waitMs: limits.connectTimeoutMs, idleMs: limits.databaseIdleMs),
            cancelDeadlineMs: limits.cancelDeadlineMs)
        catalogues = CatalogueCache(bytesMax: limits.catalogueCacheBytes, ageMsMax: limits.catalogueMs)
        running = RunningQueries(limits: limits)
        rates = RateLimits(limits: limits)
        turns = TurnRegistry(perUserMax: limits.chatTurnsPerUser)
        self.models = models
        resultWork = ResultWork(perUserMax: limits.exportsPerUser)
        results = ResultRegistry(idleMs: limits.resultIdleMs, quotaBytes: limits.spoolPerUserBytes)
    }

    /// Keeps a file of the daemon's own out of its users' reach, whatever it is called there.
    func forbid(_ file: FileIdentity) { policyNow.withLock { _ = $0.forbiddenFiles.insert(file) } }

    var connectOptions: ConnectOptions {
        ConnectOptions(connectTimeoutMs: limits.connectTimeoutMs, applicationName: "dbassistd/\(version)", policy: policy)
    }

    /// Ends what users' databases are still doing and closes the connections to them.
    public func stopDatabases(deadlineMs: Int) async {
        turns.cancelAll()
        running.cancelAll()
        results.closeAll()
        _ = await pool.shutdown(deadlineMs: deadlineMs)
        await models.shutdown()
    }

    /// The daemon's figures in Prometheus' text format; nothing of a user's is in it.
    public func metricsText() -> String { PrometheusText.render(self) }

    /// Work that is due from time to time: sessions that have outlived themselves, rows nobody needs.
    public func housekeep() async {
        catalogues.dropExpired()
        // What a burst needed is not kept for ever.
        defer { Heap.trim() }
        let nowMs = Timestamp.now()
        tokenRates.forgetFull(nowNs: Monotonic.nowNs)
        store.forgetOld(nowMs: nowMs)
        let ended = sessions.endOutlived(nowMs: nowMs, idleMs: Int64(limits.sessionIdleMs))
        for sessionID in ended.sessions {
            running.cancel(ofSession: sessionID)
            turns.cancel(ofSession: sessionID)
        }
        cancel(ofConnections: ended.connections)
        do {
            try await store.deleteExpiredSessions(nowMs: nowMs)
            try await store.pruneThrottles(beforeMs: nowMs - Day.ms)
            try await store.expireApprovals(nowMs: nowMs)
            try await store.indexHistory()
            try await store.measure()
            try await store.pruneHistory(rowsPerUser: limits.historyRows, days: limits.historyDays, nowMs: nowMs)
        } catch {
            logger.warning("housekeeping failed", metadata: ["error": "\(debugText(error))"])
        }
    }
}
