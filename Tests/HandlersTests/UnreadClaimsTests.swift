import Testing

@testable import Handlers

@Suite struct UnreadClaimsTests {
    @Test(arguments: [
        ("There are 42 customers.", true), ("It is 3.5 %.", true), ("```sql\nSELECT 1\n```", true), ("1. alpha\n2) beta", false),
        ("In 2024 none.", false), ("Look at address2 and utf8mb4.", false), ("No such thing.", false), ("- 7 items", true),
        ("1. alpha has 9 rows", true), ("٣ صفوف", true),
    ])
    func `figures and statements count`(words: String, isClaim: Bool) {
        #expect(UnreadClaims.areIn(words, question: "How many in 2024?") == isClaim)
    }
}
