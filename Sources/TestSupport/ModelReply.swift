import Protocol

/// What a ``ModelServer`` does about one request.
public struct ModelReply: Sendable {
    public enum Step: Sendable {
        /// Sends bytes of the body, as one HTTP chunk.
        case bytes([UInt8])
        /// Lets this many milliseconds pass.
        case delay(Int)
        /// Waits for ``ModelServer/release()``.
        case hold
        /// Sends nothing more until the client goes.
        case hang
        /// Ends the connection.
        case close
        /// Resets the connection.
        case reset
    }

    public var status = 200
    public var headers: [(name: String, value: String)] = [("Content-Type", "text/event-stream")]
    public var steps: [Step]
    /// Whether what is sent is HTTP at all.
    public var isHTTP = true
    /// Whether the head goes out at once, and not with the first bytes.
    public var sendsHeadFirst = false

    public init(_ steps: [Step]) { self.steps = steps }

    var head: [UInt8]? {
        guard isHTTP else { return nil }
        var text = "HTTP/1.1 \(status) Status\r\nTransfer-Encoding: chunked\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    // MARK: Good replies

    /// A stream of `text`, word for word, as llama.cpp sends it: a first piece with the role and null, then the words, the reason, the
    /// usage with no choices and `[DONE]`.
    public static func text(_ text: String, promptTokens: Int? = 10, completionTokens: Int = 5) -> ModelReply {
        stream(words(of: text).map { .delta(["content": .string($0)]) }, "stop", promptTokens, completionTokens)
    }

    /// A stream of calls, the arguments of each in two halves, ids and names in the first.
    public static func calls(
        _ calls: [(name: String, arguments: String)], text: String = "", promptTokens: Int? = 10, completionTokens: Int = 5
    ) -> ModelReply {
        var events = text.isEmpty ? [] : [ModelEvent.delta(["content": .string(text)])]
        for (index, call) in calls.enumerated() {
            let half = call.arguments.index(call.arguments.startIndex, offsetBy: call.arguments.count / 2)
            events.append(.call(index, id: "id_\(index)", name: call.name, String(call.arguments[..<half])))
            events.append(.call(index, String(call.arguments[half...])))
        }
        return stream(events, "tool_calls", promptTokens, completionTokens)
    }

    /// A stream of `events`, with what goes before and after them.
    public static func stream(
        _ events: [ModelEvent], _ finishReason: String, _ promptTokens: Int? = nil, _ completionTokens: Int = 0
    ) -> ModelReply {
        var all = [ModelEvent.delta(["role": "assistant", "content": nil])] + events + [.finish(finishReason)]
        if let promptTokens { all.append(.usage(promptTokens, completionTokens)) }
        return ModelReply((all + [.done]).map { .bytes($0.bytes) })
    }

    /// The whole reply in one piece of JSON, though a stream was asked for.
    public static func plain(_ text: String, calls: [(name: String, arguments: String)] = []) -> ModelReply {
        var message: [(name: String, value: JSONValue)] = [
            ("role", "assistant"), ("content", text.isEmpty ? nil : .string(text)),
        ]
        if !calls.isEmpty {
            let list = calls.enumerated().map { index, call -> JSONValue in
                [
                    "id": .string("id_\(index)"), "type": "function",
                    "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
                ]
            }
            message.append(("tool_calls", .array(list)))
        }
        return .json([
            "id": "chatcmpl-1", "object": "chat.completion", "model": "test",
            "choices": [
                [
                    "index": 0, "message": .object(message.map { (name: $0.0, value: $0.1) }),
                    "finish_reason": calls.isEmpty ? "stop" : "tool_calls",
                ]
            ],
            "usage": ["prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15],
        ])
    }

    /// Any JSON.
    public static func json(_ value: JSONValue, status: Int = 200) -> ModelReply {
        var reply = ModelReply([.bytes(Array(value.description.utf8))])
        reply.status = status
        reply.headers = [("Content-Type", "application/json")]
        return reply
    }

    /// Any body, said to be a stream.
    public static func body(_ text: String) -> ModelReply { ModelReply([.bytes(Array(text.utf8))]) }

    // MARK: Refusals

    /// An error as servers send them.
    public static func status(
        _ status: Int, message: String = "It did not work.", type: String = "invalid_request_error", code: String? = nil,
        members: [(name: String, value: JSONValue)] = [], headers: [(name: String, value: String)] = []
    ) -> ModelReply {
        let error: [(name: String, value: JSONValue)] =
            [
                (name: "message", value: .string(message)), (name: "type", value: .string(type)),
                (name: "code", value: code.map { .string($0) } ?? .null),
            ]
        var reply = json(["error": .object(error + members)], status: status)
        reply.headers += headers
        return reply
    }

    public static let unauthorized = status(401, message: "Invalid API Key", type: "authentication_error")
    public static let noSuchModel = status(404, message: "The model does not exist", code: "model_not_found")
    public static let serverError = status(500, message: "Something broke", type: "server_error")

    /// - Parameter retryAfter: the header's value.
    public static func rateLimited(retryAfter: String? = nil) -> ModelReply {
        status(429, message: "Slow down", type: "rate_limit_error", headers: retryAfter.map { [("Retry-After", $0)] } ?? [])
    }

    /// llama.cpp's answer to a prompt that is too long.
    public static func contextTooLong(prompt: Int, window: Int) -> ModelReply {
        status(
            400, message: "the request exceeds the available context size, try increasing it", type: "exceed_context_size_error",
            members: [(name: "n_prompt_tokens", value: .number("\(prompt)")), (name: "n_ctx", value: .number("\(window)"))])
    }

    // MARK: Spoilt replies

    /// Never answers.
    public static let hang = ModelReply([.hang])

    /// Answers with a head, and hangs before the body.
    public static var hangBeforeStream: ModelReply {
        var reply = ModelReply([.hang])
        reply.sendsHeadFirst = true
        return reply
    }

    /// Begins with `text`, and then does `step`.
    public static func begun(_ text: String, then step: Step) -> ModelReply {
        ModelReply(words(of: text).map { .bytes(ModelEvent.delta(["content": .string($0)]).bytes) } + [step])
    }

    /// One line of `count` bytes.
    public static func giantLine(_ count: Int) -> ModelReply {
        ModelReply([.bytes(Array("data: ".utf8))] + pieces(of: count))
    }

    /// A call with `count` bytes of arguments, in pieces.
    public static func hugeArguments(_ name: String, _ count: Int) -> ModelReply {
        let piece = String(repeating: "x", count: 64 << 10)
        let events = (0..<(count / piece.utf8.count)).map { _ in ModelEvent.call(0, piece) }
        return stream([.call(0, id: "id_0", name: name, #"{"sql":""#)] + events + [.call(0, #""}"#)], "tool_calls")
    }

    private static func pieces(of count: Int) -> [Step] {
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
        return (0..<(count / piece.count)).map { _ in .bytes(piece) }
    }

    /// Bytes that are no HTTP.
    public static func noHTTP(_ bytes: [UInt8]) -> ModelReply {
        var reply = ModelReply([.bytes(bytes)])
        reply.isHTTP = false
        return reply
    }

    // MARK: Changes

    /// The same, each byte of the body on its own.
    public func everyByte() -> ModelReply {
        var reply = self
        reply.steps = steps.flatMap { step -> [Step] in
            if case .bytes(let bytes) = step { bytes.map { .bytes([$0]) } } else { [step] }
        }
        return reply
    }

    /// The same, `step` before each piece of the body but the first.
    public func separated(by step: Step) -> ModelReply {
        var reply = self
        reply.steps = Array(steps.map { [$0] }.joined(separator: [step]))
        return reply
    }

    private static func words(of text: String) -> [String] {
        var words: [String] = []
        for character in text {
            if words.isEmpty || words.last?.last == " " { words.append("") }
            words[words.count - 1].append(character)
        }
        return words
    }
}
