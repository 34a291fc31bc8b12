import Databases

/// Joins as SQL.
enum JoinText {
    /// `orders.customer_id = customers.id`.
    static func condition(_ key: CatalogueForeignKey, _ catalogue: Catalogue, _ style: SchemaStyle) -> String {
        let (from, to) = (style.name(catalogue.relations[key.from]), style.name(catalogue.relations[key.to]))
        let pairs = zip(key.columns, key.toColumns).map { column, other in
            "\(from).\(SQLName.written(column, style.engine)) = \(to).\(SQLName.written(other, style.engine))"
        }
        return pairs.joined(separator: " AND ")
    }

    /// `FROM a JOIN b ON …`, along a shortest way; nil if there is none.
    static func path(from start: Int, to end: Int, in index: SchemaIndex, style: SchemaStyle) -> String? {
        let catalogue = index.catalogue
        guard let way = index.links.way(start, end, stepsMax: 8) else { return nil }
        var text = "FROM \(style.name(catalogue.relations[start]))"
        var last = start
        for place in start == end ? [end] : way {
            guard let key = link(last, place, catalogue) else { return nil }
            text +=
                "\nJOIN \(style.name(catalogue.relations[place])) ON \(condition(catalogue.foreignKeys[key], catalogue, style))"
            last = place
        }
        return text
    }

    /// The first foreign key between two relations, in either direction.
    static func link(_ one: Int, _ other: Int, _ catalogue: Catalogue) -> Int? {
        catalogue.relations[one].foreignKeys.first { catalogue.foreignKeys[$0].to == other }
            ?? catalogue.relations[one].referencedBy.first { catalogue.foreignKeys[$0].from == other }
    }
}
