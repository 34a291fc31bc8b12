import Testing

@testable import Models

@Suite struct RetryTests {
    @Test(arguments: [
        ("0", 0), ("1", 1000), ("2.5", 2500), ("999999999999", 86_400_000), ("Thu, 01 Jan 1970 00:01:40 GMT", 90_000),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Fri, 31 Dec 2999 23:59:59 GMT", 86_400_000),
    ])
    func `Retry-After`(text: String, expected: Int) { #expect(RetryAfter.milliseconds(text, nowMs: 10_000) == expected) }

    @Test(arguments: [
        "", "-1", "soon", "1e5", "0x10", "nan", "inf", "Thu, 01 Jan 1970 00:00:00", "Thu, 01 Foo 1970 00:00:00 GMT",
        "Thu, 99 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 25:00:00 GMT", "Thu, 01 Jan 1970 0:0 GMT",
    ])
    func `no Retry-After`(text: String) { #expect(RetryAfter.milliseconds(text, nowMs: 0) == nil) }

    @Test func `dates`() {
        #expect(RetryAfter.date("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(RetryAfter.date("Thu, 29 Feb 2024 12:00:00 GMT") == 1_709_208_000)
        #expect(RetryAfter.date("Sat, 01 Mar 2025 00:00:00 GMT") == 1_740_787_200)
    }

    private let error = ModelError(.overloaded, "x", isRetryable: true)

    @Test func `waits grow, are random, and end`() {
        for _ in 0..<100 {
            var plan = RetryPlan(retriesMax: 3)
            for most in [500, 1000, 2000] {
                let wait = plan.wait(after: error, leftMs: 100_000)
                #expect(wait.map { (0...most).contains($0) } == true)
            }
            #expect(plan.wait(after: error, leftMs: 100_000) == nil && plan.retries == 3)
        }
        let waits = Set(
            (0..<50).map { _ in
                var plan = RetryPlan(retriesMax: 1)
                return plan.wait(after: error, leftMs: 100_000) ?? -1
            })
        #expect(waits.count > 10)
        var long = RetryPlan(retriesMax: 1000)
        for _ in 0..<1000 { #expect(long.wait(after: error, leftMs: 100_000).map { $0 <= 8000 } == true) }
    }

    @Test func `what the server says is kept`() {
        var plan = RetryPlan(retriesMax: 9)
        var told = error
        told.retryAfterMs = 3000
        #expect(plan.wait(after: told, leftMs: 100_000).map { (3000...3250).contains($0) } == true)
        #expect(plan.wait(after: told, leftMs: 2000) == nil)
        told.retryAfterMs = 30_001
        #expect(plan.wait(after: told, leftMs: 100_000) == nil)
        told.isRetryable = false
        #expect(plan.wait(after: told, leftMs: 100_000) == nil && plan.retries == 1)
    }
}
