/// What connections are shared by: one project with one connection string.
public struct PoolKey: Hashable, Sendable {
    public let projectID: String
    /// Changes whenever the connection string does (a revision, a keyed hash); never the string itself.
    public let fingerprint: [UInt8]

    public init(projectID: String, fingerprint: [UInt8]) {
        self.projectID = projectID
        self.fingerprint = fingerprint
    }
}

/// The bounds of a ``ConnectionPool``.
public struct ConnectionPoolLimits: Sendable {
    public var perKey: Int
    public var total: Int
    /// How long a caller waits for a connection to be free.
    public var waitMs: Int
    /// Callers that may wait at once.
    public var waitersMax: Int
    /// When an idle connection is closed.
    public var idleMs: Int
    /// How long an idle connection is taken to be alive without asking.
    public var trustIdleMs: Int

    public init(
        perKey: Int = 4, total: Int = 64, waitMs: Int = 10_000, waitersMax: Int = 1024, idleMs: Int = 60_000,
        trustIdleMs: Int = 500
    ) {
        self.perKey = perKey
        self.total = total
        self.waitMs = waitMs
        self.waitersMax = waitersMax
        self.idleMs = idleMs
        self.trustIdleMs = trustIdleMs
    }
}

/// A pool at one moment, for `system.health` and metrics. The second half counts since the start.
public struct ConnectionPoolStatus: Sendable, Equatable {
    public var open = 0
    public var opening = 0
    public var inUse = 0
    public var idle = 0
    public var waiting = 0

    public var openedTotal = 0
    public var openFailuresTotal = 0
    public var reusedTotal = 0
    public var replacedTotal = 0
    public var busyTotal = 0
}
