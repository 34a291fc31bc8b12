import Databases
import Models
import Protocol
import Security
import Store

/// create, get, list, update, delete.
extension ProjectHandlers {
    func create(_ params: ProjectCreateParams, _ context: RequestContext) async throws -> WireProject {
        let identity = try context.identity()
        let type = Self.engine(params.databaseType)
        try check(params.connectionString, type)
        let nowMs = Timestamp.now()
        let id = Identifier.make(now: nowMs)
        let project = StoredProject(
            id: id, userID: identity.userID, name: params.name, description: params.description ?? "", databaseType: type,
            sealedConnectionString: seal(params.connectionString, project: id, user: identity.userID),
            isReadOnly: params.readOnly, createdAtMs: nowMs)
        do throws(StoreError) {
            try await services.store.createProject(project)
        } catch {
            throw error.code == .conflict ? Self.nameTaken : RPCError(error)
        }
        return wire(project)
    }

    func get(_ params: ProjectGetParams, _ context: RequestContext) async throws -> WireProject {
        wire(try await own(params.projectId, context.identity()))
    }

    func list(_ params: ProjectListParams, _ context: RequestContext) async throws -> ProjectListResult {
        let identity = try context.identity()
        let page = try await services.store.projects(
            userID: identity.userID,
            filter: ProjectFilter(
                databaseType: params.databaseType.map(Self.engine), text: params.text, ids: identity.scope.projectIDs),
            page: PageRequest(limit: params.limit, cursor: params.cursor))
        return ProjectListResult(items: page.items.map(wire), nextCursor: page.nextCursor)
    }

    func update(_ params: ProjectUpdateParams, _ context: RequestContext) async throws -> WireProject {
        let identity = try context.identity()
        guard
            params.name != nil || params.description != nil || params.connectionString != nil || params.readOnly != nil
                || params.assistant != nil
        else {
            throw RPCError.invalid("name", "or another member to change must be given.")
        }
        let project = try await own(params.projectId, identity)
        var change = ProjectChange(
            name: params.name, description: params.description, isReadOnly: params.readOnly,
            assistant: try params.assistant.map(assistant))
        if let connectionString = params.connectionString {
            try check(connectionString, project.databaseType)
            change.sealedConnectionString = seal(connectionString, project: project.id, user: identity.userID)
        }
        let changed: StoredProject?
        do throws(StoreError) {
            changed = try await services.store.updateProject(
                id: project.id, userID: identity.userID, change: change, nowMs: Timestamp.now())
        } catch {
            throw error.code == .conflict ? Self.nameTaken : RPCError(error)
        }
        guard let changed else { throw RPCError.notFound }
        if params.connectionString != nil {
            services.apply(.projectMoved(project.id))
        } else if params.readOnly == true, !project.isReadOnly {
            services.apply(.projectClosedToWrites(project.id))
        }
        return wire(changed)
    }

    func delete(_ params: ProjectDeleteParams, _ context: RequestContext) async throws -> Empty {
        let identity = try context.identity()
        let id = params.projectId.lowercased()
        if identity.reaches(id), try await services.store.deleteProject(id: id, userID: identity.userID) {
            services.apply(.projectDeleted(id))
        }
        return Empty()
    }

    private func assistant(_ change: AssistantChange) throws(RPCError) -> AssistantRecordChange {
        if let model = change.model, !model.isEmpty, !services.models.models.contains(where: { $0.name == model }) {
            throw .invalid("assistant.model", "is not the name of a model; chat.models lists them.")
        }
        return AssistantRecordChange(
            model: change.model, shareSchema: change.shareSchema, shareRows: change.shareRows,
            shareSamples: change.shareSamples, maskedColumns: change.maskedColumns, acceptedRights: change.acceptedRights)
    }

    private static var nameTaken: RPCError {
        RPCError(.conflict, "You have a project of this name; choose another.", .init(path: "params.name"))
    }
}
