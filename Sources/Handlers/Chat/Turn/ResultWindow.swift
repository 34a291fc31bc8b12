import Assistant
import Models

/// What the tools of a turn may take of the model's window. Servers cut a prompt that is too long at its beginning, where the rules are, or
/// refuse it.
struct ResultWindow {
    /// Tokens of a prompt: what the reply leaves of the window.
    private let promptTokens: Int
    /// Bytes of one result: a quarter of the prompt, so that a few have room beside the rest.
    let bytesMax: Int
    /// Where results stand among the messages, the oldest first.
    private var places: [Int] = []

    private static let omitted = "This result was left out to make room; call the tool again if it is needed, and ask for less."

    init(_ settings: ModelSettings, bytesMax: Int) {
        promptTokens = max(settings.contextTokens - settings.maxReplyTokens, 0)
        self.bytesMax = min(bytesMax, promptTokens / 4 * TokenEstimate.bytesPerToken)
    }

    /// Notes that the message that comes next has a result.
    mutating func willAppend(to messages: [Models.ChatMessage]) { places.append(messages.count) }

    /// Leaves out the oldest results until a request fits; the newest stays. Answers whether any was left out.
    mutating func fit(_ request: inout ChatRequest) -> Bool {
        var isShorter = false
        while request.estimatedTokens > promptTokens, places.count > 1 {
            let place = places.removeFirst()
            switch request.messages[place] {
            case .tool(let id, _): request.messages[place] = .tool(callID: id, content: Self.omitted)
            case .user: request.messages[place] = .user(Self.omitted)
            case .system, .assistant: continue
            }
            isShorter = true
        }
        return isShorter
    }
}
