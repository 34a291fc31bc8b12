import Databases
import Protocol
import Store

/// schema.relations: foreign keys, and paths along them.
extension SchemaHandlers {
    private static let pathDepth = 10

    func relations(_ params: SchemaRelationsParams, _ context: RequestContext) async throws -> SchemaRelationsResult {
        let identity = try context.identity()
        guard params.relation != nil || (params.to == nil && params.schema == nil && params.depth == nil) else {
            throw RPCError.invalid("relation", "must be given with to, schema or depth.")
        }
        guard params.to != nil || params.toSchema == nil else {
            throw RPCError.invalid("to", "must be given with toSchema.")
        }
        let project = try await projects.toRunOn(params.projectId, identity)
        let loaded = try await catalogue(of: project, identity, isDetailed: true)
        let catalogue = loaded.catalogue
        let lookup = CatalogueLookup(catalogue)
        let wire = CatalogueWire(catalogue, project.databaseType)
        let graph = JoinGraph(catalogue)
        var links = Array(catalogue.foreignKeys.indices)
        var path: JoinPath?
        if let name = params.relation {
            let start = try lookup.find(RelationName(name: name, schema: params.schema), member: "relation").place
            if let to = params.to {
                let end = try lookup.find(RelationName(name: to, schema: params.toSchema), member: "to").place
                let steps = graph.path(from: start, to: end, depth: params.depth ?? Self.pathDepth)
                path = steps.map { Self.path($0, from: start, graph, wire, catalogue) }
                links = steps?.map(\.foreignKey) ?? []
            } else {
                links = graph.foreignKeys(from: start, depth: params.depth ?? 1)
            }
        }
        let offset = try Self.offset(params.cursor)
        let page = links.dropFirst(offset).prefix(params.limit)
        let end = offset + page.count
        return SchemaRelationsResult(
            items: page.map(wire.foreignKey), nextCursor: end < links.count ? "f\(end)" : nil, total: links.count, path: path,
            ageMs: loaded.ageMs, truncated: catalogue.isTruncated)
    }

    private static func offset(_ cursor: String?) throws(RPCError) -> Int {
        guard let cursor else { return 0 }
        guard cursor.hasPrefix("f"), cursor.utf8.count <= 10, let offset = Int(cursor.dropFirst()), offset > 0 else {
            throw RelationCursor.invalid
        }
        return offset
    }

    private static func path(
        _ steps: [JoinGraph.Step], from start: Int, _ graph: JoinGraph, _ wire: CatalogueWire, _ catalogue: Catalogue
    ) -> JoinPath {
        var from = "FROM " + wire.identifier(start)
        let joins = steps.map { step in
            let condition = wire.condition(step.foreignKey)
            let alternatives = graph.alternatives(to: step).map(wire.condition)
            from += " JOIN \(wire.identifier(step.to)) ON \(condition)"
            return JoinStep(
                schema: catalogue.relations[step.to].schema, relation: catalogue.relations[step.to].name,
                identifier: wire.identifier(step.to), condition: condition,
                alternatives: alternatives.isEmpty ? nil : alternatives)
        }
        return JoinPath(from: from, steps: joins)
    }
}
