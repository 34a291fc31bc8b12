import Synchronization

/// The time that tokens expire by: the wall clock's, which somebody may set back.
public final class TokenClock: Sendable {
    /// A clock set back by up to this much does not revive an expired token. One set back further is taken to have been wrong
    /// before, and is believed: otherwise a single wild reading would lock everybody out until a restart.
    public static let setBackMs: Int64 = 2 * 3_600_000

    private let latestMs = Atomic<Int64>(.min)

    public init() {}

    /// `now`, or the latest time seen where the clock has been set back a little since.
    func time(_ now: Int64) -> Int64 {
        let latest = latestMs.load(ordering: .relaxed)
        if latest > now, latest - now <= Self.setBackMs { return latest }
        latestMs.store(now, ordering: .relaxed)
        return now
    }
}
