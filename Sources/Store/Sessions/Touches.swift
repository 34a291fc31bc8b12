internal import Synchronization

/// Remembers what was touched lately, so that a last use is written at most once a minute.
final class Touches: Sendable {
    static let intervalMs: Int64 = 60_000
    /// Keys remembered at once; past it all are forgotten, which costs one write too many each.
    static let keysMax = 8_192

    private let recent = Mutex<[String: Int64]>([:])

    /// Forgets what would be written again.
    func forget(nowMs: Int64) {
        recent.withLock { recent in recent = recent.filter { nowMs - $0.value < Touches.intervalMs } }
    }

    /// The keys that are remembered.
    var count: Int { recent.withLock { $0.count } }

    /// Whether a touch at `atMs` is worth a write.
    func isDue(_ key: String, atMs: Int64) -> Bool {
        recent.withLock { recent in
            if let last = recent[key], atMs - last < Touches.intervalMs { return false }
            if recent.count >= Touches.keysMax { recent.removeAll(keepingCapacity: true) }
            recent[key] = atMs
            return true
        }
    }
}
