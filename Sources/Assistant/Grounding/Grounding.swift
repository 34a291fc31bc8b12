/// The part of a schema that a model gets to see, and why.
public struct Grounding: Sendable, Equatable {
    /// Why a relation was chosen.
    public enum Reason: String, Sendable {
        /// The question names it.
        case named
        /// The question's words are in its names or comments.
        case matched
        /// Foreign keys link it to what was chosen, or it stands between two of them.
        case neighbour
        /// The user's own latest statements use it.
        case recent
        /// All there are were few enough.
        case whole
        /// Nothing fitted the question, and it is much used or large.
        case fallback
    }

    public struct Relation: Sendable, Equatable {
        /// Its place in ``Catalogue/relations``.
        public var place: Int
        public var reason: Reason
        /// How many of its columns the text leaves out.
        public var omittedColumns: Int
    }

    /// Those that the text describes, in its order.
    public var relations: [Relation]
    /// One line or more a relation, then names alone of others. Names and comments are the database's: wrap it in a ``Boundary``.
    public var text: String
    /// Of the text, by ``TokenEstimate``.
    public var tokens: Int
    /// How many relations the text neither describes nor names.
    public var omitted: Int
    /// How many relations there are, without the database's own.
    public var total: Int
    /// Whether the text describes every relation with all of its columns.
    public var isWhole: Bool { relations.count == total && relations.allSatisfy { $0.omittedColumns == 0 } }
    /// How many masked columns the text shows without what is known of them.
    public var maskedCount: Int
}
