import Databases
import Testing

@testable import Store

/// The numbers that PostgreSQL's index of texts holds.
@Suite struct SearchTokensTests {
    private func document(_ text: String, error: String = "", userID: String = "u") -> SearchDocument {
        SearchDocument(
            place: 1, userID: userID, projectID: "p", status: .success, mode: .read, source: .script, text: text, error: error)
    }

    private func terms(_ text: String, error: String = "", userID: String = "u") -> SearchTerms {
        SearchTerms(userID: userID, text: text, error: error)
    }

    /// They are on disks: if this fails, a migration must fill the index anew.
    @Test func theyStayWhatTheyAre() throws {
        #expect(SearchTokens.of(document("abc")) == [-1211357437, -1146239463, 329320900, 1925328889, 2071268477])
        let found = try #require(SearchTokens.of(terms("ABC")))
        #expect(found.tokens == [-1146239463] && found.long == [-1113386491])
    }

    @Test func theyAreOfAUserAndAKindOfText() throws {
        let text = Set(SearchTokens.of(document("größe 🐈")))
        for part in ["größe 🐈", "öße", "e 🐈"] {
            #expect(try #require(SearchTokens.of(terms(part))).tokens.allSatisfy(text.contains), "\(part)")
            #expect(try !#require(SearchTokens.of(terms("", error: part))).tokens.contains(where: text.contains), "\(part)")
            #expect(try !#require(SearchTokens.of(terms(part, userID: "v"))).tokens.contains(where: text.contains), "\(part)")
        }
        #expect(SearchTokens.of(terms("ab")) == nil && SearchTokens.of(terms("🐈", error: "e\u{301}")) == nil)
        #expect(try #require(SearchTokens.of(terms("ab", error: "abc"))).tokens.count == 1)
    }

    /// NUL is in no text of PostgreSQL, and may be in what is looked for.
    @Test func nulIsLookedForAsItIsKept() throws {
        let kept = Set(SearchTokens.of(document("a\u{FFFD}b", error: "a\u{FFFD}b")))
        #expect(try #require(SearchTokens.of(terms("a\u{0}b", error: "a\u{0}b"))).tokens.allSatisfy(kept.contains))
    }

    /// What is too long in one of its texts is found by any.
    @Test func whatIsTooLongHasOneNumberForAll() throws {
        let long = String(repeating: "x", count: SearchDocument.textBytesMax)
        let various = String(String.UnicodeScalarView((0x4E00..<0x6400).compactMap(Unicode.Scalar.init)))
        let wanted = try #require(SearchTokens.of(terms("nothing like it")))
        for (number, found) in [
            document(long + "x"), document("a", error: long + "x"), document(various), document("abc", error: various),
        ].enumerated() {
            let tokens = SearchTokens.of(found)
            #expect(tokens.count == 5 && wanted.long.allSatisfy(tokens.contains), "\(number)")
        }
        #expect(SearchTokens.of(document(long)).count == 5 && !SearchTokens.of(document(long)).contains(wanted.long[0]))
        #expect(try #require(SearchTokens.of(terms(String(various.prefix(300))))).tokens.count == SearchTokens.searchMax)
    }
}
