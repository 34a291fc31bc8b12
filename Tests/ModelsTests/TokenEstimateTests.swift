@testable import Models
import Testing

@Suite struct TokenEstimateTests {
    @Test func countsBytes() {
        #expect(TokenEstimate.of("") == 0)
        #expect(TokenEstimate.of("a") == 1)
        #expect(TokenEstimate.of("abcd") == 2)
        #expect(TokenEstimate.of("äöü") == 2)
    }
}
