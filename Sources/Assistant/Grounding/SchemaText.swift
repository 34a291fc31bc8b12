public import Databases

/// What the schema tools answer to a model. The texts hold names and comments of the database: wrap them in a ``Boundary``.
public enum SchemaText {
    /// The longest answer of a tool, if the caller sets no other.
    public static let bytesMax = 16 * 1024

    /// One relation with all that is known of it, for `describe_table`.
    ///
    /// Columns that do not fit are counted on a last line. A masked column's type, default, labels and comment are left out, and with
    /// them each check, index condition and the like that mentions its name.
    public static func describe(
        _ place: Int, in catalogue: Catalogue, style: SchemaStyle, bytesMax: Int = SchemaText.bytesMax
    ) -> String {
        var lines = TextLines(bytesMax: bytesMax)
        RelationDescription(catalogue: catalogue, style: style, place: place).write(to: &lines)
        return lines.text
    }

    /// Names with kinds and estimated rows, for `list_tables`.
    public static func list(
        _ index: SchemaIndex, _ request: AssistantToolCall.ListTables, style: SchemaStyle, bytesMax: Int = SchemaText.bytesMax
    ) -> String {
        let matching = request.matching.map(Words.folded)
        let schema = request.schema.map(Words.folded)
        let places = index.visible.filter { place in
            let relation = index.catalogue.relations[place]
            let isView = relation.kind == .view || relation.kind == .materializedView
            return (request.kind == .all || isView == (request.kind == .view))
                && (schema.map { Words.folded(relation.schema) == $0 } ?? true)
                && (matching.map { Words.folded(relation.name).contains($0) } ?? true)
        }
        guard !places.isEmpty else {
            return index.visible.isEmpty
                ? "The database has no tables that its user may see."
                : "No table or view fits; there are \(index.visible.count) in all."
        }
        var lines = TextLines(bytesMax: bytesMax)
        lines.add("\(places.count) \(places.count == 1 ? "relation" : "relations"):")
        for (offset, place) in places.enumerated() {
            guard lines.add(entry(index.catalogue.relations[place], style), keeping: 80) else {
                lines.add("… \(places.count - offset) more: narrow it with schema or matching, or use search_schema")
                break
            }
        }
        return lines.text
    }

    private static func entry(_ relation: CatalogueRelation, _ style: SchemaStyle) -> String {
        var text = style.name(relation)
        if relation.kind != .table { text += " (\(RelationDescription.word(relation.kind)))" }
        if let rows = relation.rowEstimate { text += " ~\(rows) rows" }
        return text + style.comment(relation.comment, bytesMax: 120)
    }

    /// What was found for words, for `search_schema`: each relation with the columns that fit.
    public static func search(
        _ index: SchemaIndex, _ query: String, style: SchemaStyle, limit: Int = 15, bytesMax: Int = SchemaText.bytesMax
    ) -> String {
        let hits = index.search(query, limit: limit)
        guard !hits.isEmpty else {
            return "Nothing in the names and comments fits \(ToolArguments.shown(query)). Try other words, or list_tables."
        }
        let line = RelationLine(catalogue: index.catalogue, style: style)
        var lines = TextLines(bytesMax: bytesMax)
        for hit in hits {
            let relation = index.catalogue.relations[hit.place]
            let keys = relation.columns.indices.filter {
                relation.primaryKey?.columns.contains(relation.columns[$0].name) ?? false
            }
            let columns = Array(Set(keys + hit.columns.prefix(12))).sorted()
            let written = line.write(hit.place, columns: columns.isEmpty ? Array(relation.columns.indices.prefix(4)) : columns)
            if !lines.add(written.text, keeping: 0) { break }
        }
        return lines.text
    }

    /// What a relation is joined to, for `relations` without a goal.
    public static func relations(of place: Int, in catalogue: Catalogue, style: SchemaStyle, bytesMax: Int = SchemaText.bytesMax)
        -> String
    {
        let relation = catalogue.relations[place]
        let joins = relation.foreignKeys + relation.referencedBy.filter { catalogue.foreignKeys[$0].from != place }
        guard !joins.isEmpty else { return "\(style.name(relation)) has no foreign keys, and none lead to it." }
        var lines = TextLines(bytesMax: bytesMax)
        for (offset, key) in joins.enumerated() {
            guard lines.add(JoinText.condition(catalogue.foreignKeys[key], catalogue, style), keeping: 30) else {
                lines.add("… \(joins.count - offset) more")
                break
            }
        }
        return lines.text
    }

    /// The shortest way from one relation to another by foreign keys, for `relations` with a goal: a FROM clause that is ready to use.
    public static func path(from start: Int, to end: Int, in index: SchemaIndex, style: SchemaStyle) -> String {
        let (from, to) = (style.name(index.catalogue.relations[start]), style.name(index.catalogue.relations[end]))
        guard let joins = JoinText.path(from: start, to: end, in: index, style: style) else {
            return "No foreign keys lead from \(from) to \(to)."
        }
        return joins
    }

    /// That there is no such relation, with the names that are much like it.
    public static func notFound(_ name: String, in index: SchemaIndex) -> String {
        let near = index.nearestPlaces(name, limit: 3).map { SafeLine.text(index.qualifiedName($0), bytesMax: 120) }
        let hint = near.isEmpty ? "Use search_schema or list_tables." : "Did you mean \(near.joined(separator: ", "))?"
        return "There is no table or view \(ToolArguments.shown(name)). \(hint)"
    }
}
