import Testing

@testable import Security

struct IdentifierTests {
    @Test func identifiersAreVersionSevenAndCarryTheTime() throws {
        // Far in the future, so that no other test's clock is ahead; one process has one sequence.
        let now: Int64 = 0x0F00_0000_0000
        let id = Identifier.make(now: now)
        #expect(Identifier.isValid(id))
        let digits = id.filter { $0 != "-" }
        #expect(try #require(Int64(digits.prefix(12), radix: 16)) >= now)
        let bytes = Array(id.utf8)
        #expect(bytes[14] == UInt8(ascii: "7"))
        #expect("89ab".utf8.contains(bytes[19]))
    }

    @Test func identifiersOfOneProcessAlwaysGrow() {
        var previous = ""
        for index in 0..<20_000 {
            // The clock jumps back and forth.
            let id = Identifier.make(now: 1_795_470_307_250 - Int64(index % 7) * 1000)
            #expect(id > previous)
            previous = id
        }
    }

    @Test func identifiersMadeAtOnceAreDistinct() async {
        let ids = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<8 { group.addTask { (0..<2000).map { _ in Identifier.make() } } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(ids).count == 16_000)
    }

    @Test(arguments: [
        "", "018f", "018F0000-0000-7000-8000-000000000000", "018f00000000-7000-8000-000000000000-",
        "018f0000-0000-7000-8000-00000000000g",
    ])
    func otherTextsAreNotIdentifiers(text: String) { #expect(!Identifier.isValid(text)) }
}
