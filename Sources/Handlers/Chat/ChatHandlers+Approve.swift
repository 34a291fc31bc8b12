import Assistant
import Databases
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
        guard approval.state == .pending else { throw Self.decided(approval) }
        // What is wrong with it is said before it is spent.
        let statement = try queries.statement(approval.sql, nil, timeoutMs: params.timeoutMs, .write)
        let scope = TurnContext(
            services: services, projects: projects, queries: queries, schemas: schemas, request: context, identity: identity,
            project: project, mode: .answer, consent: Consent(project.assistant, isLocal: true), masked: MaskedColumns())
        return try await scope.write(statement, approvalID: id)
    }

    /// Why a proposal that was decided does not run: whoever approved it and had no answer, because the daemon or the connection went
    /// away, finds out here where to look.
    private static func decided(_ approval: ApprovalRecord) -> RPCError {
        let path = "params.approvalId"
        switch approval.state {
        case .approved:
            return RPCError(
                .conflict,
                "The proposal was approved already and is spent; what came of it is in query.get \(approval.queryID ?? "").",
                .init(path: path, hint: "If that says interrupted, look at the data before you ask for it again."))
        case .declined:
            return RPCError(.conflict, "The proposal was declined; ask the assistant for a new one.", .init(path: path))
        case .pending, .expired: return decided
        }
    }

    /// Of one that somebody else was quicker with, or whose time is over.
    static var decided: RPCError {
        RPCError(
            .conflict, "The proposal was decided or has expired; ask the assistant for a new one.",
            .init(path: "params.approvalId"))
    }

    func decline(_ params: ChatDeclineParams, _ context: RequestContext) async throws -> Empty {
        let identity = try context.identity()
        if identity.isOfProjects {
            let approval = try await services.store.approval(params.approvalId.lowercased(), userID: identity.userID)
            guard let approval, identity.reaches(approval.projectID) else { return Empty() }
        }
        try await services.store.declineApproval(
            params.approvalId.lowercased(), userID: identity.userID, nowMs: Timestamp.now())
        return Empty()
    }

    func cancel(_ params: ChatCancelParams, _ context: RequestContext) async throws -> Empty {
        try await stopTurn(params.threadId.lowercased(), try context.identity())
        return Empty()
    }
}
