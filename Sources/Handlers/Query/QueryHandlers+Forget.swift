import Protocol
import Store

/// query.forget
extension QueryHandlers {
    func forget(_ params: QueryForgetParams, _ context: RequestContext) async throws -> QueryForgetResult {
        let identity = try context.identity()
        let beforeMs = try time(params.before, "before")
        let which: ForgottenQueries
        if let ids = params.queryIds {
            guard params.projectId == nil, params.before == nil else {
                throw RPCError.invalid("queryIds", "stands alone: leave out projectId and before.")
            }
            which = .queries(try await reached(ids.map { $0.lowercased() }, identity))
        } else {
            guard params.projectId != nil || beforeMs != nil else {
                throw RPCError.invalid("queryIds", "is missing, and so are projectId and before: name one of them.")
            }
            which = .all(projectID: try identity.listed(params.projectId), beforeMs: beforeMs)
        }
        return QueryForgetResult(forgotten: try await services.store.forgetHistory(userID: identity.userID, which))
    }

    /// Those of the user's queries that the token reaches.
    private func reached(_ ids: [String], _ identity: Identity) async throws -> [String] {
        guard identity.isOfProjects else { return ids }
        var reached: [String] = []
        for id in ids {
            let query = try await services.store.query(id: id, userID: identity.userID)
            if let query, identity.reaches(query.start.projectID) { reached.append(id) }
        }
        return reached
    }
}
