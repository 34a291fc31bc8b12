import Synchronization

/// The bytes one user's kept results may use together. Shared by all of them.
public final class SpoolQuota: Sendable {
    public let bytesMax: Int
    private let used = Mutex(0)

    public init(bytesMax: Int = 1 << 30) { self.bytesMax = bytesMax }

    public var bytesUsed: Int { used.withLock { $0 } }

    /// Takes `bytes` if there is room for them.
    func take(_ bytes: Int) -> Bool {
        used.withLock { used in
            guard used + bytes <= bytesMax else { return false }
            used += bytes
            return true
        }
    }

    func give(back bytes: Int) { used.withLock { $0 -= bytes } }
}
