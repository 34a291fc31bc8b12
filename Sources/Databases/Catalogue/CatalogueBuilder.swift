/// Puts a ``Catalogue`` together from the rows that an engine answers, in whatever order; keeps its bounds.
struct CatalogueBuilder: Sendable {
    /// A foreign key whose ends may not have been read yet.
    struct Link: Sendable {
        var name: String?
        var from: CatalogueName
        var columns: [String]
        var to: CatalogueName
        /// Empty means the primary key.
        var toColumns: [String]
        var onUpdate: CatalogueForeignKey.Action
        var onDelete: CatalogueForeignKey.Action
        /// Place among the others of the same relation.
        var number = 0
    }

    let request: CatalogueRequest
    private var catalogue = Catalogue()
    private var places: [CatalogueName: Int] = [:]
    /// The relation of the row before, which is mostly that of the next.
    private var latest: (name: CatalogueName, place: Int)?
    private var links: [Link] = []
    /// What an engine needs from one statement for the next.
    var notes = CatalogueNotes()

    init(_ request: CatalogueRequest) {
        self.request = request
        catalogue.isDetailed = request.isDetailed
    }

    /// Whether there is no room for more.
    var isFull: Bool { catalogue.bytes >= request.bytesMax }

    mutating func truncate() { catalogue.isTruncated = true }

    mutating func add(_ schema: CatalogueSchema) {
        catalogue.schemas.append(schema)
        count(100, schema.name, schema.comment)
    }

    /// Adds a relation under a key that later rows name it by.
    mutating func add(_ relation: CatalogueRelation, _ key: CatalogueName) {
        guard catalogue.relations.count < request.relationsMax, !isFull else { return truncate() }
        places[key] = catalogue.relations.count
        catalogue.relations.append(relation)
        count(500, relation.name, relation.comment)
    }

    mutating func add(_ column: CatalogueColumn, to key: CatalogueName) {
        change(key) { $0.columns.append(column) }
        count(MemoryLayout<CatalogueColumn>.stride, column.name, column.type, column.defaultExpression, column.comment)
    }

    mutating func add(_ index: CatalogueIndex, to key: CatalogueName) {
        change(key) { $0.indexes.append(index) }
        count(MemoryLayout<CatalogueIndex>.stride + 100, index.name, index.predicate)
    }

    mutating func add(_ check: CatalogueCheck, to key: CatalogueName) {
        change(key) { $0.checks.append(check) }
        count(MemoryLayout<CatalogueCheck>.stride, check.name, check.expression)
    }

    mutating func add(_ trigger: CatalogueTrigger, to key: CatalogueName) {
        change(key) { $0.triggers.append(trigger) }
        count(MemoryLayout<CatalogueTrigger>.stride + 50, trigger.name, trigger.definition)
    }

    /// Gives a view its query.
    mutating func define(_ key: CatalogueName, _ definition: String) {
        change(key) { $0.definition = definition }
        count(0, definition)
    }

    mutating func add(_ link: Link) {
        // Those whose ends are not both here are dropped at the end: they bear the names of what may not be seen.
        links.append(link)
        count(MemoryLayout<Link>.stride + 150, link.name)
    }

    /// Changes a relation, if it is one that was added.
    mutating func change(_ key: CatalogueName, _ body: (inout CatalogueRelation) -> Void) {
        guard let place = place(of: key) else { return }
        body(&catalogue.relations[place])
    }

    /// The names of columns by the engine's numbers; nil if one is not to be seen.
    mutating func columns(of key: CatalogueName, numbered numbers: [Int]) -> [String]? {
        guard let place = place(of: key) else { return nil }
        let columns = catalogue.relations[place].columns
        var names: [String] = []
        for number in numbers {
            guard let column = columns.first(where: { $0.number == number }) else { return nil }
            names.append(column.name)
        }
        return names
    }

    private mutating func place(of key: CatalogueName) -> Int? {
        if let latest, latest.name == key { return latest.place }
        guard let place = places[key] else { return nil }
        latest = (key, place)
        return place
    }

    /// Counts what was added, long texts with their memory.
    private mutating func count(_ bytes: Int, _ texts: String?...) {
        // Swift keeps up to fifteen bytes of a text in place.
        catalogue.bytes += texts.reduce(bytes) { sum, text in
            let length = text?.utf8.count ?? 0
            return length > 15 ? sum + length + 32 : sum
        }
        if isFull { catalogue.isTruncated = true }
    }

    // MARK: The end

    /// All that was added, in order.
    consuming func finish() -> Catalogue {
        for place in catalogue.relations.indices {
            catalogue.relations[place].columns.sort { $0.number < $1.number }
            catalogue.relations[place].indexes.sort { $0.name.precedesInBytes($1.name) }
        }
        catalogue.schemas.sort { $0.name.precedesInBytes($1.name) }
        sortRelations()
        link()
        return catalogue
    }

    private mutating func sortRelations() {
        let relations = catalogue.relations
        let order = relations.indices.sorted { left, right in
            let (left, right) = (relations[left], relations[right])
            if left.schema.hasSameBytes(as: right.schema) { return left.name.precedesInBytes(right.name) }
            return left.schema.precedesInBytes(right.schema)
        }
        var moved = [Int](repeating: 0, count: relations.count)
        for (new, old) in order.enumerated() { moved[old] = new }
        catalogue.relations = order.map { relations[$0] }
        places = places.mapValues { moved[$0] }
        latest = nil
    }

    private mutating func link() {
        var resolved: [(key: CatalogueForeignKey, number: Int)] = []
        for link in links {
            guard let from = places[link.from], let to = places[link.to] else { continue }
            var toColumns = link.toColumns
            if toColumns.isEmpty { toColumns = catalogue.relations[to].primaryKey?.columns ?? [] }
            guard toColumns.count == link.columns.count, !toColumns.isEmpty else { continue }
            let key = CatalogueForeignKey(
                name: link.name, from: from, columns: link.columns, to: to, toColumns: toColumns, onUpdate: link.onUpdate,
                onDelete: link.onDelete)
            resolved.append((key, link.number))
        }
        resolved.sort { left, right in
            if left.key.from != right.key.from { return left.key.from < right.key.from }
            if left.number != right.number { return left.number < right.number }
            return (left.key.name ?? "").precedesInBytes(right.key.name ?? "")
        }
        catalogue.foreignKeys = resolved.map(\.key)
        for (place, key) in catalogue.foreignKeys.enumerated() {
            catalogue.relations[key.from].foreignKeys.append(place)
            catalogue.relations[key.to].referencedBy.append(place)
        }
    }
}

/// What the statements of one engine tell each other.
struct CatalogueNotes: Sendable {
    /// PostgreSQL: labels of enumerated types, by their number.
    var labels: [Int: [String]] = [:]
    /// MySQL and MariaDB: the database of the connection.
    var database: String?
    var isMariaDB = false
    /// What happens on update and on delete, by schema, table and constraint.
    var rules: [CatalogueName: (onUpdate: String?, onDelete: String?)] = [:]
    /// Indexes and foreign keys whose columns come in rows of their own, until the last has come.
    var index: (key: CatalogueName, columns: [(number: Int, name: String)], index: CatalogueIndex)?
    var link: CatalogueBuilder.Link?
}
