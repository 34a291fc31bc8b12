/// How failed attempts slow the next ones down.
public struct ThrottlePolicy: Sendable, Equatable {
    /// Failures that cost nothing.
    public var freeFailures: Int
    /// The wait after the first failure that counts; doubled by each further one.
    public var firstDelayMs: Int64
    public var delayMsMax: Int64
    /// Failures in a row after which there is no further attempt until the count starts anew; nil for waits alone.
    public var failuresMax: Int?
    /// After this long without an attempt the count starts anew.
    public var forgetAfterMs: Int64

    /// Three free, then 1 s doubling to 15 min, forgotten after a day.
    public init(
        freeFailures: Int = 3, firstDelayMs: Int64 = 1_000, delayMsMax: Int64 = 900_000, failuresMax: Int? = nil,
        forgetAfterMs: Int64 = 86_400_000
    ) {
        self.freeFailures = freeFailures
        self.firstDelayMs = firstDelayMs
        self.delayMsMax = delayMsMax
        self.failuresMax = failuresMax
        self.forgetAfterMs = forgetAfterMs
    }

    /// Whether that many failures in a row end all attempts.
    func stops(after failures: Int) -> Bool { failuresMax.map { failures >= $0 } ?? false }

    /// The wait after `failures` failures.
    func delayMs(after failures: Int) -> Int64 {
        if stops(after: failures) { return forgetAfterMs }
        guard failures > freeFailures else { return 0 }
        var delay = min(firstDelayMs, delayMsMax)
        var doublings = failures - freeFailures - 1
        while doublings > 0, delay < delayMsMax {
            delay = delay > delayMsMax / 2 ? delayMsMax : delay * 2
            doublings -= 1
        }
        return delay
    }
}

/// What is known about a key's failures.
public struct ThrottleState: Sendable, Equatable {
    /// Failures in a row.
    public var failures: Int
    /// Before this time no attempt is allowed; 0 when none failed.
    public var nextAllowedAtMs: Int64

    public init(failures: Int = 0, nextAllowedAtMs: Int64 = 0) {
        self.failures = failures
        self.nextAllowedAtMs = nextAllowedAtMs
    }
}

/// Under what an attempt at a password is counted.
public struct AttemptKeys: Sendable, Equatable {
    /// The account it is at, whether that exists or not; nil where it is at none.
    public var account: String?
    /// Where it comes from; nil where that does not matter.
    public var peer: String?

    public init(account: String? = nil, peer: String? = nil) {
        self.account = account
        self.peer = peer
    }
}

/// Whether an attempt may go on.
public enum ThrottleVerdict: Sendable, Equatable {
    case allowed
    /// Not before this many milliseconds.
    case refused(retryAfterMs: Int64)
    /// There were as many failures in a row as there may be; the count starts anew in this many milliseconds.
    case stopped(retryAfterMs: Int64)
}
