/// One event of a model's stream.
public struct ModelEvent: Sendable {
    /// With the blank line that ends it.
    public let bytes: [UInt8]

    public init(_ text: String) { bytes = Array(text.utf8) }

    /// An event whose data is `value`.
    public static func data(_ value: JSONValue) -> ModelEvent { ModelEvent("data: \(value)\n\n") }

    /// What has changed in the first choice.
    public static func delta(_ delta: JSONValue, finishReason: JSONValue = .null) -> ModelEvent {
        .data([
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "test",
            "choices": [["index": 0, "delta": delta, "finish_reason": finishReason]],
        ])
    }

    /// A piece of a call.
    public static func call(_ index: Int, id: String? = nil, name: String? = nil, _ arguments: String) -> ModelEvent {
        var function: [(name: String, value: JSONValue)] = []
        if let name { function.append((name: "name", value: .string(name))) }
        function.append((name: "arguments", value: .string(arguments)))
        var call: [(name: String, value: JSONValue)] = [(name: "index", value: .number("\(index)"))]
        if let id { call += [(name: "id", value: .string(id)), (name: "type", value: "function")] }
        return .delta(["tool_calls": [.object(call + [(name: "function", value: .object(function))])]])
    }

    public static func finish(_ reason: String) -> ModelEvent { .delta([:], finishReason: .string(reason)) }

    /// What it cost, with no choices, as `include_usage` asks for it.
    public static func usage(_ promptTokens: Int, _ completionTokens: Int) -> ModelEvent {
        .data([
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [],
            "usage": [
                "prompt_tokens": .number("\(promptTokens)"), "completion_tokens": .number("\(completionTokens)"),
                "prompt_tokens_details": ["cached_tokens": 0],
            ], "timings": ["predicted_ms": 1],
        ])
    }

    public static let done = ModelEvent("data: [DONE]\n\n")
}
