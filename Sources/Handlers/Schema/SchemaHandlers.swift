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
        try await services.store.announce(.schemaChanged(projectID: project.id))
        let beganNs = Monotonic.nowNs
        let catalogue = try await catalogue(of: project, identity, isDetailed: true).catalogue
        return SchemaRefreshResult(
            schemas: catalogue.schemas.count, relations: catalogue.relations.count,
            columns: catalogue.relations.reduce(0) { $0 + $1.columns.count },
            indexes: catalogue.relations.reduce(0) { $0 + $1.indexes.count }, foreignKeys: catalogue.foreignKeys.count,
            durationMs: Double((Monotonic.nowNs - beganNs) / 1000) / 1000, truncated: catalogue.isTruncated)
    }

    /// Adds PostgreSQL's texts that are not part of what is kept, since making them takes locks: a view's query, and triggers with a
    /// condition. What is locked by somebody else is left out.
    private func define(_ relation: inout Relation, of project: StoredProject, _ identity: Identity) async throws {
        let isView = [.view, .materializedView].contains(relation.kind)
        let triggers = (relation.triggers ?? []).filter { $0.definition == nil }.map(\.name)
        guard isView || !triggers.isEmpty else { return }
        let (schema, name) = (relation.schema, relation.name)
        let (engine, userID, projectID) = (project.databaseType, identity.userID, projects.poolKey(project).projectID)
        let found = try await projects.withConnection(to: project) { connection async throws(DatabaseError) in
            let marking: @Sendable (Statement) -> Statement = { $0.marked(user: userID, project: projectID, in: engine) }
            let query = isView ? try await connection.viewDefinition(schema, name, marking: marking) : nil
            var texts: [String] = []
            for trigger in triggers {
                // Where one is locked, so is the next.
                guard let text = try await connection.triggerDefinition(trigger, of: schema, name, marking: marking) else {
                    break
                }
                texts.append(text)
            }
            return (query: query, texts: texts)
        }
        relation.definition = found.query
        for (trigger, text) in zip(triggers, found.texts) {
            guard let place = relation.triggers?.firstIndex(where: { $0.name.hasSameBytes(as: trigger) }) else { continue }
            relation.triggers?[place].definition = text
        }
    }

    func describe(_ params: SchemaDescribeParams, _ context: RequestContext) async throws -> SchemaDescribeResult {
        let identity = try context.identity()
        let project = try await projects.toRunOn(params.projectId, identity)
        let name = RelationName(name: params.relation, schema: params.schema)
        let loaded = try await catalogue(
            of: project, identity, isDetailed: true, includesSystem: name.isOfSystem(project.databaseType))
        let found = try CatalogueLookup(loaded.catalogue).find(name, member: "relation")
        let others = found.others.map { loaded.catalogue.relations[$0].schema }
        var relation = CatalogueWire(loaded.catalogue, project.databaseType).relation(found.place, .full)
        if project.databaseType == .postgresql { try await define(&relation, of: project, identity) }
        return SchemaDescribeResult(
            relation: relation,
            alsoIn: others.isEmpty ? nil : others, ageMs: loaded.ageMs)
    }
}
