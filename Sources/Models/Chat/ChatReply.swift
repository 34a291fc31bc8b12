/// Why a model stopped.
public enum FinishReason: String, Sendable {
    case stop
    /// The reply was cut at its greatest length: text and arguments may be halves.
    case length
    case toolCalls
    case contentFilter
    case other
}

/// What a request cost.
public struct TokenUsage: Sendable, Equatable {
    public var promptTokens: Int
    public var completionTokens: Int
    /// Whether the server said nothing, so that these are ``TokenEstimate``'s.
    public var isEstimated: Bool

    public init(promptTokens: Int, completionTokens: Int, isEstimated: Bool) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.isEstimated = isEstimated
    }
}

/// What a model answered, in full.
public struct ChatReply: Sendable {
    /// Everything that was handed to `onText`, in one piece; empty where the model only calls tools.
    public var text: String
    public var toolCalls: [ToolCall]
    public var finishReason: FinishReason
    public var usage: TokenUsage
    /// How often the request was sent again before it succeeded.
    public var retries: Int
    /// The model that answered, where the server says so.
    public var model: String?
    /// Whether it came as a stream of events; servers may answer in one piece although a stream was asked for.
    public var wasStreamed: Bool

    public init(
        text: String, toolCalls: [ToolCall] = [], finishReason: FinishReason = .stop, usage: TokenUsage, retries: Int = 0,
        model: String? = nil, wasStreamed: Bool = true
    ) {
        self.text = text
        self.toolCalls = toolCalls
        self.finishReason = finishReason
        self.usage = usage
        self.retries = retries
        self.model = model
        self.wasStreamed = wasStreamed
    }
}
