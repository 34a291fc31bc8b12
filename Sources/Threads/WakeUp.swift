import CLinux
import Glibc

/// Ends the wait of a thread that polls descriptors: it polls ``descriptor`` too.
public final class WakeUp: Sendable {
    /// Can be read once ``wake()`` was called; -1, which poll(2) passes over, where no descriptor was left.
    public let descriptor: Int32
    private let writing: Int32

    public init() {
        var ends: [Int32] = [-1, -1]
        if linux_pipe_cloexec(&ends) != 0 { ends = [-1, -1] }
        (descriptor, writing) = (ends[0], ends[1])
    }

    deinit {
        for end in [descriptor, writing] where end >= 0 { close(end) }
    }

    /// For good: what was woken stays awake.
    public func wake() {
        var byte: UInt8 = 0
        _ = write(writing, &byte, 1)
    }
}
