public import Databases

/// A catalogue's words, so that what a question needs of thousands of tables is found in a few milliseconds.
///
/// Built once for a catalogue, which takes about as long as reading it from the database did, and kept with it. It never changes:
/// any number of turns may use it at once. The database's own relations are not in it.
public final class SchemaIndex: Sendable {
    public let catalogue: Catalogue
    /// Places of all relations but the database's own, in the catalogue's order.
    public let visible: [Int]
    let names: NameTable
    let terms: TermIndex
    let links: LinkGraph
    /// How much each relation, by its place, is likely to be meant whatever is asked: 0 to about 3.
    let importance: [Float]
    /// ``visible``, the likeliest first.
    let byImportance: [Int]

    public init(_ catalogue: Catalogue) {
        self.catalogue = catalogue
        visible = catalogue.relations.indices.filter { !catalogue.relations[$0].isSystem }
        names = NameTable(catalogue, visible)
        terms = TermIndex(catalogue, visible)
        links = LinkGraph(catalogue)
        let importance = catalogue.relations.map(Self.importance)
        self.importance = importance
        byImportance = visible.sorted { (importance[$1], $0) < (importance[$0], $1) }
    }

    private static func importance(_ relation: CatalogueRelation) -> Float {
        // Whole steps of a logarithm are enough.
        func magnitude(_ count: Int) -> Float { Float(Int.bitWidth - max(count, 0).leadingZeroBitCount) }
        var value = magnitude(relation.referencedBy.count) * 0.3 + magnitude(relation.foreignKeys.count) * 0.1
        value += magnitude(relation.rowEstimate ?? 0) * 0.04
        if relation.isOnPath { value += 0.3 }
        switch relation.kind {
        case .table, .partitionedTable: value += 0.3
        case .materializedView, .foreignTable, .virtualTable: value += 0.1
        case .view: break
        }
        return relation.partitionOf == nil ? value : value * 0.2
    }

    // MARK: Names

    /// The relations that a name means, the one that SQL means first; none if there is no such relation.
    ///
    /// The name may be qualified, in quotes of any engine, and in another case if no relation has it exactly.
    public func find(_ name: String) -> [Int] { names.find(name) }

    /// At most `limit` names of relations that are much like this one, the nearest first.
    public func nearest(_ name: String, limit: Int = 3) -> [String] {
        nearestPlaces(name, limit: limit).map { qualifiedName($0) }
    }

    /// The relation's name, with its schema where the name alone does not mean it; unquoted.
    public func qualifiedName(_ place: Int) -> String {
        let relation = catalogue.relations[place]
        return relation.isOnPath ? relation.name : "\(relation.schema).\(relation.name)"
    }

    // MARK: Choosing

    /// The part of the schema that a question needs.
    public func choose(_ request: GroundingRequest) -> Grounding {
        if let whole = whole(request) { return whole }
        let choice = RelationChooser(self, request).choose()
        return GroundingText(self, request, choice).grounding()
    }

    /// Everything, if it is short enough.
    private func whole(_ request: GroundingRequest) -> Grounding? {
        guard request.wholeTokens > 0, visible.count <= Self.wholeMax else { return nil }
        var within = request
        within.budgetTokens = min(request.wholeTokens, request.budgetTokens)
        let all = RelationChoice(chosen: visible.map { ($0, .whole) })
        let grounding = GroundingText(self, within, all).grounding()
        return grounding.isWhole ? grounding : nil
    }

    /// More relations than this are never few.
    private static let wholeMax = 60

    /// What was found for words: a relation, and which of its columns have some of them.
    public struct Hit: Sendable, Equatable {
        public var place: Int
        public var columns: [Int]
    }

    /// At most `limit` relations for words that may stand in names, comments and labels, the best first.
    public func search(_ query: String, limit: Int) -> [Hit] {
        let question = terms.corrected(Question(query, keepsAll: true))
        let matcher = ColumnMatcher(question.stems)
        var scores = terms.scores(question)
        for place in names.phrases(in: question) { scores[place] += 20 }
        for place in scores.indices { scores[place] *= 1 + 0.05 * importance[place] }
        let best = scores.indices.filter { scores[$0] > 0 }.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(limit)
        return best.map { Hit(place: $0, columns: matcher.columns(of: catalogue.relations[$0])) }
    }
}
