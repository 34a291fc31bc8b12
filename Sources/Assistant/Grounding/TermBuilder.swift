import Databases

/// Counts the words of relations.
struct TermBuilder {
    private(set) var ids: [String: Int32] = [:]
    private(set) var words: [String] = []
    /// By word, the weighted count in each relation by its place.
    private(set) var counts: [[(place: Int, count: Float)]] = []
    /// By place, how many words a relation has.
    private(set) var lengths: [Int: Float] = [:]
    /// Column names are much the same in many tables.
    private var cache: [String: [Int32]] = [:]

    private static let labelsMax = 32
    private static let commentBytesMax = 600

    mutating func add(_ relation: CatalogueRelation, _ place: Int) {
        var found: [Int32: Float] = [:]
        var length: Float = 0
        func count(_ terms: [Int32], _ weight: Float) {
            for term in terms { found[term, default: 0] += weight }
            length += Float(terms.count)
        }
        let name = terms(of: relation.name)
        // The words of a long name say less each.
        let weight = 4 / Float(name.count).squareRoot()
        count(name, weight)
        if name.count > 1 { count([id(Words.of(relation.name).joined())], 2) }
        if !relation.isOnPath { count(terms(of: relation.schema), 1) }
        if let comment = relation.comment { count(terms(of: String(comment.utf8Prefix(Self.commentBytesMax))), 1.5) }
        for column in relation.columns {
            count(cached(column.name), 1.2)
            if let comment = column.comment { count(terms(of: String(comment.utf8Prefix(Self.commentBytesMax))), 0.7) }
            for label in column.labels?.prefix(Self.labelsMax) ?? [] { count(cached(String(label.prefix(60))), 0.7) }
        }
        for (term, count) in found { counts[Int(term)].append((place, count)) }
        lengths[place] = length
    }

    private mutating func cached(_ name: String) -> [Int32] {
        if let known = cache[name] { return known }
        let terms = terms(of: name)
        cache[name] = terms
        return terms
    }

    private mutating func terms(of text: String) -> [Int32] { Words.stems(text).map { id($0) } }

    private mutating func id(_ word: String) -> Int32 {
        if let known = ids[word] { return known }
        let new = Int32(words.count)
        ids[word] = new
        words.append(word)
        counts.append([])
        return new
    }
}
