import Testing

@testable import Databases
import Threads

@Suite(.timeLimit(.minutes(1))) struct DatabaseThreadTests {
    @Test func runsJobsInOrderOnOneNamedThreadAndEnds() async throws {
        let seen = Monitor<[Int]>([])
        let thread = try DatabaseThread(name: "thread-in-order", jobsMax: 100)
        for index in 0..<100 { #expect(thread.post { seen.withLock { $0.append(index) } }) }
        #expect(await eventually { threadNames().contains("thread-in-order") })
        thread.stop()
        #expect(!thread.post {})
        #expect(await eventually { seen.withLock { $0.count } == 100 && !threadNames().contains("thread-in-order") })
        #expect(seen.withLock { $0 } == Array(0..<100))
    }

    @Test func theQueueIsBounded() async throws {
        let gate = Monitor(0)
        let thread = try DatabaseThread(name: "thread-bounded", jobsMax: 2)
        #expect(
            thread.post {
                gate.withLock { $0 = 1 }
                gate.wait { $0 == 2 ? .done(()) : .wait(untilNs: nil) }
            })
        #expect(await eventually { gate.withLock { $0 } == 1 })
        #expect(thread.post {})
        #expect(thread.post {})
        #expect(!thread.post {})
        gate.withLock { $0 = 2 }
        gate.signal()
    }

    @Test func droppingItEndsTheThread() async throws {
        for _ in 0..<50 { _ = try DatabaseThread(name: "thread-dropped") }
        #expect(await eventually { !threadNames().contains("thread-dropped") })
    }

    @Test func theWatchdogKeepsOrderAndForgetsWhatIsDisarmed() async throws {
        let watchdog = Watchdog()
        let fired = Monitor<[Int]>([])
        for delay in [600, 200, 400] { _ = watchdog.arm(milliseconds: delay) { fired.withLock { $0.append(delay) } } }
        for _ in 0..<10_000 { watchdog.disarm(watchdog.arm(milliseconds: 60_000) { fired.withLock { $0.append(-1) } }) }
        #expect(await eventually { fired.withLock { $0.count } >= 3 })
        #expect(fired.withLock { $0 } == [200, 400, 600])
        #expect(watchdog.armedCount == 0)
    }
}
