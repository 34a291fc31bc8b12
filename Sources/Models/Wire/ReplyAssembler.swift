/// Puts a reply together from its pieces.
struct ReplyAssembler {
    private(set) var text = ""
    private(set) var calls: [ToolCall] = []
    private(set) var usage: TokenUsage?
    private(set) var model: String?
    private var finish: String?
    /// Which call each index of the server's means, by position in ``calls``.
    private var positions: [Int: Int] = [:]
    private var argumentBytes = 0

    /// Whether the server has said that the reply is complete.
    var isFinished: Bool { finish != nil }
    var hasContent: Bool { !text.isEmpty || !calls.isEmpty }

    /// - Returns: the text to show now, if any.
    /// - Throws: `brokenReply` beyond a limit.
    mutating func add(_ chunk: ChatChunk) throws(ModelError) -> String? {
        usage = chunk.usage ?? usage
        model = chunk.model ?? model
        finish = chunk.finishReason ?? finish
        for piece in chunk.calls { try add(piece) }
        guard let piece = chunk.text, !piece.isEmpty else { return nil }
        guard text.utf8.count + piece.utf8.count <= ModelLimits.textBytes else {
            throw ModelError(.brokenReply, "The model wrote more than \(ModelLimits.textBytes) bytes of text; ask for less.")
        }
        text += piece
        return piece
    }

    private mutating func add(_ piece: ChatChunk.CallPiece) throws(ModelError) {
        let position = try position(of: piece)
        if let name = piece.name, calls[position].name != name {
            calls[position].name += name
        }
        let arguments = piece.arguments ?? ""
        argumentBytes += arguments.utf8.count
        guard argumentBytes <= ModelLimits.argumentBytes, calls[position].name.utf8.count <= ModelLimits.nameBytes else {
            throw ModelError(
                .brokenReply, "The model called a tool with more than \(ModelLimits.argumentBytes) bytes of arguments.")
        }
        calls[position].arguments += arguments
    }

    /// The call that a piece belongs to. Without an index a new id begins a new call; with one, an id that is not the call's own does
    /// as well, for some servers call every index 0.
    private mutating func position(of piece: ChatChunk.CallPiece) throws(ModelError) -> Int {
        let id = piece.id.flatMap { $0.isEmpty ? nil : $0 }
        var known = piece.index.map { positions[$0] } ?? (calls.isEmpty ? nil : calls.count - 1)
        if let id, let position = known, !calls[position].id.isEmpty, calls[position].id != id { known = nil }
        // Whole calls one after the other, with neither index nor id.
        if piece.index == nil, id == nil, let name = piece.name, !name.isEmpty, let position = known,
            calls[position].argumentsAreObject
        {
            known = nil
        }
        if let known {
            if let id { calls[known].id = id }
            return known
        }
        guard calls.count < ModelLimits.toolCalls, (id?.utf8.count ?? 0) <= ModelLimits.nameBytes else {
            throw ModelError(.brokenReply, "The model called more than \(ModelLimits.toolCalls) tools at once.")
        }
        calls.append(ToolCall(id: id ?? "", name: "", arguments: ""))
        if let index = piece.index { positions[index] = calls.count - 1 }
        return calls.count - 1
    }

    /// The whole reply.
    /// - Throws: `brokenReply` for a call without a name.
    func assembled(wasStreamed: Bool) throws(ModelError) -> AssembledReply {
        var calls = calls
        for index in calls.indices {
            guard !calls[index].name.isEmpty else {
                throw ModelError(.brokenReply, "The model server sent half a tool call: one without a name.", isRetryable: true)
            }
            if calls[index].id.isEmpty { calls[index].id = "call_\(index)" }
        }
        return AssembledReply(
            text: text, calls: calls, finishReason: reason(calls), usage: usage, model: model, wasStreamed: wasStreamed)
    }

    private func reason(_ calls: [ToolCall]) -> FinishReason {
        switch finish {
        // Some servers stop, and call tools.
        case "stop", nil: calls.isEmpty ? .stop : .toolCalls
        case "length": .length
        case "tool_calls", "function_call": .toolCalls
        case "content_filter": .contentFilter
        default: .other
        }
    }
}

/// A reply as the server gave it.
struct AssembledReply: Sendable {
    var text: String
    var calls: [ToolCall]
    var finishReason: FinishReason
    var usage: TokenUsage?
    var model: String?
    var wasStreamed: Bool
}
