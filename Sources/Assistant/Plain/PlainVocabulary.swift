/// The words of the rules, as stems.
enum PlainVocabulary {
    /// Words that change nothing.
    static let fillers = set(
        """
        a about all also am an and any are as at be been by can could current currently d database db did do does don each easily \
        exactly existing for from get give hand has have hello hey hi how i in into is it its just kindly let like list long look \
        may me my now of ok okay on our out please pls quickly really see show should so tell thank thanks that the their them there \
        these this those to us want wanna was we were what where which who will with would you your print display return s re ll ve \
        there exist available much if one
        """)

    static let table = set("table tables relation entity")
    static let view = set("view")
    static let column = set("column field attribute property col")
    static let row = set("row record entry line tuple item data value content")
    static let query = set("query statement sql request select call")
    static let number = set("number count many total how size amount")

    /// Every word that a rule knows.
    static let all: Set<String> = PlainRule.all.reduce(into: fillers) { words, rule in
        words.formUnion(rule.also)
        for group in rule.groups { words.formUnion(group) }
    }

    /// Those long enough that a slip in them can be told, in an order that never changes.
    static let correctable: [String] = all.filter { $0.utf8.count >= 5 }.sorted()

    static func set(_ words: String) -> Set<String> { Set(words.split(separator: " ").map { Words.stem(String($0)) }) }
}
