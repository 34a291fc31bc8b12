public import Databases

/// Answers in plain sentences, as Markdown, from what was found out.
///
/// Every answer is fit to be shown (``SafeText``), whatever names, comments and rows hold. Rows are the user's own data on their way to
/// the user: masks are for models and do not apply.
public struct PlainAnswer: Sendable {
    /// Relations in a list at most; the answer counts the rest.
    static let listMax = 100
    static let columnsMax = 200

    let index: SchemaIndex
    let engine: Databases.DatabaseType

    public init(_ index: SchemaIndex, engine: Databases.DatabaseType) {
        self.index = index
        self.engine = engine
    }

    /// The answer to an intent. An outcome that does not belong to it is answered as if there were none.
    public func text(_ intent: PlainIntent, _ outcome: PlainOutcome = .none) -> String {
        if case .failed(let error) = outcome { return SafeText.neutralised(failed(error, intent)) }
        return SafeText.neutralised(answer(intent, outcome))
    }

    private func answer(_ intent: PlainIntent, _ outcome: PlainOutcome) -> String {
        switch intent {
        case .listRelations(let kind, let schema): list(kind, schema)
        case .describe(let place): describe(place)
        case .columns(let place): columns(place)
        case .relationsWithColumn(let name): withColumn(name)
        case .related(let start, let end): related(start, end)
        case .relationsOf(let place): relations(of: place)
        case .rowCount(let place): count(place, outcome)
        case .largestRelations(let limit): largest(limit)
        case .slowestQueries(let limit): statements(outcome, limit, "slowest", "take longest")
        case .mostFrequentQueries(let limit): statements(outcome, limit, "most frequent", "run most often")
        case .recentErrors(let limit): failures(outcome, limit)
        case .lastFailure: lastFailure(outcome)
        case .sample(let place, _): sample(place, outcome)
        case .explain(let sql): explain(sql, outcome)
        case .statement(let sql): statement(sql)
        case .capabilities: capabilities
        case .noSuchRelation(let name, let nearest): noSuch(name, nearest)
        case .needsSchema: "The schema has not been read, so names of tables cannot be found. Try again, or call schema.refresh."
        case .unknown(let suggestions): unknown(suggestions)
        }
    }

    func name(_ place: Int) -> String { Markdown.code(index.qualifiedName(place)) }

    private func failed(_ error: DatabaseError, _ intent: PlainIntent) -> String {
        var text = "The database did not answer: \(Markdown.plain(error.message, bytesMax: 1_000))"
        if let sql = PlainSQL.statement(for: intent, in: index.catalogue, engine) { text += "\n\n\(Markdown.sql(sql))" }
        if let hint = error.hint { text += "\n\nHint: \(Markdown.plain(hint, bytesMax: 1_000))" }
        return text
    }

    private func noSuch(_ name: String, _ nearest: [String]) -> String {
        let text = "There is no table or view \(Markdown.code(name)), or the project's user may not see it."
        return nearest.isEmpty ? "\(text) Ask what tables there are." : "\(text) Did you mean \(Markdown.names(nearest))?"
    }

    private var capabilities: String {
        let questions = [
            "What tables are there? Which views?", "Describe a table. What columns does it have?",
            "Which tables have a column of a name?",
            "How are two tables related?", "How many rows are in a table? Which tables are the largest?",
            "Show me 10 rows of a table",
            "What are the slowest, or the most frequent, queries?", "Why did my last query fail? What failed lately?",
            "Explain a statement: paste it",
        ]
        return "Without a model these questions are understood:\n\n" + questions.map { "- \($0)" }.joined(separator: "\n")
    }

    private func unknown(_ suggestions: [String]) -> String {
        guard !suggestions.isEmpty else { return "That is not understood without a model." }
        return "That is not understood without a model. What would be:\n\n"
            + suggestions.map { "- \(Markdown.plain($0))" }.joined(separator: "\n")
    }

    private func statement(_ sql: String) -> String {
        "This is a statement. Ask to explain it, or run it with query.run; in read mode nothing can be changed.\n\n\(Markdown.sql(sql))"
    }
}
