import Databases
import Protocol
import Store

/// schema.search: words in names and comments.
extension SchemaHandlers {
    func search(_ params: SchemaSearchParams, _ context: RequestContext) async throws -> SchemaSearchResult {
        let identity = try context.identity()
        let project = try await projects.toRunOn(params.projectId, identity)
        let loaded = try await catalogue(of: project, identity, isDetailed: true)
        let catalogue = loaded.catalogue
        guard let search = CatalogueSearch(params.query, in: catalogue) else {
            throw RPCError.invalid("query", "must have a letter or a digit.")
        }
        let hits = try search.hits()
        let wire = CatalogueWire(catalogue, project.databaseType)
        let items = hits.prefix(params.limit).map { hit in
            let relation = catalogue.relations[hit.relation]
            let column = hit.column.map { relation.columns[$0] }
            return SchemaHit(
                schema: relation.schema, relation: relation.name, kind: CatalogueWire.kind(relation.kind),
                identifier: wire.identifier(hit.relation), column: column?.name, type: column?.type,
                comment: column.map(\.comment) ?? relation.comment, match: hit.match, matchedIn: hit.place)
        }
        return SchemaSearchResult(
            items: Array(items), total: hits.count, ageMs: loaded.ageMs, truncated: catalogue.isTruncated)
    }
}
