import Glibc

/// What the calendar says, for dates in headers.
enum WallClock {
    /// Milliseconds since 1970.
    static var nowMs: Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
