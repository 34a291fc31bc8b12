public import Databases

extension PlainIntent {
    /// What a question asks.
    ///
    /// - Parameters:
    ///   - index: the schema; without it questions about a relation are ``needsSchema``.
    ///   - engine: whose SQL a statement in the question is in.
    public static func recognise(_ question: String, index: SchemaIndex?, engine: Databases.DatabaseType) -> PlainIntent {
        if let statement = PlainStatement(in: question, engine) {
            return statement.isToExplain ? .explain(sql: statement.sql) : .statement(sql: statement.sql)
        }
        guard let words = PlainWords(question, index: index), !words.tokens.isEmpty else {
            return .unknown(suggestions: PlainSuggestions.questions(question, index))
        }
        let mentions = index.map { RelationMentions(words.tokens, $0) }
        var missing: PlainIntent?
        for rule in PlainRule.all {
            switch PlainMatch(rule, words, mentions, index).result() {
            case .intent(let intent): return intent
            // Another rule may find all of it.
            case .missing(let intent): missing = missing ?? intent
            case nil: continue
            }
        }
        return missing ?? .unknown(suggestions: PlainSuggestions.questions(question, index))
    }

    /// The same, for a catalogue whose index nobody keeps. Building one takes longer than all else here.
    public static func recognise(_ question: String, catalogue: Catalogue?, engine: Databases.DatabaseType) -> PlainIntent {
        recognise(question, index: catalogue.map(SchemaIndex.init), engine: engine)
    }
}

/// Questions that would be understood.
enum PlainSuggestions {
    /// With a relation that the question has words of, or else one that is likely to be meant.
    static func questions(_ question: String, _ index: SchemaIndex?) -> [String] {
        var questions = ["What tables are there?"]
        if let index, let place = relation(question, index) {
            let name = SafeLine.text(index.qualifiedName(place), bytesMax: 120)
            questions += ["Describe \(name)", "How many rows are in \(name)?", "Show me 10 rows of \(name)"]
            if let other = index.links.neighbours(of: place).first {
                questions.append("How are \(name) and \(SafeLine.text(index.qualifiedName(other), bytesMax: 120)) related?")
            }
        }
        return questions + ["What are the slowest queries?", "Why did my last query fail?"]
    }

    private static func relation(_ question: String, _ index: SchemaIndex) -> Int? {
        let places = RelationChooser(index, GroundingRequest(question: question, budgetTokens: 0, engine: .postgresql)).choose()
        return places.chosen.first?.place
    }
}
