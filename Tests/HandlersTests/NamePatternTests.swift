import Testing

@testable import Handlers

@Suite struct NamePatternTests {
    @Test(arguments: [
        ("*", "a", true), ("a*", "abc", true), ("*c", "abc", true), ("a*c", "abc", true), ("a**c", "ac", true), ("?", "", false),
        ("a?c", "abc", true), ("a?c", "ac", false), ("ABC", "abc", true), ("abc", "ABC", true), ("*b*b*", "abab", true),
        ("*aab", "aaaab", true), ("É?", "éa", true), ("a.c", "a.c", true), ("main.a*", "abc", true), ("mai?.abc", "abc", true),
        ("other.abc", "abc", false), ("*.*", "abc", true), ("main.", "abc", false), ("", "", true),
    ]) func whatMatches(pattern: String, name: String, matches: Bool) {
        #expect(NamePattern(pattern).matches(schema: "main", name: name) == matches)
    }
}

@Suite struct NameWordsTests {
    @Test(arguments: [
        ("order_total", ["order", "total"]), ("orderTotal", ["order", "total"]), ("ORDER-TOTAL", ["order", "total"]),
        ("HTTPServer2", ["httpserver2"]), ("a.b c", ["a", "b", "c"]), ("__", []), ("straßeÜber", ["straße", "über"]),
        ("名前", ["名前"]), ("e\u{301}tage", ["e\u{301}tage"]),
    ]) func namesAreTakenApart(name: String, words: [String]) {
        #expect(NameWords(name).words == words)
    }

    @Test(arguments: [
        ("total", "order_total", true), ("ordertotal", "Order_Total", true), ("tota", "TOTAL", true), ("total", "tot", false),
        ("über", "straßeÜber", true), ("uber", "Über", false), ("a", "", false), ("ab", "a b", true), ("abc", "abxabc", true),
        ("aab", "aaab", true),
    ]) func wordsAreFoundInside(word: String, text: String, isIn: Bool) {
        #expect(WordFinder(word).isIn(text) == isIn)
    }
}
