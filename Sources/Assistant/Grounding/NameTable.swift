import Databases

/// Relations by their names, as people and programs write them.
struct NameTable: Sendable {
    private let catalogue: Catalogue
    /// By folded name, the one that SQL means first.
    private let byName: [String: [Int]]
    /// By the stems of the name's words, with blanks between.
    private let byPhrase: [String: [Int]]
    /// Words of the longest phrase, and no more than is looked for.
    private let phraseWordsMax: Int
    private let trigrams: TrigramTable
    private let folded: [String]
    /// By place, the stems of the name's words; none for the database's own.
    let stems: [[String]]

    init(_ catalogue: Catalogue, _ visible: [Int]) {
        self.catalogue = catalogue
        var positions: [String: Int] = [:]
        for schema in catalogue.schemas { positions[schema.name] = schema.pathPosition }
        var byName: [String: [Int]] = [:]
        var byPhrase: [String: [Int]] = [:]
        var wordsMax = 1
        var allStems = [[String]](repeating: [], count: catalogue.relations.count)
        for place in visible {
            let relation = catalogue.relations[place]
            byName[Words.folded(relation.name), default: []].append(place)
            let stems = Words.stems(relation.name)
            allStems[place] = stems
            wordsMax = max(wordsMax, stems.count)
            byPhrase[stems.joined(separator: " "), default: []].append(place)
        }
        func rank(_ place: Int) -> (Int, Int, Int, Int) {
            let relation = catalogue.relations[place]
            return (relation.isOnPath ? 0 : 1, positions[relation.schema] ?? .max, relation.partitionOf == nil ? 0 : 1, place)
        }
        func sort(_ places: [Int]) -> [Int] { places.count < 2 ? places : places.sorted { rank($0) < rank($1) } }
        self.byName = byName.mapValues(sort)
        self.byPhrase = byPhrase.mapValues(sort)
        stems = allStems
        phraseWordsMax = min(wordsMax, 5)
        folded = byName.keys.sorted()
        trigrams = TrigramTable(folded)
    }

    func places(folded name: String) -> [Int] { byName[name] ?? [] }

    /// The relations that a name means; see ``SchemaIndex/find(_:)``.
    func find(_ name: String) -> [Int] {
        guard name.utf8.count <= 1024 else { return [] }
        let whole = exactFirst(places(folded: Words.folded(name)), name)
        if !whole.isEmpty { return whole }
        let parts = SQLName.parts(name)
        guard let last = parts.last else { return [] }
        let places = exactFirst(places(folded: Words.folded(last)), last)
        guard parts.count > 1 else { return places }
        return inSchema(parts[parts.count - 2], places)
    }

    private func inSchema(_ schema: String, _ places: [Int]) -> [Int] {
        let exact = places.filter { catalogue.relations[$0].schema.hasSameBytes(as: schema) }
        if !exact.isEmpty { return exact }
        let wanted = Words.folded(schema)
        return places.filter { Words.folded(catalogue.relations[$0].schema) == wanted }
    }

    /// Only those spelt exactly so, if there are any.
    private func exactFirst(_ places: [Int], _ name: String) -> [Int] {
        guard places.count > 1 else { return places }
        let exact = places.filter { catalogue.relations[$0].name.hasSameBytes(as: name) }
        return exact.isEmpty ? places : exact
    }

    /// Relations of this phrase: stems with blanks between.
    func places(phrase: String) -> [Int] { byPhrase[phrase] ?? [] }

    /// Relations all of whose name's words stand in the question, one after the other; those of several words first.
    func phrases(in question: Question) -> [Int] {
        var found: [Int] = []
        var seen: Set<Int> = []
        let stems = question.allStems
        for length in stride(from: phraseWordsMax, to: 0, by: -1) where length <= stems.count {
            for start in 0...(stems.count - length) {
                if length == 1, question.isStop(stems[start]) { continue }
                let phrase = length == 1 ? stems[start] : stems[start..<(start + length)].joined(separator: " ")
                for place in places(phrase: phrase).prefix(4) where seen.insert(place).inserted { found.append(place) }
            }
        }
        return found
    }

    /// At most `limit` folded names that share many triples of letters with this one.
    func similar(to name: String, limit: Int) -> [String] { trigrams.similar(to: name, limit: limit).map { folded[$0] } }
}
