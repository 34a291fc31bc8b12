/// How much of a rate is left: a bucket that is full at first, from which each use takes one and which fills up steadily.
struct TokenBucket: Sendable, Equatable {
    let capacity: Double
    /// How much comes back in a nanosecond.
    let perNs: Double
    private var left: Double
    private var atNs: UInt64

    /// - Parameter count: uses in `periodMs`, which may all come at once.
    init(count: Int, periodMs: Int, nowNs: UInt64) {
        capacity = Double(count)
        perNs = Double(count) / (Double(periodMs) * 1_000_000)
        left = capacity
        atNs = nowNs
    }

    /// Takes one, or answers in how many milliseconds there will be one, and takes nothing.
    mutating func take(nowNs: UInt64) -> Int? {
        fill(nowNs)
        if left >= 1 {
            left -= 1
            return nil
        }
        return max(1, Int(((1 - left) / perNs / 1_000_000).rounded(.up)))
    }

    /// Whether it is as good as new.
    mutating func isFull(nowNs: UInt64) -> Bool {
        fill(nowNs)
        return left >= capacity
    }

    private mutating func fill(_ nowNs: UInt64) {
        guard nowNs > atNs else { return }
        left = min(capacity, left + Double(nowNs - atNs) * perNs)
        atNs = nowNs
    }
}
