import CLinux

/// The memory that was freed and is kept for the next who asks.
public enum Heap {
    /// Heaps that all threads share. As many as there are threads, which is glibc's way, each keeps what it once needed.
    private static let countMax: Int32 = 2

    /// To be called before there is a second thread.
    public static func limit() { linux_limit_heaps(countMax) }

    /// Gives what is free back to the kernel; takes some milliseconds, and then pages anew where memory is needed again.
    public static func trim() { linux_trim_heaps() }
}
