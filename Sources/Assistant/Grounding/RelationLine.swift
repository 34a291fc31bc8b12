import Databases

/// Writes a relation on one line: `orders(id bigint pk, customer_id bigint not null -> customers.id) -- Orders placed; ~1200 rows`.
struct RelationLine {
    private static let commentBytesMax = 160
    private static let columnCommentBytesMax = 80
    private static let labelsMax = 12

    let catalogue: Catalogue
    let style: SchemaStyle

    struct Written {
        var text: String
        var omittedColumns: Int
        var maskedCount: Int
    }

    /// - Parameter columns: places of those to write; all if nil.
    func write(_ place: Int, columns: [Int]? = nil) -> Written {
        let relation = catalogue.relations[place]
        let places = columns ?? Array(relation.columns.indices)
        var masked = 0
        var parts: [String] = []
        let links = singleLinks(of: relation)
        for index in places {
            let column = relation.columns[index]
            if style.isMasked(column, of: relation) {
                masked += 1
                parts.append("\(SQLName.written(column.name, style.engine)) \(MaskedColumns.mark)")
            } else {
                parts.append(self.column(column, of: relation, link: links[column.name]))
            }
        }
        let omitted = relation.columns.count - places.count
        if omitted > 0 { parts.append("… \(omitted) more columns") }
        parts += compositeKeys(of: relation)
        var text = "\(kind(relation))\(style.name(relation))(\(parts.joined(separator: ", ")))"
        var notes = style.comment(relation.comment, bytesMax: Self.commentBytesMax)
        if let rows = relation.rowEstimate { notes += (notes.isEmpty ? " -- " : "; ") + "~\(rows) rows" }
        text += notes
        return Written(text: text, omittedColumns: omitted, maskedCount: masked)
    }

    private func kind(_ relation: CatalogueRelation) -> String {
        switch relation.kind {
        case .table, .partitionedTable: ""
        case .view: "view "
        case .materializedView: "materialized view "
        case .foreignTable: "foreign table "
        case .virtualTable: "virtual table "
        }
    }

    private func column(_ column: CatalogueColumn, of relation: CatalogueRelation, link: String?) -> String {
        var text = "\(SQLName.written(column.name, style.engine)) \(Self.type(column))"
        let isKey = relation.primaryKey?.columns.contains(column.name) ?? false
        if isKey { text += " pk" }
        if !column.isNullable, !isKey { text += " not null" }
        if relation.uniqueKeys.contains(where: { $0.columns == [column.name] }) { text += " unique" }
        if let link { text += " -> \(link)" }
        if style.includesLabels, let labels = column.labels { text += " " + Self.labels(labels, max: Self.labelsMax) }
        if style.includesComments, let comment = column.comment {
            let line = SafeLine.text(comment, bytesMax: Self.columnCommentBytesMax)
            if !line.isEmpty { text += " /* \(line) */" }
        }
        return text
    }

    /// A type, without the labels that MySQL writes into it.
    static func type(_ column: CatalogueColumn) -> String {
        guard column.labels == nil || !column.type.contains("(") else {
            return String(SafeLine.text(column.type, bytesMax: 60).prefix { $0 != "(" })
        }
        return SafeLine.text(column.type, bytesMax: 60)
    }

    static func labels(_ labels: [String], max: Int) -> String {
        var parts = labels.prefix(max).map { SafeLine.text($0, bytesMax: 40) }
        if labels.count > max { parts.append("… \(labels.count - max) more") }
        return "[\(parts.joined(separator: "|"))]"
    }

    /// What each column alone refers to.
    private func singleLinks(of relation: CatalogueRelation) -> [String: String] {
        var links: [String: String] = [:]
        for place in relation.foreignKeys {
            let key = catalogue.foreignKeys[place]
            guard key.columns.count == 1, links[key.columns[0]] == nil else { continue }
            links[key.columns[0]] = target(key)
        }
        return links
    }

    private func target(_ key: CatalogueForeignKey) -> String {
        let names = key.toColumns.map { SQLName.written($0, style.engine) }
        let target = style.name(catalogue.relations[key.to])
        return names.count == 1 ? "\(target).\(names[0])" : "\(target)(\(names.joined(separator: ", ")))"
    }

    private func compositeKeys(of relation: CatalogueRelation) -> [String] {
        relation.foreignKeys.prefix(20).compactMap { place in
            let key = catalogue.foreignKeys[place]
            guard key.columns.count > 1 else { return nil }
            let names = key.columns.map { SQLName.written($0, style.engine) }
            return "(\(names.joined(separator: ", "))) -> \(target(key))"
        }
    }
}
