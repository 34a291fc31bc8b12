import Assistant
import Databases
import Logging
import Protocol
import Security
import Store

/// chat.approve and chat.decline: what a person decides, and no tool can.
extension ChatHandlers {
    func approve(_ params: ChatApproveParams, _ context: RequestContext) async throws -> QueryResult {
        let identity = try context.identity()
        let id = params.approvalId.lowercased()
        guard let approval = try await services.store.approval(id, userID: identity.userID) else { throw RPCError.notFound }
        let project = try await projects.toRunOn(approval.projectID, identity)
        guard !project.isReadOnly else { throw RPCError.projectIsReadOnly }
        // What is wrong with it is said before it is spent.
        let statement = try queries.statement(approval.sql, nil, timeoutMs: params.timeoutMs, .write)
        let queryID = Identifier.make()
        let redeemed = try await services.store.redeemApproval(
            id, userID: identity.userID, queryID: queryID, nowMs: Timestamp.now())
        guard redeemed != nil else {
            throw RPCError(
                .conflict, "The proposal was decided or has expired; ask the assistant for a new one.",
                .init(path: "params.approvalId"))
        }
        services.logger.info(
            "approved", metadata: ["approval": "\(id)", "user": "\(identity.userID)", "query": "\(queryID)"])
        let scope = TurnContext(
            services: services, projects: projects, queries: queries, schemas: schemas, request: context, identity: identity,
            project: project, mode: .answer, consent: Consent(project.assistant, isLocal: true), masked: MaskedColumns())
        return try await scope.write(statement, queryID: queryID)
    }

    func decline(_ params: ChatDeclineParams, _ context: RequestContext) async throws -> Empty {
        let identity = try context.identity()
        try await services.store.declineApproval(
            params.approvalId.lowercased(), userID: identity.userID, nowMs: Timestamp.now())
        return Empty()
    }

    func cancel(_ params: ChatCancelParams, _ context: RequestContext) async throws -> Empty {
        services.turns.cancel(threadID: params.threadId.lowercased(), userID: try context.identity().userID)
        return Empty()
    }
}
