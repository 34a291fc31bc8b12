/// How failed attempts slow the next ones down.
public struct ThrottlePolicy: Sendable, Equatable {
    /// Failures that cost nothing.
    public var freeFailures: Int
    /// The wait after the first failure that counts; doubled by each further one.
    public var firstDelayMs: Int64
    public var delayMsMax: Int64
    /// After this long without an attempt the count starts anew.
    public var forgetAfterMs: Int64

    /// Three free, then 1 s doubling to 15 min, forgotten after a day.
    public init(
        freeFailures: Int = 3, firstDelayMs: Int64 = 1_000, delayMsMax: Int64 = 900_000, forgetAfterMs: Int64 = 86_400_000
    ) {
        self.freeFailures = freeFailures
        self.firstDelayMs = firstDelayMs
        self.delayMsMax = delayMsMax
        self.forgetAfterMs = forgetAfterMs
    }

    /// The wait after `failures` failures.
    func delayMs(after failures: Int) -> Int64 {
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

/// Whether an attempt may go on.
public enum ThrottleVerdict: Sendable, Equatable {
    case allowed
    /// Not before this many milliseconds.
    case refused(retryAfterMs: Int64)
}
