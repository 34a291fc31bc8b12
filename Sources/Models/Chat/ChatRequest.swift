public import Protocol

/// What a model is asked.
public struct ChatRequest: Sendable {
    public var messages: [ChatMessage]
    /// Sent as they are wherever there are any: whether the model can call tools is the caller's question (``ToolStyle``).
    public var tools: [ToolSpecification]
    /// A JSON Schema that the reply's text must match (`response_format` of type `json_schema`); some servers refuse it together
    /// with tools.
    public var responseSchema: JSONText?
    /// Tokens of the reply; nil: ``ModelSettings/maxReplyTokens``.
    public var maxTokens: Int?

    public init(
        messages: [ChatMessage], tools: [ToolSpecification] = [], responseSchema: JSONText? = nil, maxTokens: Int? = nil
    ) {
        self.messages = messages
        self.tools = tools
        self.responseSchema = responseSchema
        self.maxTokens = maxTokens
    }
}
