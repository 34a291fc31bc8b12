import Databases

/// Answers that the catalogue gives.
extension PlainAnswer {
    private var catalogue: Catalogue { index.catalogue }

    func list(_ kind: PlainIntent.Kind, _ schema: String?) -> String {
        let places = index.visible.filter { place in
            let relation = catalogue.relations[place]
            let isView = relation.kind == .view || relation.kind == .materializedView
            return (kind == .all || isView == (kind == .view)) && (schema.map { $0.hasSameBytes(as: relation.schema) } ?? true)
        }
        let noun = kind == .view ? "view" : kind == .table ? "table" : "table or view"
        let plural = kind == .all ? "tables and views" : noun + "s"
        let place = schema.map { "the schema \(Markdown.code($0))" } ?? "the database"
        guard !places.isEmpty else { return "There are no \(plural) in \(place) that the project's user may see." }
        let rows = places.prefix(Self.listMax).map { place in
            let relation = catalogue.relations[place]
            return [
                Markdown.cellCode(index.qualifiedName(place)), RelationDescription.word(relation.kind),
                relation.rowEstimate.map { "~" + Markdown.grouped($0) } ?? "",
                relation.comment.map { Markdown.plain($0, bytesMax: 120) } ?? "",
            ]
        }
        var text = "There \(places.count == 1 ? "is" : "are") \(Markdown.count(places.count, noun, plural)) in \(place).\n\n"
        text += Markdown.table(["name", "kind", "rows", "comment"], rows)
        if places.count > Self.listMax { text += "\n\n\(Markdown.grouped(places.count - Self.listMax)) more are not shown." }
        return text
    }

    func describe(_ place: Int) -> String {
        let relation = catalogue.relations[place]
        var text =
            "\(name(place)) is a \(RelationDescription.word(relation.kind)) with \(Markdown.count(relation.columns.count, "column"))"
        if let rows = relation.rowEstimate { text += " and about \(Markdown.count(rows, "row"))" }
        text += "."
        if let comment = relation.comment { text += " \(Markdown.plain(comment, bytesMax: 500))" }
        text += "\n\n" + columnTable(relation)
        var facts: [String] = []
        if let key = relation.primaryKey { facts.append("Primary key: \(Markdown.names(key.columns)).") }
        for key in relation.uniqueKeys.prefix(10) { facts.append("Unique: \(Markdown.names(key.columns)).") }
        for key in relation.foreignKeys.prefix(20) { facts.append("Refers to \(link(catalogue.foreignKeys[key])).") }
        let from = relation.referencedBy.map { catalogue.foreignKeys[$0].from }.filter { $0 != place }
        if !from.isEmpty { facts.append("Referred to by \(Markdown.names(from.map { index.qualifiedName($0) })).") }
        if !relation.indexes.isEmpty { facts.append("\(Markdown.count(relation.indexes.count, "index", "indexes")).") }
        return facts.isEmpty ? text : text + "\n\n" + facts.map { "- \($0)" }.joined(separator: "\n")
    }

    func columns(_ place: Int) -> String {
        let relation = catalogue.relations[place]
        guard !relation.columns.isEmpty else { return "\(name(place)) has no columns that the project's user may see." }
        return "\(name(place)) has \(Markdown.count(relation.columns.count, "column")).\n\n" + columnTable(relation)
    }

    private func columnTable(_ relation: CatalogueRelation) -> String {
        let keys = Set(relation.primaryKey?.columns ?? [])
        let rows = relation.columns.prefix(Self.columnsMax).map { column in
            var notes = keys.contains(column.name) ? ["primary key"] : column.isNullable ? [] : ["not null"]
            if let labels = column.labels {
                notes.append("one of " + labels.prefix(20).map { Markdown.plain($0, bytesMax: 40) }.joined(separator: ", "))
            }
            if let comment = column.comment { notes.append(Markdown.plain(comment, bytesMax: 200)) }
            return [Markdown.cellCode(column.name), Markdown.plain(RelationLine.type(column)), notes.joined(separator: "; ")]
        }
        let table = Markdown.table(["column", "type", "notes"], rows)
        let more = relation.columns.count - Self.columnsMax
        return more > 0 ? "\(table)\n\n\(more) more columns are not shown." : table
    }

    private func link(_ key: CatalogueForeignKey) -> String {
        let target = index.qualifiedName(key.to)
        return "\(Markdown.code(target)): \(Markdown.code(key.columns.joined(separator: ", "))) is its "
            + Markdown.code(key.toColumns.joined(separator: ", "))
    }

    func withColumn(_ name: String) -> String {
        let wanted = Words.folded(SQLName.parts(name).last ?? name)
        let stems = Words.stems(wanted)
        var exact: [(Int, String)] = []
        var like: [(Int, String)] = []
        for place in index.visible {
            for column in catalogue.relations[place].columns {
                let words = Words.stems(column.name)
                if Words.folded(column.name) == wanted || words == stems {
                    exact.append((place, column.name))
                } else if !stems.isEmpty, stems.allSatisfy(words.contains) {
                    like.append((place, column.name))
                }
            }
        }
        let found = exact.isEmpty ? like : exact
        guard !found.isEmpty else { return "No table or view has a column \(Markdown.code(name))." }
        let noun = Markdown.count(Set(found.map(\.0)).count, "table or view", "tables and views")
        let how =
            exact.isEmpty
            ? "No column is called \(Markdown.code(name)) exactly; \(noun) have one with these words"
            : "\(noun) with a column \(Markdown.code(name))"
        var lines = found.prefix(Self.listMax).map { "- \(self.name($0.0)): \(Markdown.code($0.1))" }
        if found.count > Self.listMax { lines.append("- and \(Markdown.grouped(found.count - Self.listMax)) more") }
        return "\(how):\n\n" + lines.joined(separator: "\n")
    }

    func related(_ start: Int, _ end: Int) -> String {
        let style = SchemaStyle(engine: engine)
        guard let joins = JoinText.path(from: start, to: end, in: index, style: style) else {
            return "No foreign keys lead from \(name(start)) to \(name(end)), not even through other tables."
        }
        if start == end { return relations(of: start) }
        let between = (index.links.way(start, end, stepsMax: 8) ?? []).dropLast()
        let how = between.isEmpty ? "by a foreign key" : "through \(Markdown.names(between.map { index.qualifiedName($0) }))"
        return "\(name(start)) and \(name(end)) are related \(how). To join them:\n\n" + Markdown.sql("SELECT *\n\(joins)")
    }

    func relations(of place: Int) -> String {
        let relation = catalogue.relations[place]
        var lines = relation.foreignKeys.prefix(Self.listMax).map { "- refers to \(link(catalogue.foreignKeys[$0]))" }
        for key in relation.referencedBy.prefix(Self.listMax).map({ catalogue.foreignKeys[$0] }) where key.from != place {
            lines.append("- is referred to by \(Markdown.code(index.qualifiedName(key.from))): \(Markdown.names(key.columns))")
        }
        guard !lines.isEmpty else { return "\(name(place)) has no foreign keys, and none lead to it." }
        return "\(name(place)):\n\n" + lines.joined(separator: "\n")
    }

    func largest(_ limit: Int) -> String {
        let relations = catalogue.relations
        let known = index.visible.filter { relations[$0].sizeBytes != nil || relations[$0].rowEstimate != nil }
        guard !known.isEmpty else {
            return "The database does not say how large its tables are. Ask how many rows one of them has."
        }
        func size(_ place: Int) -> (Int, Int) { (relations[place].sizeBytes ?? -1, relations[place].rowEstimate ?? -1) }
        let best = known.sorted { size($0) == size($1) ? $0 < $1 : size($0) > size($1) }.prefix(limit)
        let rows = best.map { place in
            [
                Markdown.cellCode(index.qualifiedName(place)), relations[place].sizeBytes.map(Self.bytes) ?? "",
                relations[place].rowEstimate.map { "~" + Markdown.grouped($0) } ?? "",
            ]
        }
        return
            "The largest of \(Markdown.count(index.visible.count, "table or view", "tables and views")), by the database's own estimates:\n\n"
            + Markdown.table(["name", "size", "rows"], rows)
    }

    static func bytes(_ bytes: Int) -> String {
        let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(bytes) bytes" : "\(tenths(value)) \(units[unit])"
    }

    static func tenths(_ value: Double) -> String {
        let rounded = (value * 10).rounded()
        guard rounded.magnitude < 1e15 else { return "\(value)" }
        return "\(Markdown.grouped(Int(rounded / 10))).\(Int(rounded.magnitude.truncatingRemainder(dividingBy: 10)))"
    }
}
