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
            which = .queries(ids.map { $0.lowercased() })
        } else {
            guard params.projectId != nil || beforeMs != nil else {
                throw RPCError.invalid("queryIds", "is missing, and so are projectId and before: name one of them.")
            }
            which = .all(projectID: params.projectId?.lowercased(), beforeMs: beforeMs)
        }
        return QueryForgetResult(forgotten: try await services.store.forgetHistory(userID: identity.userID, which))
    }
}
