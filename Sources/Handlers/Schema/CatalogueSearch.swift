import Databases
import Protocol

/// Finds relations and columns by words, and ranks them, as `schema.search` says.
struct CatalogueSearch {
    /// What was found, and how well.
    struct Hit {
        var relation: Int
        /// Place among the relation's columns; nil for the relation itself.
        var column: Int?
        var match: SchemaMatch
        var place: SchemaMatchPlace
    }

    /// Between two looks at whether anybody still waits.
    private static let relationsPerLook = 256

    private let catalogue: Catalogue
    private let query: NameWords
    private let finders: [WordFinder]

    /// nil where the text has no letter and no digit.
    init?(_ text: String, in catalogue: Catalogue) {
        query = NameWords(text)
        guard !query.words.isEmpty else { return nil }
        self.catalogue = catalogue
        finders = query.words.map(WordFinder.init)
    }

    /// All hits, the best first. Throws `CancellationError` when the task is cancelled.
    func hits() throws -> [Hit] {
        var found: [Hit] = []
        for (place, relation) in catalogue.relations.enumerated() {
            if place % Self.relationsPerLook == 0 { try Task.checkCancellation() }
            if let (match, spot) = judge(relation.name, relation.comment, of: nil) {
                found.append(Hit(relation: place, column: nil, match: match, place: spot))
            }
            for (index, column) in relation.columns.enumerated() {
                guard let (match, spot) = judge(column.name, column.comment, of: relation.name) else { continue }
                found.append(Hit(relation: place, column: index, match: match, place: spot))
            }
        }
        if found.isEmpty { found = try similar() }
        return found.sorted(by: precedes)
    }

    // MARK: One name

    /// How well a name, or else its comment, has all the words; those a column lacks may be its relation's.
    private func judge(_ name: String, _ comment: String?, of relation: String?) -> (SchemaMatch, SchemaMatchPlace)? {
        var missing: [Int] = []
        for (index, finder) in finders.enumerated() where !finder.isIn(name) { missing.append(index) }
        if missing.isEmpty { return (quality(of: name), .name) }
        let inComment = comment.map { comment in missing.filter { !finders[$0].isIn(comment) } } ?? missing
        // Words of the relation alone make no hit of its columns.
        if inComment.count == missing.count, missing.count == finders.count { return nil }
        let left = relation.map { relation in inComment.filter { !finders[$0].isIn(relation) } } ?? inComment
        guard left.isEmpty else { return nil }
        let texts = [name, comment ?? "", relation ?? ""].map(NameWords.init)
        let areWords = query.words.allSatisfy { word in texts.contains { $0.hasWord(word) } }
        return (areWords ? .word : .substring, inComment.count < missing.count ? .comment : .name)
    }

    private func quality(of name: String) -> SchemaMatch {
        let name = NameWords(name)
        if name.joined == query.joined { return .exact }
        if name.joined.hasPrefix(query.joined) { return .prefix }
        return query.words.allSatisfy(name.hasWord) ? .word : .substring
    }

    // MARK: Slips

    /// Names, or words in them, that differ from the query in a few letters.
    private func similar() throws -> [Hit] {
        let wanted = query.joined
        let distanceMax = wanted.count < 4 ? 1 : max(2, wanted.count / 4)
        var judged: [String: Bool] = [:]
        func isSimilar(_ name: String) -> Bool {
            if let known = judged[name] { return known }
            let words = NameWords(name)
            let result = ([words.joined] + words.words).contains { word in
                // Of a short word too little would be left.
                word.count > distanceMax && abs(word.utf8.count - wanted.utf8.count) <= distanceMax
                    && EditDistance.between(word, wanted) <= distanceMax
            }
            judged[name] = result
            return result
        }
        var found: [Hit] = []
        for (place, relation) in catalogue.relations.enumerated() {
            if place % Self.relationsPerLook == 0 { try Task.checkCancellation() }
            if isSimilar(relation.name) { found.append(Hit(relation: place, column: nil, match: .fuzzy, place: .name)) }
            for (index, column) in relation.columns.enumerated() where isSimilar(column.name) {
                found.append(Hit(relation: place, column: index, match: .fuzzy, place: .name))
            }
        }
        return found
    }

    // MARK: Order

    private static let order: [SchemaMatch: Int] = [.exact: 0, .prefix: 1, .word: 2, .substring: 3, .fuzzy: 4]

    private func precedes(_ left: Hit, _ right: Hit) -> Bool { rank(left) < rank(right) }

    private func rank(_ hit: Hit) -> (Int, Int, Int, Int, Int, Int) {
        let relation = catalogue.relations[hit.relation]
        let name = hit.column.map { relation.columns[$0].name } ?? relation.name
        return (
            hit.place == .name ? 0 : 1, Self.order[hit.match] ?? 9, hit.column == nil ? 0 : 1, name.utf8.count, hit.relation,
            hit.column ?? -1
        )
    }
}
