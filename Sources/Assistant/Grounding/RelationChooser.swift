import Databases

/// Which relations a question needs, in the order of how much.
struct RelationChoice {
    /// Chosen, each with the reason it was chosen for first.
    var chosen: [(place: Int, reason: Grounding.Reason)] = []
    /// Others that fitted less, the best first, to be named only.
    var others: [Int] = []
}

/// Chooses relations: those that are named, those whose words fit, those that the user has been using, and what joins them.
struct RelationChooser {
    private static let namedMax = 16
    private static let matchedMax = 12
    private static let recentMax = 3
    private static let neighboursMax = 8
    private static let fallbackMax = 12
    private static let recentBytesMax = 16 * 1024
    /// Steps between two chosen relations that are still shown.
    private static let stepsMax = 4
    private static let degreeMax = 100
    /// What fits less than this of the best is not even named before others.
    private static let shareMin: Float = 0.1

    private let index: SchemaIndex
    private let request: GroundingRequest
    private let question: Question
    private var choice = RelationChoice()
    private var isChosen: Set<Int> = []

    init(_ index: SchemaIndex, _ request: GroundingRequest) {
        self.index = index
        self.request = request
        question = index.terms.corrected(Question(request.question))
    }

    consuming func choose() -> RelationChoice {
        let recent = recentPlaces()
        let named = namedPlaces()
        for place in named.prefix(Self.namedMax) { take(place, .named) }
        let ranked = ranked(recent)
        let best = ranked.first?.score ?? 0
        for (place, score) in ranked.prefix(Self.matchedMax) where score >= best * 0.3 { take(place, .matched) }
        let hasHits = !choice.chosen.isEmpty
        connect()
        for place in recent.prefix(hasHits ? Self.recentMax : Self.fallbackMax) { take(place, .recent) }
        if hasHits { addNeighbours() } else { fallBack() }
        choice.others = ranked.map(\.place).filter { !isChosen.contains($0) }
        return choice
    }

    private mutating func take(_ place: Int, _ reason: Grounding.Reason) {
        if isChosen.insert(place).inserted { choice.chosen.append((place, reason)) }
    }

    // MARK: By name

    /// Relations that the question spells: in quotes, qualified, or as one word that is no other word of the question's grammar.
    private func namedPlaces() -> [Int] {
        var found: [Int] = []
        for name in question.names {
            if !name.isQuoted, StopWords.all.contains(Words.stem(Words.folded(name.text))) { continue }
            let places = index.find(name.text)
            // The same name in many schemas, as one for each tenant: the first of them will do, unless it is spelt out.
            found += places.filter { !index.catalogue.relations[$0].isSystem }.prefix(3)
        }
        return found
    }

    /// The user's latest statements' relations, the latest first.
    private func recentPlaces() -> [Int] {
        var found: [Int] = []
        var seen: Set<Int> = []
        var spelt: Set<String> = []
        var bytes = 0
        for sql in request.recentSQL.prefix(GroundingRequest.recentMax) {
            bytes += sql.utf8.count
            guard bytes <= Self.recentBytesMax else { break }
            for name in SpeltNames.of(sql) where spelt.insert(name.text).inserted && !SQLName.isReserved(name.text) {
                for place in index.find(name.text).prefix(1) where seen.insert(place).inserted { found.append(place) }
            }
        }
        return found
    }

    // MARK: By words

    private func ranked(_ recent: [Int]) -> [(place: Int, score: Float)] {
        var scores = index.terms.scores(question)
        for place in index.names.phrases(in: question) {
            let words = Float(min(Words.of(index.catalogue.relations[place].name).count, 4))
            scores[place] += 4 + 3 * words
        }
        for (order, place) in recent.enumerated() {
            // Recent use lifts what fits; alone it makes nothing fit.
            scores[place] *= 1 + 0.5 / (1 + 0.2 * Float(order))
        }
        var ranked: [(place: Int, score: Float)] = []
        let stems = question.stems
        var least = (scores.max() ?? 0) * Self.shareMin
        for place in scores.indices where scores[place] >= least && scores[place] > 0 {
            // All words of its name, in whatever order: "items of an order".
            let words = index.names.stems[place]
            if words.count > 1, words.allSatisfy(stems.contains) { scores[place] += 3 + 3 * Float(min(words.count, 4)) }
        }
        least = (scores.max() ?? 0) * Self.shareMin
        for (place, score) in scores.enumerated() where score > 0 && score >= least {
            let part: Float = index.catalogue.relations[place].partitionOf == nil ? 1 : 0.3
            ranked.append((place, score * part * (1 + 0.08 * index.importance[place])))
        }
        ranked.sort { ($1.score, $0.place) < ($0.score, $1.place) }
        return ranked
    }

    // MARK: By links

    /// Adds what stands between two of the first that were chosen, such as the table of a many-to-many relationship.
    private mutating func connect() {
        let first = choice.chosen.prefix(5).map(\.place)
        var added = 0
        for (offset, start) in first.enumerated() {
            for end in first[(offset + 1)...] {
                for place in index.links.way(start, end, stepsMax: Self.stepsMax, degreeMax: Self.degreeMax) ?? []
                where !isChosen.contains(place) {
                    guard added < Self.neighboursMax else { return }
                    take(place, .neighbour)
                    added += 1
                }
            }
        }
    }

    /// Adds relations next to the first that were chosen.
    private mutating func addNeighbours() {
        var added = 0
        for place in choice.chosen.prefix(4).map(\.place) {
            for other in index.links.neighbours(of: place).prefix(4) where !isChosen.contains(other) {
                guard added < Self.neighboursMax else { return }
                guard !index.catalogue.relations[other].isSystem else { continue }
                take(other, .neighbour)
                added += 1
            }
        }
    }

    private mutating func fallBack() {
        for place in index.byImportance.prefix(Self.fallbackMax) { take(place, .fallback) }
    }
}
