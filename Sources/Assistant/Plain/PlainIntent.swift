/// What a question asks, understood without a model: by fixed rules, so that the same words always mean the same.
///
/// Relations are places in the catalogue. A question that says more than a rule knows is ``unknown(suggestions:)``: "how many orders
/// were placed last week" must not be answered with the number of all orders.
public enum PlainIntent: Sendable, Equatable {
    public enum Kind: String, Sendable { case all, table, view }

    /// Which tables or views there are, in a schema if one is named.
    case listRelations(Kind, schema: String?)
    /// Everything about a relation.
    case describe(Int)
    /// Its columns only.
    case columns(Int)
    /// Which relations have a column of this name.
    case relationsWithColumn(String)
    /// How two relations are joined.
    case related(Int, Int)
    /// What a relation is joined to.
    case relationsOf(Int)
    /// How many rows it has; ``PlainSQL/count(_:_:)`` asks.
    case rowCount(Int)
    /// Which relations are the largest.
    case largestRelations(limit: Int)
    /// Which of the project's statements take longest.
    case slowestQueries(limit: Int)
    /// Which of them run most.
    case mostFrequentQueries(limit: Int)
    /// Which failed lately.
    case recentErrors(limit: Int)
    /// Why the last one failed.
    case lastFailure
    /// A few rows; ``PlainSQL/sample(_:limit:_:)`` asks. From 1 to ``PlainSQL/sampleMax``.
    case sample(Int, limit: Int)
    /// The plan of a statement that the message has.
    case explain(sql: String)
    /// A statement and nothing else: offer to explain it, and to run it where it reads.
    case statement(sql: String)
    /// What can be asked.
    case capabilities
    /// It was asked about a relation that is not there; the nearest names.
    case noSuchRelation(name: String, nearest: [String])
    /// It was asked about a relation, and there is no schema to find it in.
    case needsSchema
    /// None of these; questions that would be understood, fit for what there is.
    case unknown(suggestions: [String])
}
