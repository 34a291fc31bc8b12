public import Databases

/// How a schema is written for a model.
public struct SchemaStyle: Sendable {
    /// How names are quoted that need it.
    public var engine: Databases.DatabaseType
    public var masked: MaskedColumns
    public var includesComments: Bool
    public var includesLabels: Bool

    public init(
        engine: Databases.DatabaseType, masked: MaskedColumns = MaskedColumns(), includesComments: Bool = true,
        includesLabels: Bool = true
    ) {
        self.engine = engine
        self.masked = masked
        self.includesComments = includesComments
        self.includesLabels = includesLabels
    }

    /// A relation's name as SQL needs it.
    func name(_ relation: CatalogueRelation) -> String {
        let name = SQLName.written(relation.name, engine)
        return relation.isOnPath ? name : "\(SQLName.written(relation.schema, engine)).\(name)"
    }

    func isMasked(_ column: CatalogueColumn, of relation: CatalogueRelation) -> Bool {
        masked.contains(schema: relation.schema, table: relation.name, column: column.name)
    }

    /// A comment on the line, behind dashes; empty without one.
    func comment(_ text: String?, bytesMax: Int) -> String {
        guard includesComments, let text else { return "" }
        let line = SafeLine.text(text, bytesMax: bytesMax)
        return line.isEmpty ? "" : " -- \(line)"
    }
}
