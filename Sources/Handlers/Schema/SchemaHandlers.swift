import Databases
import Protocol
import Security
import Store
import Threads

/// What databases have: relations, columns, keys, and how they hang together.
struct SchemaHandlers: SchemaAPI {
    let services: Services
    let projects: ProjectHandlers

    var limits: Limits { services.limits }

    /// The project's catalogue: what is kept, or read now.
    func catalogue(
        of project: StoredProject, _ identity: Identity, isDetailed: Bool, includesSystem: Bool = false
    ) async throws -> CatalogueCache.Loaded {
        let key = CatalogueCache.Key(
            pool: projects.poolKey(project), includesSystem: includesSystem, isDetailed: isDetailed)
        let (engine, userID) = (project.databaseType, identity.userID)
        let request = CatalogueRequest(
            isDetailed: isDetailed, includesSystem: includesSystem, relationsMax: limits.catalogueRelations,
            bytesMax: limits.catalogueBytes, timeoutMs: limits.queryTimeoutMs,
            marking: { $0.marked(user: userID, project: key.pool.projectID, in: engine) })
        let projects = projects
        return try await services.catalogues.catalogue(key) { () async throws(DatabaseError) in
            try await projects.withConnection(to: project) { connection throws(DatabaseError) in
                try await connection.catalogue(request, of: engine)
            }
        }
    }

    func refresh(_ params: SchemaRefreshParams, _ context: RequestContext) async throws -> SchemaRefreshResult {
        let identity = try context.identity()
        let project = try await projects.toRunOn(params.projectId, identity)
        services.catalogues.invalidate(projectID: project.id)
        let beganNs = Monotonic.nowNs
        let catalogue = try await catalogue(of: project, identity, isDetailed: true).catalogue
        return SchemaRefreshResult(
            schemas: catalogue.schemas.count, relations: catalogue.relations.count,
            columns: catalogue.relations.reduce(0) { $0 + $1.columns.count },
            indexes: catalogue.relations.reduce(0) { $0 + $1.indexes.count }, foreignKeys: catalogue.foreignKeys.count,
            durationMs: Double((Monotonic.nowNs - beganNs) / 1000) / 1000, truncated: catalogue.isTruncated)
    }

    func describe(_ params: SchemaDescribeParams, _ context: RequestContext) async throws -> SchemaDescribeResult {
        let identity = try context.identity()
        let project = try await projects.toRunOn(params.projectId, identity)
        let name = RelationName(name: params.relation, schema: params.schema)
        let loaded = try await catalogue(
            of: project, identity, isDetailed: true, includesSystem: name.isOfSystem(project.databaseType))
        let found = try CatalogueLookup(loaded.catalogue).find(name, member: "relation")
        let others = found.others.map { loaded.catalogue.relations[$0].schema }
        return SchemaDescribeResult(
            relation: CatalogueWire(loaded.catalogue, project.databaseType).relation(found.place, .full),
            alsoIn: others.isEmpty ? nil : others, ageMs: loaded.ageMs)
    }
}
