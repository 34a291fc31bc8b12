public import Databases

/// The statements that an answer without a model needs. Names come from the catalogue and are quoted, whatever is in them.
public enum PlainSQL {
    /// More rows than this are no sample.
    public static let sampleMax = 100

    /// How many rows a relation has. It reads all of it: run it with a time limit.
    public static func count(_ relation: CatalogueRelation, _ engine: Databases.DatabaseType) -> String {
        "SELECT count(*) AS \(SQLName.quoted("rows", engine)) FROM \(SQLName.quoted(relation, engine))"
    }

    /// A few rows of a relation, whichever come first.
    /// - Parameter limit: kept within 1 and ``sampleMax``.
    public static func sample(_ relation: CatalogueRelation, limit: Int, _ engine: Databases.DatabaseType) -> String {
        "SELECT * FROM \(SQLName.quoted(relation, engine)) LIMIT \(min(max(limit, 1), sampleMax))"
    }

    /// The statement that an intent needs to be answered; nil for those that need none.
    public static func statement(for intent: PlainIntent, in catalogue: Catalogue, _ engine: Databases.DatabaseType) -> String? {
        switch intent {
        case .rowCount(let place): count(catalogue.relations[place], engine)
        case .sample(let place, let limit): sample(catalogue.relations[place], limit: limit, engine)
        case .listRelations, .describe, .columns, .relationsWithColumn, .related, .relationsOf, .largestRelations,
            .slowestQueries,
            .mostFrequentQueries, .recentErrors, .lastFailure, .explain, .statement, .capabilities, .noSuchRelation, .needsSchema,
            .unknown:
            nil
        }
    }
}
