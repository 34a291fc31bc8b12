import Protocol
import Security
import Store

/// chat.threads, chat.history, chat.renameThread and chat.deleteThread.
extension ChatHandlers {
    func threads(_ params: ChatThreadsParams, _ context: RequestContext) async throws -> ChatThreadsResult {
        let identity = try context.identity()
        let page = try await services.store.threads(
            userID: identity.userID, projectID: try identity.listed(params.projectId),
            page: PageRequest(limit: params.limit, cursor: params.cursor))
        return ChatThreadsResult(items: page.items.map(Self.wire), nextCursor: page.nextCursor)
    }

    func history(_ params: ChatHistoryParams, _ context: RequestContext) async throws -> ChatHistoryResult {
        let identity = try context.identity()
        var threadID = params.threadId?.lowercased()
        if let named = threadID, !(try await reaches(thread: named, identity)) { threadID = Identity.nowhere }
        let isOfThread = threadID != nil && params.projectId == nil
        let page = try await services.store.messages(
            userID: identity.userID, threadID: threadID, projectID: isOfThread ? nil : try identity.listed(params.projectId),
            includesTools: params.tools, page: PageRequest(limit: params.limit, cursor: params.cursor))
        return ChatHistoryResult(
            items: try await wire(page.items, userID: identity.userID, nowMs: Timestamp.now()), nextCursor: page.nextCursor)
    }

    func renameThread(_ params: ChatRenameThreadParams, _ context: RequestContext) async throws -> ChatThread {
        let identity = try context.identity()
        guard !params.title.utf8.contains(0) else { throw RPCError.invalid("title", "must not contain a NUL character.") }
        guard try await reaches(thread: params.threadId.lowercased(), identity),
            let thread = try await services.store.renameThread(
                params.threadId.lowercased(), userID: identity.userID, title: params.title)
        else { throw RPCError.notFound }
        return Self.wire(thread)
    }

    /// The turn that runs in it is told to stop first; what it would still write finds no thread.
    func deleteThread(_ params: ChatDeleteThreadParams, _ context: RequestContext) async throws -> Empty {
        let identity = try context.identity()
        let id = params.threadId.lowercased()
        guard try await reaches(thread: id, identity) else { return Empty() }
        try await stopTurn(id, identity)
        try await services.store.deleteThread(id, userID: identity.userID)
        return Empty()
    }

    /// Asks the turn of a user's thread to stop, whichever daemon runs it.
    func stopTurn(_ threadID: String, _ identity: Identity) async throws {
        let userID = identity.userID
        if services.turns.cancel(threadID: threadID, userID: userID, in: identity.scope.projectIDs) { return }
        guard try await reaches(thread: threadID, identity) else { return }
        try await services.store.announce(.turnCancelled(threadID: threadID, userID: userID))
    }

    /// Whether the token may reach a conversation, if there is one of that id.
    private func reaches(thread id: String, _ identity: Identity) async throws -> Bool {
        guard identity.isOfProjects else { return true }
        return try await services.store.thread(id, userID: identity.userID).map { identity.reaches($0.projectID) } ?? false
    }

    static func wire(_ thread: ThreadRecord) -> ChatThread {
        ChatThread(
            id: thread.id, projectId: thread.projectID, title: thread.title, messageCount: Int(thread.messageCount),
            createdAt: Timestamp.format(thread.createdAtMs), updatedAt: Timestamp.format(thread.updatedAtMs))
    }
}
