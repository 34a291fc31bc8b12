public import Databases
public import Logging
public import Models
public import Protocol
public import Security
import Synchronization
public import Store

/// Everything the handlers work with; made once by the daemon's main.
public final class Services: Sendable {
    /// Accounts, sessions, projects, history.
    public let store: Store
    /// Keys that sign tokens and seal connection strings.
    public let keyring: Keyring
    /// Every limit in force.
    public let limits: Limits
    /// What projects may connect to.
    public let policy: ConnectionPolicy
    /// The daemon's version, for `initialize`, `system.health` and the databases' administrators.
    public let version: String
    /// Redacts what it is given.
    public let logger: Logger
    let hasher: PasswordHasher
    let issuer: TokenIssuer
    let verifier: TokenVerifier
    let sealer: Sealer
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
    let spoolDirectory: String
    let startedAtMs: Int64
    let clientCount: @Sendable () -> Int

    /// - Parameter spoolDirectory: where large results are kept, in files without a name.
    /// - Parameter models: what the assistant may ask; without one it answers by itself.
    /// - Parameter clientCount: open client connections, for `system.health`.
    public init(
        store: Store, keyring: Keyring, limits: Limits, policy: ConnectionPolicy, version: String, spoolDirectory: String,
        models: ModelCatalogue = ModelCatalogue([]), logger: Logger, clientCount: @escaping @Sendable () -> Int
    ) {
        self.store = store
        self.keyring = keyring
        self.limits = limits
        self.policy = policy
        self.version = version
        self.logger = logger
        self.spoolDirectory = spoolDirectory
        self.clientCount = clientCount
        startedAtMs = Timestamp.now()
        hasher = PasswordHasher(queueCount: limits.passwordHashQueue)
        issuer = TokenIssuer(keyring: keyring)
        verifier = TokenVerifier(keyring: keyring)
        sealer = Sealer(keyring: keyring)
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

    /// Opens a sealed record of the store.
    ///
    /// One that does not open is audited: a line of the log, at level error, that says whose and which it is and what is wrong with
    /// it, for somebody changed the store. Errors: `unseal_failed`.
    func unseal(_ sealed: [UInt8], purpose: String, user: String, row: String) throws(SecurityError) -> [UInt8] {
        do {
            return try sealer.open(sealed, purpose: purpose, user: user, row: row)
        } catch {
            logger.error(
                "sealed record refused",
                metadata: ["purpose": "\(purpose)", "user": "\(user)", "row": "\(row)", "reason": "\(error.debugDescription)"])
            throw error
        }
    }

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
        let nowMs = Timestamp.now()
        for (id, reason) in sessions.outlived(nowMs: nowMs, idleMs: Int64(limits.sessionIdleMs)) { end([id], reason) }
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
