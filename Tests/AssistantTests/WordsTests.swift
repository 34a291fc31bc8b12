@testable import Assistant
import Testing

@Suite struct WordsTests {
    @Test(arguments: [
        ("orderTotal", ["order", "total"]), ("order_total", ["order", "total"]), ("ORDER-TOTAL", ["order", "total"]),
        ("HTTPStatus2", ["http", "status", "2"]), ("Größe café", ["groesse", "cafe"]), ("cafe\u{301}", ["cafe"]), ("", []),
        ("__", []),
        ("有多少顧客", ["有多", "多少", "少顧", "顧客"]), ("表", ["表"]), ("a1b", ["a", "1", "b"]), ("ΑΒΓ", ["αβγ"]),
    ]) func namesAreCut(_ text: String, _ words: [String]) {
        #expect(Words.of(text) == words)
    }

    @Test(arguments: [
        ("orders", "order"), ("categories", "category"), ("boxes", "box"), ("addresses", "address"), ("status", "status"),
        ("analysis", "analysis"), ("class", "class"), ("bus", "bus"), ("branches", "branch"), ("is", "is"),
    ]) func pluralsAreTakenOff(_ word: String, _ stem: String) {
        #expect(Words.stem(word) == stem)
    }

    @Test(arguments: [
        ("show 'a b' and \"c\" it's", ["show", "a b", "and", "c", "it", "s"]),
        ("public.\"Order\" x.", ["public.\"Order\"", "x"]),
        ("“x y” [z]", ["x y", "z"]), ("'' \"", []), ("don't 'stop", ["don", "t", "stop"]),
    ]) func namesAreSpelt(_ text: String, _ names: [String]) {
        #expect(SpeltNames.of(text).map(\.text) == names)
    }
}
