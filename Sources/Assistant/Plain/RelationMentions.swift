import Databases

/// Where a question may name relations, the likeliest first.
struct RelationMentions {
    struct Mention {
        var span: Range<Int>
        var place: Int
        fileprivate var rank: Rank
    }

    /// How sure it is that a relation is meant; less is surer.
    fileprivate enum Rank: Int { case quoted, spelt, phrase, slip, vocabulary }

    /// Whatever the rule.
    private var found: [Mention] = []

    /// A name of more words than this is not looked for.
    private static let wordsMax = 4
    /// What no relation is called without quotes.
    private static let never = PlainVocabulary.set("table view column row schema database")

    init(_ tokens: [PlainWords.Token], _ index: SchemaIndex) {
        for start in tokens.indices {
            for length in 1...Self.wordsMax where start + length <= tokens.count {
                let span = start..<(start + length)
                guard let (place, rank) = Self.find(tokens[span], index) else { continue }
                found.append(Mention(span: span, place: place, rank: rank))
            }
        }
    }

    /// Those of a rule whose words these tokens are: what is made of its words alone is the last to be a name, and no slip of one.
    func all(_ isAllowed: [Bool]) -> [Mention] {
        var mentions: [Mention] = []
        for var mention in found {
            if mention.rank != .quoted, isAllowed[mention.span].allSatisfy({ $0 }) {
                guard mention.rank != .slip else { continue }
                mention.rank = .vocabulary
            }
            mentions.append(mention)
        }
        return mentions.sorted { left, right in
            (left.rank.rawValue, -left.span.count, -left.span.lowerBound)
                < (right.rank.rawValue, -right.span.count, -right.span.lowerBound)
        }
    }

    private static func find(_ tokens: ArraySlice<PlainWords.Token>, _ index: SchemaIndex) -> (Int, Rank)? {
        guard let first = tokens.first else { return nil }
        if tokens.count == 1 {
            if !first.isQuoted, never.contains(first.stem) { return nil }
            if let place = index.find(first.text).first {
                return (place, first.isQuoted ? .quoted : .spelt)
            }
        } else if let place = index.names.places(folded: tokens.map { Words.folded($0.text) }.joined(separator: " ")).first {
            return (place, .spelt)
        }
        let phrase = tokens.flatMap { Words.stems($0.text) }.joined(separator: " ")
        if let place = index.names.places(phrase: phrase).first { return (place, .phrase) }
        guard tokens.count == 1, first.text.utf8.count >= 4 else { return nil }
        return slip(first, index).map { ($0, .slip) }
    }

    /// The one relation that a word is with a letter or two wrong.
    private static func slip(_ token: PlainWords.Token, _ index: SchemaIndex) -> Int? {
        let wanted = Words.folded(SQLName.parts(token.text).last ?? token.text)
        return index.nearestPlaces(token.text, limit: 3).first { place in
            let name = Words.folded(index.catalogue.relations[place].name)
            return Slip.isSlip(name, wanted) || Slip.isSlip(Words.stem(name), Words.stem(wanted))
        }
    }
}
