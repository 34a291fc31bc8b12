import Protocol

/// One event of a stream, or a whole reply in one piece: the two differ in where they say the same.
///
/// Members that are not known are passed over, and null counts as absent; a known one of another type than everybody sends is
/// refused, for what it should have said is not known then.
struct ChatChunk {
    /// A piece of a call. Servers send id and name in the first, in each, or in a first one without arguments.
    struct CallPiece: Equatable {
        var index: Int?
        var id: String?
        var name: String?
        var arguments: String?
    }

    var text: String?
    var calls: [CallPiece] = []
    var finishReason: String?
    var usage: TokenUsage?
    var model: String?
    /// What the server put in place of a reply.
    var refusal: Refusal?

    /// - Throws: `brokenReply`.
    init(_ bytes: UnsafeRawBufferPointer) throws(ModelError) {
        do throws(JSONSyntaxError) { try JSONScanner.check(bytes) } catch {
            throw ModelError(
                .brokenReply, "The model server sent JSON with \(error.reason.rawValue) in it.", isRetryable: true)
        }
        var reader = JSONReader(bytes)
        do throws(JSONMismatch) { try read(&reader, bytes) } catch {
            throw ModelError(
                .brokenReply,
                "The model server sent a reply that is no chat completion: \(error.member ?? "something in it") \(error.reason).")
        }
    }

    private mutating func read(_ reader: inout JSONReader, _ bytes: UnsafeRawBufferPointer) throws(JSONMismatch) {
        var hasChoices = false
        try reader.enterObject()
        while let name = reader.nextMember() {
            switch name.index(in: ["choices", "usage", "model", "error"]) {
            case 0:
                hasChoices = true
                try Self.naming("choices") { () throws(JSONMismatch) in try readChoices(&reader) }
            case 1: usage = try Self.naming("usage") { () throws(JSONMismatch) in try Self.usage(&reader) }
            case 2: model = try Self.naming("model") { () throws(JSONMismatch) in try reader.optionalString() }
            case 3:
                if reader.null() { continue }
                reader.slice()
                refusal = Refusal(status: 200, body: Array(bytes))
            default: reader.slice()
            }
        }
        if !hasChoices, refusal == nil, usage == nil { throw JSONMismatch(at: 0, member: "choices", "is missing") }
    }

    /// Only the first choice counts: one is asked for.
    private mutating func readChoices(_ reader: inout JSONReader) throws(JSONMismatch) {
        if reader.null() { return }
        try reader.enterArray()
        while reader.nextElement() {
            var choice = Choice()
            try choice.read(&reader)
            guard choice.index == 0 else { continue }
            text = choice.text ?? text
            calls += choice.calls
            finishReason = choice.finishReason ?? finishReason
        }
    }

    private static func usage(_ reader: inout JSONReader) throws(JSONMismatch) -> TokenUsage? {
        if reader.null() { return nil }
        var prompt: Int?
        var completion: Int?
        try reader.enterObject()
        while let name = reader.nextMember() {
            switch name.index(in: ["prompt_tokens", "completion_tokens"]) {
            case 0: prompt = try reader.optionalCount()
            case 1: completion = try reader.optionalCount()
            default: reader.slice()
            }
        }
        guard let prompt else { return nil }
        return TokenUsage(promptTokens: prompt, completionTokens: completion ?? 0, isEstimated: false)
    }

    /// Puts the member's name into a mismatch that has none.
    private static func naming<R>(_ member: String, _ body: () throws(JSONMismatch) -> R) throws(JSONMismatch) -> R {
        do throws(JSONMismatch) { return try body() } catch {
            throw JSONMismatch(at: error.offset, member: error.member ?? member, error.reason)
        }
    }
}

/// One of `choices`.
private struct Choice {
    var index = 0
    var text: String?
    var calls: [ChatChunk.CallPiece] = []
    var finishReason: String?

    mutating func read(_ reader: inout JSONReader) throws(JSONMismatch) {
        try reader.enterObject()
        while let name = reader.nextMember() {
            switch name.index(in: ["index", "delta", "message", "finish_reason"]) {
            case 0: index = try reader.optionalCount() ?? 0
            case 1, 2: try readMessage(&reader)
            case 3: finishReason = try reader.optionalString()
            default: reader.slice()
            }
        }
    }

    private mutating func readMessage(_ reader: inout JSONReader) throws(JSONMismatch) {
        if reader.null() { return }
        try reader.enterObject()
        while let name = reader.nextMember() {
            switch name.index(in: ["content", "tool_calls"]) {
            case 0: text = try Self.content(&reader)
            case 1: try readCalls(&reader)
            default: reader.slice()
            }
        }
    }

    /// A string, or a list of parts of which those with text count.
    private static func content(_ reader: inout JSONReader) throws(JSONMismatch) -> String? {
        guard reader.kind == .array else { return try reader.optionalString() }
        var text = ""
        try reader.enterArray()
        while reader.nextElement() {
            try reader.enterObject()
            while let name = reader.nextMember() {
                if name.index(in: ["text"]) == 0 { text += try reader.optionalString() ?? "" } else { reader.slice() }
            }
        }
        return text
    }

    private mutating func readCalls(_ reader: inout JSONReader) throws(JSONMismatch) {
        if reader.null() { return }
        try reader.enterArray()
        while reader.nextElement() {
            var piece = ChatChunk.CallPiece()
            try reader.enterObject()
            while let name = reader.nextMember() {
                switch name.index(in: ["index", "id", "function"]) {
                case 0: piece.index = try reader.optionalCount()
                case 1: piece.id = try reader.optionalString()
                case 2: try Self.readFunction(&reader, &piece)
                default: reader.slice()
                }
            }
            calls.append(piece)
        }
    }

    private static func readFunction(_ reader: inout JSONReader, _ piece: inout ChatChunk.CallPiece) throws(JSONMismatch) {
        if reader.null() { return }
        try reader.enterObject()
        while let name = reader.nextMember() {
            switch name.index(in: ["name", "arguments"]) {
            case 0: piece.name = try reader.optionalString()
            // Some servers send the object itself, not its text.
            case 1: piece.arguments = reader.kind == .object ? reader.raw().string : try reader.optionalString()
            default: reader.slice()
            }
        }
    }
}

extension JSONReader {
    mutating func optionalString() throws(JSONMismatch) -> String? { null() ? nil : try string() }

    mutating func optionalCount() throws(JSONMismatch) -> Int? {
        if null() { return nil }
        let start = offset
        let value = try integer()
        guard (0...Int64(Int32.max)).contains(value) else { throw JSONMismatch(at: start, "must be a count") }
        return Int(value)
    }
}
