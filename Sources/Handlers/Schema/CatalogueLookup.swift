import Databases
import Protocol

/// A relation as a request names it.
struct RelationName {
    var name: String
    var schema: String?

    /// Whether it can only be one of the database's own.
    func isOfSystem(_ engine: Databases.DatabaseType) -> Bool {
        let schema = (schema ?? name.split(separator: ".", maxSplits: 1).dropLast().first.map(String.init))?.lowercased()
        let folded = name.lowercased()
        switch engine {
        case .postgresql:
            return schema.map { $0.hasPrefix("pg_") || $0 == "information_schema" } ?? folded.hasPrefix("pg_")
        case .mysql: return ["information_schema", "mysql", "performance_schema", "sys"].contains(schema ?? "")
        case .sqlite: return folded.hasPrefix("sqlite_")
        }
    }
}

/// Finds relations by the names that people and programs write.
struct CatalogueLookup {
    private let catalogue: Catalogue

    init(_ catalogue: Catalogue) { self.catalogue = catalogue }

    /// Finds a relation as `schema.describe` says. Throws `not_found` with the nearest names.
    func find(_ name: RelationName, member: String) throws(RPCError) -> (place: Int, others: [Int]) {
        var places = places(name)
        if places.isEmpty, name.schema == nil { places = dotted(name.name) }
        guard let first = places.first else {
            let near = nearest(name.name)
            let hint = near.isEmpty ? "schema.list lists them all." : "Did you mean \(near.joined(separator: " or "))?"
            throw RPCError(
                .notFound, "The database has no such relation, or its user may not see it.",
                .init(path: "params.\(member)", hint: hint))
        }
        return (first, Array(places.dropFirst()))
    }

    /// Every relation of a name, the one that SQL means first.
    private func places(_ name: RelationName) -> [Int] {
        let schema = name.schema.map { wanted in
            let schemas = catalogue.schemas.map(\.name)
            return schemas.first { $0.hasSameBytes(as: wanted) } ?? schemas.first { $0.lowercased() == wanted.lowercased() }
                ?? wanted
        }
        let inSchema = catalogue.relations.indices.filter { place in
            schema.map { $0.hasSameBytes(as: catalogue.relations[place].schema) } ?? true
        }
        var found = inSchema.filter { catalogue.relations[$0].name.hasSameBytes(as: name.name) }
        if found.isEmpty {
            let folded = name.name.lowercased()
            found = inSchema.filter { catalogue.relations[$0].name.lowercased() == folded }
        }
        var positions: [String: Int] = [:]
        for schema in catalogue.schemas { positions[schema.name] = schema.pathPosition }
        return found.sorted { left, right in
            let (left, right) = (rank(left, positions), rank(right, positions))
            return left < right
        }
    }

    private func rank(_ place: Int, _ positions: [String: Int]) -> (Int, Int, Int) {
        let relation = catalogue.relations[place]
        return (relation.isOnPath ? 0 : 1, positions[relation.schema] ?? .max, place)
    }

    /// `schema.name`, at whichever dot there is such a schema.
    private func dotted(_ name: String) -> [Int] {
        for dot in name.indices where name[dot] == "." {
            let found = places(
                RelationName(name: String(name[name.index(after: dot)...]), schema: String(name[..<dot])))
            if !found.isEmpty { return found }
        }
        return []
    }

    /// At most three names that are much like this one.
    private func nearest(_ name: String) -> [String] {
        let wanted = String((name.split(separator: ".").last.map(String.init) ?? name).lowercased().prefix(100))
        let distanceMax = max(2, wanted.count / 4)
        var near: [(distance: Int, name: String)] = []
        for relation in catalogue.relations {
            let candidate = relation.name.lowercased()
            guard abs(candidate.utf8.count - wanted.utf8.count) <= distanceMax else { continue }
            let distance = EditDistance.between(candidate, wanted)
            if distance <= distanceMax { near.append((distance, relation.name)) }
        }
        return near.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map { $0.name.limited(toBytes: 100) }
    }
}
