import Assistant
import Models
import Protocol
import Store

/// chat.context: what would be sent.
extension ChatHandlers {
    /// What a prompt is made for where no model is configured: a small one's window.
    private static let contextTokens = 8192
    private static let replyTokens = 1024

    func context(_ params: ChatContextParams, _ context: RequestContext) async throws -> ChatContextResult {
        try checkContent(params.content)
        let identity = try context.identity()
        let project = try await projects.toRunOn(params.projectId, identity)
        let model = try model(params.model, project)
        let threadID = params.threadId?.lowercased()
        if let threadID { try await checkThread(threadID, project, identity) }
        let scope = try scope(context, project, params.mode, model)
        let conversation =
            if let threadID {
                try await services.store.conversation(
                    threadID: threadID, userID: identity.userID, limit: TurnLog.conversationMax)
            } else { [ChatMessageRecord]() }
        let prompt = try await TurnPrompt(
            TurnPrompt.Request(
                question: params.content, conversation: conversation,
                isJSON: model?.settings.toolStyle == .json,
                contextTokens: model?.settings.contextTokens ?? Self.contextTokens,
                replyTokens: model?.settings.maxReplyTokens ?? Self.replyTokens), scope)
        let messages = prompt.messages.map(Self.wire)
        let tools = prompt.tools.reduce(0) { $0 + TokenEstimate.tokens(bytes: $1.definition.count) }
        return ChatContextResult(
            model: model?.settings.name, host: model?.settings.host, messages: messages,
            tools: prompt.tools.compactMap { ChatTool(rawValue: $0.rawValue) },
            tokens: messages.reduce(tools) { $0 + $1.tokens }, budgetTokens: prompt.budgetTokens,
            relations: prompt.relations, relationsOmitted: prompt.relationsOmitted, examplesUsed: prompt.examplesUsed,
            maskedColumns: prompt.maskedColumns, messagesCompacted: prompt.messagesCompacted,
            shareSchema: scope.consent.schema, shareRows: scope.consent.rows, shareSamples: scope.consent.samples)
    }

    private static func wire(_ message: Models.ChatMessage) -> ChatContextMessage {
        let (role, text): (ChatRole, String) =
            switch message {
            case .system(let text): (.system, text)
            case .user(let text): (.user, text)
            case .assistant(let text, _): (.assistant, text)
            case .tool(_, let content): (.tool, content)
            }
        return ChatContextMessage(role: role, text: text, tokens: Assistant.TokenEstimate.tokens(text))
    }
}
