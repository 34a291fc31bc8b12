public import Glibc

/// The clock that deadlines and durations are measured with: never set back, from an arbitrary start.
public enum Monotonic {
    @inlinable public static var nowNs: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    public static var nowMs: Int { Int(nowNs / 1_000_000) }

    /// The time `milliseconds` from now, in nanoseconds.
    public static func after(milliseconds: Int) -> UInt64 {
        nowNs &+ UInt64(min(max(milliseconds, 0), 1 << 40)) &* 1_000_000
    }
}
