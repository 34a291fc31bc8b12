import Databases
import Protocol
import Store

/// schema.list: relations by schema, pattern and kind.
extension SchemaHandlers {
    /// Schemas told of with the first page.
    private static let schemasMax = 200

    func list(_ params: SchemaListParams, _ context: RequestContext) async throws -> SchemaListResult {
        let identity = try context.identity()
        if params.kinds?.isEmpty == true { throw RPCError.invalid("kinds", "must name a kind, or be left out.") }
        let project = try await projects.toRunOn(params.projectId, identity)
        let after = try params.cursor.map(RelationCursor.init)
        let loaded = try await catalogue(
            of: project, identity, isDetailed: params.detail == .full, includesSystem: params.includeSystem)
        let catalogue = loaded.catalogue
        let places = Self.matching(params, catalogue)
        var rest = places[...]
        if let after { rest = rest.drop { !after.precedes(catalogue.relations[$0]) } }
        let page = rest.prefix(params.limit)
        let wire = CatalogueWire(catalogue, project.databaseType)
        return SchemaListResult(
            items: page.map { wire.relation($0, params.detail) },
            nextCursor: page.count < rest.count ? page.last.map { RelationCursor(catalogue.relations[$0]).text } : nil,
            total: places.count, schemas: after == nil ? Self.schemas(catalogue) : nil, ageMs: loaded.ageMs,
            truncated: catalogue.isTruncated)
    }

    private static func matching(_ params: SchemaListParams, _ catalogue: Catalogue) -> [Int] {
        let pattern = params.pattern.map(NamePattern.init)
        let kinds = params.kinds.map(Set.init)
        return catalogue.relations.indices.filter { place in
            let relation = catalogue.relations[place]
            if let schema = params.schema, !schema.hasSameBytes(as: relation.schema) { return false }
            if let kinds, !kinds.contains(CatalogueWire.kind(relation.kind)) { return false }
            return pattern?.matches(schema: relation.schema, name: relation.name) ?? true
        }
    }

    private static func schemas(_ catalogue: Catalogue) -> [SchemaSummary] {
        var summaries = catalogue.schemas.prefix(schemasMax).map {
            SchemaSummary(name: $0.name, comment: $0.comment, relationCount: 0, default: $0.pathPosition != nil)
        }
        // Both are in the order of the names' bytes.
        var place = 0
        for relation in catalogue.relations {
            while place < summaries.count, summaries[place].name.precedesInBytes(relation.schema) { place += 1 }
            guard place < summaries.count else { break }
            if summaries[place].name.hasSameBytes(as: relation.schema) { summaries[place].relationCount += 1 }
        }
        return summaries
    }
}

/// A place in the list of relations: behind this name, whether there is still one of it or not.
struct RelationCursor {
    private let schema: String
    private let name: String

    init(_ relation: CatalogueRelation) {
        schema = relation.schema
        name = relation.name
    }

    /// Reads ``text``. Throws `invalid_params`.
    init(_ text: String) throws(RPCError) {
        let bytes = text.dropFirst().utf8.compactMap(Self.digit)
        var decoded: [UInt8] = []
        for index in stride(from: 0, to: bytes.count - 1, by: 2) { decoded.append(bytes[index] << 4 | bytes[index + 1]) }
        let parts = String(validating: decoded, as: UTF8.self)?.split(
            separator: "\u{0}", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.hasPrefix("n"), let parts, parts.count == 2 else { throw Self.invalid }
        schema = String(parts[0])
        name = String(parts[1])
        guard self.text.hasSameBytes(as: text) else { throw Self.invalid }
    }

    static var invalid: RPCError { .invalid("cursor", "is not a cursor of this list; begin again without one.") }

    /// In letters that a cursor may have, and NUL, which no name has, in between.
    var text: String {
        var text = "n"
        for byte in (schema + "\u{0}" + name).utf8 {
            text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return text
    }

    /// Whether a relation comes behind this place.
    func precedes(_ relation: CatalogueRelation) -> Bool {
        if schema.hasSameBytes(as: relation.schema) { return name.precedesInBytes(relation.name) }
        return schema.precedesInBytes(relation.schema)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
