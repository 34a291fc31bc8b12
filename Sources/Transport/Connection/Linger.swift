import Glibc
import Threads

/// Keeps an event loop awake for a moment after the last reply. Who asks one thing after another is then answered without a thread's
/// being woken, which takes as long as a short answer, and longer where a processor has to be woken for it.
///
/// Whatever else comes meanwhile is done as ever, and other threads that could run on this processor go first. Lives on its loop.
struct Linger {
    /// How long to look for the next request. Clients of one answer after another need a few microseconds for themselves.
    static let nanoseconds: UInt64 = 30_000

    private var untilNs: UInt64 = 0
    private var isLooking = false

    /// Begins anew; `look` is to be run by the loop, in its next round.
    mutating func begin(_ look: () -> Void) {
        untilNs = Monotonic.nowNs &+ Self.nanoseconds
        guard !isLooking else { return }
        isLooking = true
        look()
    }

    /// One round of the loop has passed; false ends it, as it does where it may not go on.
    mutating func goesOn(_ mayGoOn: Bool) -> Bool {
        isLooking = mayGoOn && Monotonic.nowNs < untilNs
        if isLooking { sched_yield() }
        return isLooking
    }
}
