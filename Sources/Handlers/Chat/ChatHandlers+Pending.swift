import Protocol

// What needs turns and models. This file goes when those are here.
extension ChatHandlers {
    private static var notReady: RPCError { RPCError(.methodNotFound, "The method is not ready; use a newer dbassistd.") }

    func approve(_ params: ChatApproveParams, _ context: RequestContext) async throws -> QueryResult { throw Self.notReady }
    func cancel(_ params: ChatCancelParams, _ context: RequestContext) async throws -> Empty { throw Self.notReady }
    func context(_ params: ChatContextParams, _ context: RequestContext) async throws -> ChatContextResult {
        throw Self.notReady
    }
    func decline(_ params: ChatDeclineParams, _ context: RequestContext) async throws -> Empty { throw Self.notReady }
    func doctor(_ params: ChatDoctorParams, _ context: RequestContext) async throws -> ChatDoctorResult { throw Self.notReady }
    func models(_ context: RequestContext) async throws -> ChatModelsResult { throw Self.notReady }
    func send(_ params: ChatSendParams, _ context: RequestContext) async throws -> ChatMessage { throw Self.notReady }
}
