import Protocol

/// What a server was found not to take. All that a standard says is sent until it refuses.
struct Dialect: Equatable {
    var sendsStreamOptions = true
    var sendsTemperature = true
    /// `max_completion_tokens` in place of `max_tokens`.
    var usesCompletionTokens = false

    /// Whether leaving something out, or saying it differently, may help against `refusal`; each thing is left out once.
    mutating func adapt(to refusal: Refusal) -> Bool {
        guard refusal.status == 400 || refusal.status == 422 else { return false }
        func names(_ word: String) -> Bool { refusal.contains(word) }
        if !usesCompletionTokens, names("max_completion_tokens") {
            usesCompletionTokens = true
        } else if sendsStreamOptions, names("stream_options") || names("include_usage") || refusal.body.isEmpty {
            sendsStreamOptions = false
        } else if sendsTemperature, names("temperature") {
            sendsTemperature = false
        } else {
            return false
        }
        return true
    }
}

extension ChatRequest {
    /// The body of `POST /chat/completions`.
    func body(for settings: ModelSettings, _ dialect: Dialect) -> JSONText {
        var writer = JSONWriter(capacity: 4096)
        writer.raw("{\"model\":")
        writer.string(settings.model)
        writer.raw(",\"messages\":[")
        for (index, message) in messages.enumerated() {
            if index > 0 { writer.raw(",") }
            message.write(to: &writer)
        }
        writer.raw("]")
        writeTools(to: &writer)
        if let responseSchema {
            writer.raw(
                ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"reply\",\"strict\":true,\"schema\":")
            responseSchema.encode(to: &writer)
            writer.raw("}}")
        }
        writer.raw(dialect.usesCompletionTokens ? ",\"max_completion_tokens\":" : ",\"max_tokens\":")
        writer.integer(maxTokens ?? settings.maxReplyTokens)
        if let temperature = settings.temperature, dialect.sendsTemperature {
            writer.raw(",\"temperature\":")
            writer.double(temperature)
        }
        writer.raw(",\"stream\":true")
        if dialect.sendsStreamOptions { writer.raw(",\"stream_options\":{\"include_usage\":true}") }
        writer.raw("}")
        return writer.take()
    }

    private func writeTools(to writer: inout JSONWriter) {
        guard !tools.isEmpty else { return }
        writer.raw(",\"tools\":[")
        for (index, tool) in tools.enumerated() {
            if index > 0 { writer.raw(",") }
            writer.raw("{\"type\":\"function\",\"function\":{\"name\":")
            writer.string(tool.name)
            writer.raw(",\"description\":")
            writer.string(tool.description)
            writer.raw(",\"parameters\":")
            tool.parameters.encode(to: &writer)
            writer.raw("}}")
        }
        writer.raw("],\"tool_choice\":\"auto\"")
    }

    /// What the messages and tools come to, for servers that do not say.
    public var estimatedTokens: Int {
        // Each message and tool has words of the template's around it.
        let texts = messages.reduce(0) { $0 + $1.estimatedTokens + 8 }
        return tools.reduce(texts) {
            $0 + TokenEstimate.of($1.name) + TokenEstimate.of($1.description) + TokenEstimate.of($1.parameters.string) + 8
        }
    }
}

extension ChatMessage {
    fileprivate func write(to writer: inout JSONWriter) {
        switch self {
        case .system(let text): Self.write("system", text, to: &writer)
        case .user(let text): Self.write("user", text, to: &writer)
        case .assistant(let text, let calls):
            Self.open("assistant", text, to: &writer)
            if !calls.isEmpty { Self.write(calls, to: &writer) }
            writer.raw("}")
        case .tool(let callID, let content):
            Self.open("tool", content, to: &writer)
            writer.raw(",\"tool_call_id\":")
            writer.string(callID)
            writer.raw("}")
        }
    }

    private static func write(_ role: StaticString, _ text: String, to writer: inout JSONWriter) {
        open(role, text, to: &writer)
        writer.raw("}")
    }

    private static func open(_ role: StaticString, _ text: String, to writer: inout JSONWriter) {
        writer.raw("{\"role\":\"")
        writer.raw(role)
        writer.raw("\",\"content\":")
        writer.string(text)
    }

    private static func write(_ calls: [ToolCall], to writer: inout JSONWriter) {
        writer.raw(",\"tool_calls\":[")
        for (index, call) in calls.enumerated() {
            if index > 0 { writer.raw(",") }
            writer.raw("{\"id\":")
            writer.string(call.id)
            writer.raw(",\"type\":\"function\",\"function\":{\"name\":")
            writer.string(call.name)
            writer.raw(",\"arguments\":")
            // Servers parse the arguments of earlier calls for the model's template and refuse the conversation if they cannot.
            writer.string(call.argumentsAreObject ? call.arguments : "{}")
            writer.raw("}}")
        }
        writer.raw("]")
    }

    var estimatedTokens: Int {
        switch self {
        case .system(let text), .user(let text): TokenEstimate.of(text)
        case .tool(let id, let text): TokenEstimate.of(id) + TokenEstimate.of(text)
        case .assistant(let text, let calls): calls.reduce(TokenEstimate.of(text)) { $0 + $1.estimatedTokens }
        }
    }
}

extension ToolCall {
    /// Whether ``arguments`` is one JSON object.
    public var argumentsAreObject: Bool {
        var text = arguments
        return text.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            guard (try? JSONScanner.check(bytes)) != nil else { return false }
            return JSONReader(bytes).kind == .object
        }
    }

    var estimatedTokens: Int { TokenEstimate.of(id) + TokenEstimate.of(name) + TokenEstimate.of(arguments) + 8 }
}
