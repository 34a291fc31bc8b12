import Databases

/// One relation with all that is known of it, a fact a line.
struct RelationDescription {
    private static let labelsMax = 50
    private static let commentBytesMax = 400
    private static let expressionBytesMax = 300
    private static let listMax = 40

    let catalogue: Catalogue
    let style: SchemaStyle
    let place: Int

    private var relation: CatalogueRelation { catalogue.relations[place] }

    static func word(_ kind: CatalogueRelation.Kind) -> String {
        switch kind {
        case .table: "table"
        case .partitionedTable: "partitioned table"
        case .view: "view"
        case .materializedView: "materialized view"
        case .foreignTable: "foreign table"
        case .virtualTable: "virtual table"
        }
    }

    func write(to lines: inout TextLines) {
        let relation = relation
        var head = "\(Self.word(relation.kind)) \(style.name(relation))"
        if let rows = relation.rowEstimate { head += " ~\(rows) rows" }
        if let parent = relation.partitionOf { head += " (partition of \(SafeLine.text(parent, bytesMax: 200)))" }
        lines.add(head + style.comment(relation.comment, bytesMax: Self.commentBytesMax))
        lines.add("columns:")
        for (offset, column) in relation.columns.enumerated() {
            guard lines.add("  " + self.column(column), keeping: 40) else {
                lines.add("  … \(relation.columns.count - offset) more columns")
                return
            }
        }
        for fact in facts() { lines.add(fact) }
    }

    private func column(_ column: CatalogueColumn) -> String {
        let name = SQLName.written(column.name, style.engine)
        guard !style.isMasked(column, of: relation) else { return "\(name) \(MaskedColumns.mark)" }
        var text = "\(name) \(RelationLine.type(column))"
        if !column.isNullable { text += " not null" }
        if let generation = column.generation { text += " \(generation.rawValue)" }
        if let expression = column.defaultExpression {
            text += " default \(SafeLine.text(expression, bytesMax: Self.expressionBytesMax))"
        }
        if style.includesLabels, let labels = column.labels { text += " " + RelationLine.labels(labels, max: Self.labelsMax) }
        return text + style.comment(column.comment, bytesMax: Self.commentBytesMax)
    }

    private func facts() -> [String] {
        let relation = relation
        var facts: [String] = []
        if let key = relation.primaryKey { facts.append("primary key (\(names(key.columns)))") }
        for key in relation.uniqueKeys.prefix(Self.listMax) { facts.append("unique (\(names(key.columns)))") }
        for key in relation.foreignKeys.prefix(Self.listMax) { facts.append("foreign key " + link(catalogue.foreignKeys[key])) }
        for key in relation.referencedBy.prefix(Self.listMax) where catalogue.foreignKeys[key].from != place {
            facts.append("referenced by " + link(catalogue.foreignKeys[key]))
        }
        for index in relation.indexes.prefix(Self.listMax) where !index.isPrimary {
            // A column in the list tells its name only; an expression or a condition could tell its values.
            let expressions = index.columns.filter { $0.contains("(") } + [index.predicate ?? ""]
            guard !expressions.contains(where: mentionsMasked) else { continue }
            let condition = index.predicate.map { " where \(SafeLine.text($0, bytesMax: Self.expressionBytesMax))" } ?? ""
            let columns = index.columns.map { SafeLine.text($0, bytesMax: Self.expressionBytesMax) }.joined(separator: ", ")
            facts.append("\(index.isUnique ? "unique " : "")index (\(columns))\(condition)")
        }
        for check in relation.checks.prefix(Self.listMax) where !mentionsMasked(check.expression) {
            facts.append("check \(SafeLine.text(check.expression, bytesMax: Self.expressionBytesMax))")
        }
        return facts
    }

    private func names(_ columns: [String]) -> String {
        columns.map { SQLName.written($0, style.engine) }.joined(separator: ", ")
    }

    private func link(_ key: CatalogueForeignKey) -> String {
        "\(style.name(catalogue.relations[key.from]))(\(names(key.columns))) -> "
            + "\(style.name(catalogue.relations[key.to]))(\(names(key.toColumns)))"
    }

    /// Whether an expression has the name of a masked column, or a part of another name that is spelt so.
    private func mentionsMasked(_ expression: String) -> Bool {
        guard !style.masked.isEmpty, !expression.isEmpty else { return false }
        let folded = expression.lowercased()
        return relation.columns.contains { style.isMasked($0, of: relation) && folded.contains($0.name.lowercased()) }
    }
}
