import Databases

/// Writes what was chosen, within the budget.
struct GroundingText {
    private let index: SchemaIndex
    private let request: GroundingRequest
    private let choice: RelationChoice
    private let line: RelationLine
    private let bytesMax: Int
    private var text = ""
    private var relations: [Grounding.Relation] = []
    private var maskedCount = 0

    /// Of the budget, what is kept for the names of others, at most.
    private static let namesBytes = 600
    /// "and 20000 more tables: use search_schema" and its line feed.
    private static let tailBytes = 48
    /// Of a table too wide, so many columns are tried besides keys and matches.
    private static let columnsWide = 40

    init(_ index: SchemaIndex, _ request: GroundingRequest, _ choice: RelationChoice) {
        self.index = index
        self.request = request
        self.choice = choice
        let style = SchemaStyle(
            engine: request.engine, masked: MaskedColumns(request.maskedColumns), includesComments: request.includesComments,
            includesLabels: request.includesLabels)
        line = RelationLine(catalogue: index.catalogue, style: style)
        bytesMax = max(0, min(request.budgetTokens, 1 << 40)) * TokenEstimate.bytesPerToken
    }

    consuming func grounding() -> Grounding {
        let total = index.visible.count
        let reserve = choice.chosen.count < total ? min(Self.namesBytes, bytesMax / 5) + Self.tailBytes : 0
        let matcher = ColumnMatcher(Question(request.question).stems)
        for (place, reason) in choice.chosen { add(place, reason, matcher, bytesMax - reserve) }
        let named = addNames(total)
        return Grounding(
            relations: relations, text: text, tokens: TokenEstimate.tokens(text), omitted: total - relations.count - named,
            total: total, maskedCount: maskedCount)
    }

    // MARK: Described

    private mutating func add(_ place: Int, _ reason: Grounding.Reason, _ matcher: ColumnMatcher, _ limit: Int) {
        let left = limit - text.utf8.count - 1
        let relation = index.catalogue.relations[place]
        // Before it is written: a thousand columns never fit where a hundred do not.
        if relation.columns.count <= max(left / 4, Self.columnsWide), take(line.write(place), place, reason, left) { return }
        var columns = important(relation, matcher)
        while true {
            if take(line.write(place, columns: columns), place, reason, left) { return }
            guard columns.count > 1 else { return }
            columns = Array(columns.prefix(columns.count / 2))
        }
    }

    private mutating func take(_ written: RelationLine.Written, _ place: Int, _ reason: Grounding.Reason, _ left: Int) -> Bool {
        guard written.text.utf8.count <= left else { return false }
        text += written.text + "\n"
        maskedCount += written.maskedCount
        relations.append(.init(place: place, reason: reason, omittedColumns: written.omittedColumns))
        return true
    }

    /// Keys and columns that fit the question, in the relation's order; where there are none, its first.
    private func important(_ relation: CatalogueRelation, _ matcher: ColumnMatcher) -> [Int] {
        var keys = Set(relation.primaryKey?.columns ?? [])
        let matched = Set(matcher.columns(of: relation).prefix(Self.columnsWide))
        for key in relation.foreignKeys.prefix(Self.columnsWide) { keys.formUnion(index.catalogue.foreignKeys[key].columns) }
        let places = relation.columns.indices.filter { matched.contains($0) || keys.contains(relation.columns[$0].name) }
        // Halving keeps the front: what fits the question comes first.
        let ordered = places.filter { matched.contains($0) } + places.filter { !matched.contains($0) }
        return ordered.isEmpty ? Array(relation.columns.indices.prefix(8)) : ordered
    }

    // MARK: Named

    /// Adds names of others as far as they fit, and says how many more there are. Answers how many were named.
    private mutating func addNames(_ total: Int) -> Int {
        let described = Set(relations.map(\.place))
        let left = total - described.count
        guard left > 0 else { return 0 }
        let limit = bytesMax - Self.tailBytes
        var names = ""
        var seen = described
        var count = 0
        let heading = "other tables: "
        for place in choice.chosen.map(\.place) + choice.others + index.visible where seen.insert(place).inserted {
            let name = (count == 0 ? heading : ", ") + line.style.name(index.catalogue.relations[place])
            guard text.utf8.count + names.utf8.count + name.utf8.count + 1 <= limit else { break }
            names += name
            count += 1
        }
        if count > 0 { text += names + "\n" }
        if count < left {
            let tail = "and \(left - count) more tables: use search_schema\n"
            if text.utf8.count + tail.utf8.count <= bytesMax { text += tail }
        }
        return count
    }
}
