import Databases

/// Whether a question is one that a rule knows.
struct PlainMatch {
    enum Result {
        case intent(PlainIntent)
        /// It would be, if the relation were there.
        case missing(PlainIntent)
    }

    private let rule: PlainRule
    private let tokens: [PlainWords.Token]
    private let index: SchemaIndex?
    private let mentions: RelationMentions?
    /// Whether each token is a word of the rule.
    private let isAllowed: [Bool]

    private static let limitDefault = 10

    init(_ rule: PlainRule, _ words: PlainWords, _ mentions: RelationMentions?, _ index: SchemaIndex?) {
        self.mentions = mentions
        self.rule = rule
        self.index = index
        tokens = words.tokens
        isAllowed = words.tokens.map { token in
            !token.isQuoted && (rule.allows(token.stem) || rule.allows(token.folded) || (rule.takesLimit && token.number != nil))
        }
    }

    func result() -> Result? {
        guard !tokens.contains(where: { !$0.isQuoted && rule.never.contains($0.folded) }), isInOrder else { return nil }
        switch rule.slots {
        case .none: return withoutNames()
        case .column: return withColumn()
        case .relation: return withRelation()
        case .relations: return withRelations() ?? withRelation()
        }
    }

    private var isInOrder: Bool {
        guard let order = rule.order else { return true }
        let first = tokens.firstIndex { !$0.isQuoted && order.first.contains($0.stem) }
        let then = tokens.firstIndex { !$0.isQuoted && order.then.contains($0.stem) }
        guard let first, let then else { return true }
        return first < then
    }

    /// Whether all tokens but those of `spans` are words of the rule, and every group has one of them.
    private func fits(without spans: [Range<Int>]) -> Bool {
        var groups = Array(repeating: false, count: rule.groups.count)
        for place in tokens.indices where !spans.contains(where: { $0.contains(place) }) {
            guard isAllowed[place] else { return false }
            for (group, words) in rule.groups.enumerated()
            where words.contains(tokens[place].stem) || words.contains(tokens[place].folded) {
                groups[group] = true
            }
        }
        return groups.allSatisfy { $0 }
    }

    /// Tokens that are no words of the rule.
    private var unknown: [Int] { tokens.indices.filter { !isAllowed[$0] } }

    private var limit: Int {
        let number = tokens.first { $0.number != nil }?.number ?? Self.limitDefault
        return min(max(number, 1), PlainSQL.sampleMax)
    }

    // MARK: Rules without names

    private func withoutNames() -> Result? {
        switch rule.answer {
        case .list, .listViews: return list()
        default: break
        }
        guard fits(without: []) else { return nil }
        switch rule.answer {
        case .capabilities: return .intent(.capabilities)
        case .lastFailure: return .intent(.lastFailure)
        case .recentErrors: return .intent(.recentErrors(limit: limit))
        case .slowest: return .intent(.slowestQueries(limit: limit))
        case .frequent: return .intent(.mostFrequentQueries(limit: limit))
        case .largest: return .intent(.largestRelations(limit: limit))
        default: return nil
        }
    }

    /// Tables, or views, maybe of one schema.
    private func list() -> Result? {
        var schema: String?
        var spans: [Range<Int>] = []
        if let place = unknown.first, unknown.count == 1 {
            let wanted = Words.folded(tokens[place].text)
            schema = index?.catalogue.schemas.first { Words.folded($0.name) == wanted }?.name
            guard schema != nil else { return nil }
            spans = [place..<(place + 1)]
        }
        guard fits(without: spans) else { return nil }
        let hasTables = tokens.contains { PlainVocabulary.table.contains($0.stem) }
        let hasViews = tokens.contains { PlainVocabulary.view.contains($0.stem) }
        let kind: PlainIntent.Kind = hasViews && !hasTables ? .view : hasTables && !hasViews ? .table : .all
        return .intent(.listRelations(kind, schema: schema))
    }

    /// A name of at most three words.
    private func withColumn() -> Result? {
        var span: Range<Int>
        if let first = unknown.first, let last = unknown.last {
            span = first..<(last + 1)
            guard span.count <= 3 else { return nil }
        } else {
            // "a column called name": all are words of the rule.
            guard let last = tokens.indices.last, last > 0, PlainVocabulary.namers.contains(tokens[last - 1].stem) else {
                return nil
            }
            span = last..<(last + 1)
        }
        guard fits(without: [span]) else { return nil }
        let name = tokens[span].map(\.text).joined(separator: span.count > 1 ? " " : "")
        // "which tables have orders": only a name, and of a table.
        return .intent(.relationsWithColumn(name))
    }

    // MARK: Rules with relations

    private func withRelation() -> Result? {
        guard let index, let mentions else {
            guard unknown.count == 1, fits(without: [unknown[0]..<(unknown[0] + 1)]) else { return nil }
            return .missing(.needsSchema)
        }
        for mention in mentions.all(isAllowed) where fits(without: [mention.span]) {
            return .intent(intent(mention.place))
        }
        // Nothing else is unknown, so that must be the name.
        guard unknown.count == 1, let place = unknown.first, fits(without: [place..<(place + 1)]) else { return nil }
        let token = tokens[place]
        let nearest = index.nearest(token.text)
        guard !nearest.isEmpty || (token.isQuoted || isStrong) else { return nil }
        return .missing(.noSuchRelation(name: token.text, nearest: nearest))
    }

    /// Whether a rule's words can hardly mean anything else.
    private var isStrong: Bool {
        switch rule.answer {
        case .columns, .related: true
        case .describe: tokens.contains { PlainVocabulary.describers.contains($0.stem) }
        case .count, .sample: tokens.contains { PlainVocabulary.row.contains($0.stem) || PlainVocabulary.table.contains($0.stem) }
        default: false
        }
    }

    private func withRelations() -> Result? {
        guard let index, let mentions else {
            guard unknown.count == 2, fits(without: unknown.map { $0..<($0 + 1) }) else { return nil }
            return .missing(.needsSchema)
        }
        let all = mentions.all(isAllowed)
        for one in all {
            for other in all where !one.span.overlaps(other.span) && fits(without: [one.span, other.span]) {
                let isFirst = one.span.lowerBound < other.span.lowerBound
                return .intent(isFirst ? .related(one.place, other.place) : .related(other.place, one.place))
            }
        }
        // One is there and the other is not.
        for mention in all {
            let rest = unknown.filter { !mention.span.contains($0) }
            guard rest.count == 1, fits(without: [mention.span, rest[0]..<(rest[0] + 1)]) else { continue }
            return .missing(.noSuchRelation(name: tokens[rest[0]].text, nearest: index.nearest(tokens[rest[0]].text)))
        }
        return nil
    }

    private func intent(_ place: Int) -> PlainIntent {
        switch rule.answer {
        case .related: .relationsOf(place)
        case .count: .rowCount(place)
        case .columns: .columns(place)
        case .sample: .sample(place, limit: limit)
        default: .describe(place)
        }
    }
}

extension PlainVocabulary {
    /// Behind these stands a name.
    static let namers = set("column called named field name")
    /// Words that ask for a description of a table and little else.
    static let describers = set("describe desc structure schema definition table column ddl layout")
}
