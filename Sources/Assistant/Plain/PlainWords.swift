import Databases

/// A question's words, as the rules compare them.
struct PlainWords {
    struct Token {
        /// As written, without quotes.
        var text: String
        /// Folded, without the plural; a slip in a word that the rules know is put right.
        var stem: String
        /// Folded, with its plural.
        var folded: String
        var isQuoted: Bool

        /// A whole number, in digits or as a word.
        var number: Int? { isQuoted ? nil : Int(text) ?? PlainWords.numbers[folded] }
    }

    static let tokensMax = 40

    fileprivate static let numbers = [
        "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "dozen": 12,
        "twenty": 20, "fifty": 50, "hundred": 100,
    ]

    let tokens: [Token]

    /// nil for a text too long for a question that could be understood.
    init?(_ text: String, index: SchemaIndex?) {
        guard text.utf8.count <= 2_000 else { return nil }
        let contracted = Self.withoutContractions(text)
        let names = SpeltNames.of(contracted)
        guard names.count <= Self.tokensMax else { return nil }
        tokens = names.map { name in
            let folded = Words.folded(name.text)
            guard !name.isQuoted else { return Token(text: name.text, stem: folded, folded: folded, isQuoted: true) }
            let stem = Self.corrected(Words.stem(folded), folded, index)
            return Token(text: name.text, stem: stem, folded: folded, isQuoted: false)
        }
    }

    /// "what's", "doesn't" and "\d": words of their own.
    private static func withoutContractions(_ text: String) -> String {
        var out = ""
        var previous: Character = " "
        for character in text {
            if character == "'" || character == "\u{2019}", previous.isLetter {
                out += "\u{2019}"
            } else {
                out.append(character)
            }
            previous = character
        }
        // An apostrophe between letters parts words: what, s.
        return out.replacing("\u{2019}s ", with: " is ").replacing("\u{2019}re ", with: " are ").replacing(
            "\\d+ ", with: "describe "
        )
        .replacing("\\d ", with: "describe ").replacing("\\dt", with: "tables")
    }

    /// A word of the rules with a slip in it, put right; names of relations are left alone.
    private static func corrected(_ stem: String, _ folded: String, _ index: SchemaIndex?) -> String {
        guard stem.utf8.count >= 5, !PlainVocabulary.all.contains(stem), !PlainVocabulary.all.contains(folded) else {
            return PlainVocabulary.all.contains(stem) ? stem : PlainVocabulary.all.contains(folded) ? folded : stem
        }
        if let index, !index.names.places(folded: folded).isEmpty || !index.names.places(phrase: stem).isEmpty { return stem }
        return PlainVocabulary.correctable.first { Slip.isSlip($0, stem) && $0.utf8.first == stem.utf8.first } ?? stem
    }
}
