import Protocol
import Synchronization
import Threads

/// The time that a turn may take.
struct TurnDeadline: Sendable {
    private final class Flag: Sendable {
        let isPast = Atomic(false)
    }

    private let ms: Int
    private let watchdog: Watchdog
    private let flag = Flag()

    init(ms: Int, watchdog: Watchdog = .shared) {
        self.ms = ms
        self.watchdog = watchdog
    }

    /// Runs `body`, and cancels it when the time is over. Once that has ended, nothing of the deadline is left.
    func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        let work = Task { await body() }
        let timer = watchdog.arm(milliseconds: ms) { [flag] in
            flag.isPast.store(true, ordering: .releasing)
            work.cancel()
        }
        defer { watchdog.disarm(timer) }
        return await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
    }

    /// The error as it is to be told: `timeout` where it is only the clock that cancelled.
    func error(_ error: RPCError) -> RPCError {
        guard error.code == .cancelled, flag.isPast.load(ordering: .acquiring) else { return error }
        return RPCError(
            .timeout, "The turn took longer than \(ms) ms and was stopped; ask for less at once.", .init(limit: "chatTurnMs"))
    }
}
