import Protocol
import Security
import Store

/// query.running, query.subscribe and query.unsubscribe: a user's own queries as they run, on whatever connection.
extension QueryHandlers {
    func running(_ params: QueryRunningParams, _ context: RequestContext) async throws -> QueryRunningResult {
        let identity = try context.identity()
        let projectID = try identity.listed(params.projectId)
        let here = services.running.list(ofUser: identity.userID, projectID: projectID).map(\.wire)
        let nowMs = Timestamp.now()
        let elsewhere = try await services.store.liveQueriesElsewhere(userID: identity.userID, projectID: projectID)
            .map { RunningQuery($0, nowMs: nowMs) }
        guard !elsewhere.isEmpty else { return QueryRunningResult(items: here) }
        return QueryRunningResult(items: (here + elsewhere).sorted { ($0.startedAt, $0.queryId) < ($1.startedAt, $1.queryId) })
    }

    func subscribe(_ params: QuerySubscribeParams, _ context: RequestContext) async throws -> QuerySubscribeResult {
        let identity = try context.identity()
        let id = Identifier.make()
        let queries = services.running.subscribe(
            id, client: context.client, userID: identity.userID, projectID: try identity.listed(params.projectId))
        guard let queries else {
            throw RPCError(
                .busy, "This connection has \(limits.subscriptionsPerConnection) subscriptions; end one first.",
                .init(limit: "subscriptionsPerConnection"))
        }
        return QuerySubscribeResult(subscriptionId: id, running: queries.map(\.wire))
    }

    func unsubscribe(_ params: QueryUnsubscribeParams, _ context: RequestContext) async throws -> Empty {
        services.running.unsubscribe(params.subscriptionId.lowercased(), client: context.client)
        return Empty()
    }
}
