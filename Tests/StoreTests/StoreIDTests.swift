import Testing

@testable import Store

@Suite struct StoreIDTests {
    @Test func isAVersionSevenUUIDThatSortsByItsMaking() throws {
        let ids = (0..<10_000).map { StoreID.make(nowMs: Sample.nowMs + Int64($0 / 6_000)) }
        #expect(ids == ids.sorted() && Set(ids).count == ids.count)
        let shape = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        for id in ids.prefix(100) { #expect(try shape.wholeMatch(in: id) != nil) }
    }
}
