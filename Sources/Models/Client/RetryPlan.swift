/// When a request is sent again: exponential back-off with full jitter, or when the server says.
struct RetryPlan {
    private static let firstMs = 500
    private static let longestMs = 8000

    let retriesMax: Int
    private(set) var retries = 0

    init(retriesMax: Int) { self.retriesMax = retriesMax }

    /// Milliseconds to wait before the next attempt; nil to give up.
    mutating func wait(after error: ModelError, leftMs: Int) -> Int? {
        guard error.isRetryable, retries < retriesMax else { return nil }
        let backOff = Int.random(in: 0...min(Self.longestMs, Self.firstMs << min(retries, 10)))
        // Those who were all told the same do not all come back at the same time.
        let waitMs = error.retryAfterMs.map { $0 + Int.random(in: 0...250) } ?? backOff
        guard (error.retryAfterMs ?? 0) <= ModelLimits.retryAfterMs, waitMs < leftMs else { return nil }
        retries += 1
        return waitMs
    }
}
