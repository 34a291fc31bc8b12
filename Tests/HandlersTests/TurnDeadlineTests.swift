import Protocol
import Testing
import Threads

@testable import Handlers

@Suite struct TurnDeadlineTests {
    private let cancelled = RPCError(.cancelled, "The request was cancelled.")

    @Test func aTurnThatEndsInTimeLeavesNothingBehind() async {
        let watchdog = Watchdog()
        let deadline = TurnDeadline(ms: 600_000, watchdog: watchdog)
        #expect(await deadline.run { watchdog.armedCount } == 1)
        #expect(watchdog.armedCount == 0)
        #expect(deadline.error(cancelled).code == .cancelled)
    }

    @Test(.timeLimit(.minutes(1))) func aTurnThatTakesTooLongIsCancelledAndSaysWhy() async {
        let watchdog = Watchdog()
        let deadline = TurnDeadline(ms: 10, watchdog: watchdog)
        let wasCancelled = await deadline.run {
            while !Task.isCancelled { await Task.yield() }
            return true
        }
        #expect(wasCancelled)
        #expect(watchdog.armedCount == 0)
        let error = deadline.error(cancelled)
        #expect(error.code == .timeout)
        #expect(error.details.limit == "chatTurnMs")
        // What went wrong by itself stays what it is.
        #expect(deadline.error(RPCError(.internal, "A mistake.")).code == .internal)
    }

    @Test(.timeLimit(.minutes(1))) func cancellingTheRequestCancelsTheTurn() async {
        let watchdog = Watchdog()
        let deadline = TurnDeadline(ms: 600_000, watchdog: watchdog)
        let request = Task {
            await deadline.run {
                while !Task.isCancelled { await Task.yield() }
            }
        }
        request.cancel()
        await request.value
        #expect(watchdog.armedCount == 0)
        #expect(deadline.error(cancelled).code == .cancelled)
    }
}
