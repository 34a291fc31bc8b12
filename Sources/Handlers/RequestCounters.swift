import Protocol
import Synchronization

/// Counts requests by method and outcome, and the time they took, since the start.
final class RequestCounters: Sendable {
    struct Key: Hashable {
        /// As the spec has it; `unknown` for anything else, so that clients cannot make names.
        var method: String
        /// `ok`, or the error's code.
        var outcome: String
    }

    struct Figures {
        var count = 0
        var nanoseconds: UInt64 = 0

        mutating func add(_ nanoseconds: UInt64) {
            count += 1
            self.nanoseconds &+= nanoseconds
        }
    }

    private let state = Mutex<[Key: Figures]>([:])

    func add(method: String, error: ErrorCode?, nanoseconds: UInt64) {
        let key = Key(method: error == .methodNotFound ? "unknown" : method, outcome: error?.rawValue ?? "ok")
        state.withLock { figures in
            figures[key, default: Figures()].add(nanoseconds)
        }
    }

    var all: [Key: Figures] { state.withLock { $0 } }
}
