import Assistant
import Models
import Protocol
import Security
import Store
import Threads

/// chat.send: a turn, from the message to the answer.
extension ChatHandlers {
    func send(_ params: ChatSendParams, _ context: RequestContext) async throws -> Protocol.ChatMessage {
        let turn = try await turn(params, context)
        try services.rates.take(.chatTurnsPerMinute, of: turn.context.identity.userID)
        let (stop, identity) = (TurnStop(), turn.context.identity)
        let running = Turn(
            threadID: turn.log.threadID, projectID: turn.log.projectID, userID: identity.userID, sessionID: identity.sessionID,
            connectionID: context.client.channel.connectionID, stop: stop.stop)
        let elsewhere = try await services.store.countTurnsElsewhere(userID: identity.userID)
        switch services.turns.begin(running, elsewhere: elsewhere) {
        case .began: break
        case .threadBusy:
            throw RPCError(
                .conflict, "A turn of this thread is running; wait for it or stop it with chat.cancel.",
                .init(path: "params.threadId"))
        case .tooMany:
            throw RPCError(
                .busy, "You have \(limits.chatTurnsPerUser) turns running; wait for one or stop one.",
                .init(limit: "chatTurnsPerUser", retryAfterMs: 1_000))
        }
        defer { services.turns.ended(running) }
        let task = Task { try await turn.run() }
        stop.stops { task.cancel() }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Everything that is checked before anything is kept.
    private func turn(_ params: ChatSendParams, _ context: RequestContext) async throws -> ChatTurn {
        if let token = params.partialResultToken, !token.isProgressToken {
            throw RPCError.invalid("partialResultToken", "must be a string or an integer.")
        }
        try checkContent(params.content)
        let identity = try context.identity()
        let project = try await projects.toRunOn(params.projectId, identity)
        let model = try model(params.model, project)
        let threadID = params.threadId?.lowercased() ?? Identifier.make()
        if params.threadId != nil { try await checkThread(threadID, project, identity) }
        let scope = try scope(context, project, params.mode, model)
        try await checkAgreements(scope, model)
        if model != nil { try await checkBudget(identity) }
        let conversation =
            params.threadId == nil
            ? []
            : try await services.store.conversation(threadID: threadID, userID: identity.userID, limit: TurnLog.conversationMax)
        let log = TurnLog(
            store: services.store, userID: identity.userID, projectID: project.id, threadID: threadID,
            mode: params.mode, createdAtMs: Timestamp.now(), conversation: conversation)
        let events = TurnEvents(
            channel: context.client.channel, token: params.partialResultToken, threadID: threadID, messageID: log.messageID)
        return ChatTurn(context: scope, model: model, events: events, log: log, request: params)
    }

    func checkContent(_ content: String) throws(RPCError) {
        guard content.utf8.count <= limits.chatContentBytes else {
            throw .invalid("content", "may have at most \(limits.chatContentBytes) bytes.", limit: "chatContentBytes")
        }
        guard content.contains(where: { !$0.isWhitespace }) else { throw .invalid("content", "must say something.") }
        guard !content.utf8.contains(0) else { throw .invalid("content", "must not contain a NUL character.") }
    }

    func checkThread(_ id: String, _ project: StoredProject, _ identity: Identity) async throws {
        let thread = try await services.store.thread(id, userID: identity.userID)
        guard let thread, thread.projectID == project.id else { throw RPCError.notFound }
    }

    /// What a turn may do in a project.
    func scope(
        _ context: RequestContext, _ project: StoredProject, _ mode: ChatMode, _ model: ModelClient?
    ) throws -> TurnContext {
        TurnContext(
            services: services, projects: projects, queries: queries, schemas: schemas, request: context,
            identity: try context.identity(), project: project, mode: mode,
            consent: Consent(project.assistant, isLocal: model?.settings.isLocal ?? true),
            masked: MaskedColumns(Set(project.assistant.maskedColumns)))
    }

    /// Throws `policy` where the owner has to agree to something first.
    private func checkAgreements(_ scope: TurnContext, _ model: ModelClient?) async throws {
        try await checkRights(scope)
        guard let model, !scope.consent.schema else { return }
        throw RPCError(
            .policy, "The project's schema may not be sent to \(model.settings.host); allow it with project.update.",
            .init(
                hint: "project.update {assistant: {shareSchema: true, shareRows: true}} lets the model see names and rows.",
                consent: .shareSchema))
    }

    private func checkRights(_ scope: TurnContext) async throws {
        let rights = try await projects.rights(of: scope.project) {
            $0.marked(user: scope.identity.userID, project: scope.project.id, in: scope.engine)
        }
        let accepted = scope.project.assistant.acceptedRights
        let unaccepted = rights.unaccepted(accepted)
        guard !unaccepted.isEmpty else { return }
        let names = unaccepted.joined(separator: ", ")
        // The list replaces the project's, so it has both.
        let all = accepted + unaccepted
        throw RPCError(
            .policy, "The database user has rights beyond its data: \(names); give the project a lesser user, or accept them.",
            .init(
                hint: "project.update {assistant: {acceptedRights: [\(all.map { "\"\($0)\"" }.joined(separator: ", "))]}}",
                consent: .acceptedRights(all)))
    }

    private func checkBudget(_ identity: Identity) async throws {
        guard limits.chatDayTokens > 0 else { return }
        let nowMs = Timestamp.now()
        let used = try await services.store.tokens(userID: identity.userID, day: Day.of(nowMs))
        guard used < limits.chatDayTokens else {
            throw RPCError(
                .budgetExceeded, "You have used today's \(limits.chatDayTokens) tokens; the count begins anew at midnight UTC.",
                .init(limit: "chatDayTokens", retryAfterMs: Int((Day.of(nowMs) + 1) * Day.ms - nowMs)))
        }
    }
}
