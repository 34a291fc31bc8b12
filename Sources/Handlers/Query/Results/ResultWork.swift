import Protocol
import Synchronization

/// How many exports and summaries each user has under way: they take processors and disks from everybody.
final class ResultWork: Sendable {
    private let perUserMax: Int
    private let counts = Mutex<[String: Int]>([:])

    init(perUserMax: Int) { self.perUserMax = perUserMax }

    /// Runs `body` as one of the user's. Throws `busy` where they have as many as they may.
    func run<Value: Sendable>(_ userID: String, _ body: () async throws -> Value) async throws -> Value {
        let isTaken = counts.withLock { counts in
            guard counts[userID, default: 0] < perUserMax else { return false }
            counts[userID, default: 0] += 1
            return true
        }
        guard isTaken else {
            throw RPCError(
                .busy, "You have \(perUserMax) exports and summaries running; wait for one or cancel one.",
                .init(limit: "exportsPerUser", retryAfterMs: 1_000))
        }
        defer {
            counts.withLock { counts in
                counts[userID, default: 1] -= 1
                if counts[userID] == 0 { counts[userID] = nil }
            }
        }
        return try await body()
    }
}
