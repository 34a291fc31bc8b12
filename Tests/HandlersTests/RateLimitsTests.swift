import Protocol
import Synchronization
import Testing
import Threads

@testable import Handlers

@Suite struct RateLimitsTests {
    @Test func aBucketGivesItsBurstAndThenItsRate() {
        let bucket = RateBucket(perMinute: 60, burst: 10)
        let start: UInt64 = 5_000_000_000_000
        for _ in 0..<10 { #expect(bucket.take(nowNs: start) == nil) }
        #expect(bucket.take(nowNs: start) == 1_000)
        // To be refused costs nothing.
        for _ in 0..<5 { #expect(bucket.take(nowNs: start + 1) == 1_000) }
        #expect(bucket.take(nowNs: start + 999_999_999) == 1)
        #expect(bucket.take(nowNs: start + 1_000_000_000) == nil)
        #expect(bucket.take(nowNs: start + 1_000_000_000) == 1_000)
        #expect(!bucket.isFull(nowNs: start + 10_000_000_000) && bucket.isFull(nowNs: start + 11_000_000_000))
        // After a pause there is no more than the burst.
        for _ in 0..<10 { #expect(bucket.take(nowNs: start + 99_000_000_000) == nil) }
        #expect(bucket.take(nowNs: start + 99_000_000_000) == 1_000)
    }

    @Test func oneAMinuteIsOne() {
        let bucket = RateBucket(perMinute: 1, burst: 0)
        #expect(bucket.take(nowNs: 1) == nil)
        #expect(bucket.take(nowNs: 1) == 60_000)
    }

    @Test func manyWhoTakeAtOnceGetNoMore() async {
        let bucket = RateBucket(perMinute: 60, burst: 1_000)
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { (0..<1_000).count { _ in bucket.take(nowNs: 7) == nil } } }
            return await group.reduce(0, +)
        }
        #expect(taken == 1_000)
    }

    @Test func eachSubjectHasItsOwnAndZeroIsNoLimit() throws {
        var limits = Limits()
        limits.chatTurnsPerMinute = 12
        limits.queriesPerMinute = 0
        let rates = RateLimits(limits: limits)
        for subject in ["a", "b"] {
            for _ in 0..<2 { try rates.take(.chatTurnsPerMinute, of: subject) }
            let refusal = #expect(throws: RPCError.self) { try rates.take(.chatTurnsPerMinute, of: subject) }
            #expect(refusal?.code == .rateLimited && refusal?.details.limit == "chatTurnsPerMinute")
            #expect((1...5_000).contains(refusal?.details.retryAfterMs ?? 0))
        }
        #expect(rates.bucket(.queriesPerMinute, of: "a") == nil)
        for _ in 0..<1_000 { try rates.take(.queriesPerMinute, of: "a") }
        // As many subjects as there are do not push out one that has used up its share.
        for number in 0..<40_000 { _ = rates.bucket(.loginsPerMinute, of: "\(number)") }
        #expect(throws: RPCError.self) { try rates.take(.chatTurnsPerMinute, of: "a") }
    }
}
