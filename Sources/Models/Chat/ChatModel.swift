/// Something that answers conversations.
public protocol ChatModel: Sendable {
    var settings: ModelSettings { get }

    /// Asks the model and waits for the whole reply.
    ///
    /// - Parameter onText: called with each piece of text as it arrives, in order, on a thread of the network's: it must return at once
    ///   and not block. It is not called any more once this has returned or thrown.
    /// - Throws: ``ModelError``; when the task is cancelled, `cancelled`, with the connection closed so that the server stops too.
    func reply(to request: ChatRequest, onText: @escaping @Sendable (String) -> Void) async throws(ModelError) -> ChatReply
}
