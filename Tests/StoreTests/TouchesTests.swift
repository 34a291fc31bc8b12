import Testing

@testable import Store

@Suite struct TouchesTests {
    @Test func aTouchIsDueOnceAMinute() {
        let touches = Touches()
        #expect(touches.isDue("a", atMs: 0) && !touches.isDue("a", atMs: Touches.intervalMs - 1))
        #expect(touches.isDue("b", atMs: 1) && touches.isDue("a", atMs: Touches.intervalMs))
    }

    @Test func whatWouldBeWrittenAgainIsForgotten() {
        let touches = Touches()
        for number in 0..<100 { _ = touches.isDue("\(number)", atMs: Int64(number)) }
        touches.forget(nowMs: Touches.intervalMs + 49)
        #expect(touches.count == 50 && !touches.isDue("99", atMs: Touches.intervalMs + 49))
        touches.forget(nowMs: 3 * Touches.intervalMs)
        #expect(touches.count == 0)
    }
}
