/// What a user asked, taken apart for looking things up.
struct Question {
    struct Word {
        var stem: String
        var weight: Float
        /// Two words run together: as it is or not at all.
        var isJoined = false
    }

    /// Longer questions are cut: what somebody means stands at the beginning or not at all.
    static let bytesMax = 8 * 1024
    /// So many words that are in no schema are tried as slips.
    static let slipsMax = 8
    private static let wordsMax = 96

    /// Stems of all words, in their order.
    private(set) var allStems: [String]
    /// Distinct stems that may say something, and words run together as in `orderitems`.
    private(set) var weighted: [Word]
    /// Names as the question spells them, quotes taken off, and whether they stood in quotes.
    let names: [(text: String, isQuoted: Bool)]

    private let keepsAll: Bool

    /// - Parameter keepsAll: whether words such as "the" count too, as in a search.
    init(_ text: String, keepsAll: Bool = false) {
        let text = String(text.utf8Prefix(Self.bytesMax))
        self.keepsAll = keepsAll
        let stems = Array(Words.stems(text).prefix(4 * Self.wordsMax))
        allStems = stems
        var seen: Set<String> = []
        var weighted: [Word] = []
        for stem in stems where weighted.count < Self.wordsMax && (keepsAll || !StopWords.all.contains(stem)) {
            if seen.insert(stem).inserted { weighted.append(Word(stem: stem, weight: 1)) }
        }
        for (first, second) in zip(stems, stems.dropFirst()) where weighted.count < 2 * Self.wordsMax {
            guard keepsAll || !(StopWords.all.contains(first) || StopWords.all.contains(second)) else { continue }
            let joined = first + second
            if joined.utf8.count <= 40, seen.insert(joined).inserted {
                weighted.append(Word(stem: joined, weight: 0.8, isJoined: true))
            }
        }
        self.weighted = weighted
        names = SpeltNames.of(text)
    }

    /// Puts a slip right: what was meant counts less than what is written.
    mutating func replace(_ stem: String, with meant: String) {
        for index in allStems.indices where allStems[index] == stem { allStems[index] = meant }
        for index in weighted.indices where weighted[index].stem == stem { weighted[index] = Word(stem: meant, weight: 0.6) }
    }

    /// Stems that may say something.
    var stems: Set<String> { Set(weighted.map(\.stem)) }

    func isStop(_ stem: String) -> Bool { !keepsAll && StopWords.all.contains(stem) }
}

/// Words of questions that say nothing about which table is meant.
enum StopWords {
    static let all: Set<String> = Set(
        """
        a about after all also am an and any are as ask at be been before being best between but by can could did do doe does \
        done each ever every find for from get give had ha has have he her here him his how i if in into is it its just know last \
        latest least less let like list look lot make many may me mean more most much must my need new newest no not now of off \
        on one only or our out over per please query same see select she should show since so some sql table tell than that the \
        their them then there these they thi this those to too top total under until up us use was wa we were what when where \
        which while who whom whose why will with within would write you your want column row record data database schema entry \
        der die das und ist sind wie viele le la les des et est combien el los las que cuantos
        """.split(separator: " ").map { Words.stem(String($0)) }
            + ["this", "has", "was", "does", "his", "is", "us", "its"])
}
