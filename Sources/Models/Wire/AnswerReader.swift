import Protocol

/// What a request came to.
enum Answer: Sendable {
    case reply(AssembledReply)
    case models([String])
    case refusal(Refusal)
}

/// Reads the answer to one request as its bytes arrive. It does no I/O: what to ask for and when to give up is the exchange's.
struct AnswerReader {
    enum Expectation: Sendable { case reply, models }

    private enum Form { case unknown, events, plain }

    private let expectation: Expectation
    private var status = 0
    private var retryAfterMs: Int?
    private var form = Form.unknown
    private var events = ServerSentEvents()
    private var assembler = ReplyAssembler()
    /// An answer in one piece, or the beginning of an error's.
    private var body: [UInt8] = []
    private var count = 0
    private var refusal: Refusal?
    /// Whether the server has said that nothing follows.
    private(set) var isComplete = false

    init(_ expectation: Expectation) { self.expectation = expectation }

    /// Whether what has come is a whole reply, should nothing follow.
    var canFinish: Bool { isComplete || (form == .events && assembler.isFinished) }

    /// The head of the answer.
    mutating func begin(status: Int, retryAfterMs: Int?) {
        self.status = status
        self.retryAfterMs = retryAfterMs
        if !(200..<300).contains(status) || expectation == .models { form = .plain }
    }

    /// - Parameter onText: is handed each piece of text.
    /// - Throws: `brokenReply`.
    mutating func receive(_ bytes: UnsafeRawBufferPointer, onText: (String) -> Void) throws(ModelError) {
        count += bytes.count
        guard count <= ModelLimits.responseBytes else {
            throw ModelError(.brokenReply, "The model server sent more than \(ModelLimits.responseBytes) bytes.")
        }
        if form == .unknown, let first = bytes.first(where: { $0 > 0x20 }) {
            // An object in place of a stream; a field name begins with a letter, a comment with a colon.
            form = first == UInt8(ascii: "{") || first == UInt8(ascii: "<") ? .plain : .events
        }
        switch form {
        case .unknown: break
        case .plain: try receivePlain(bytes)
        case .events:
            for event in try events.feed(bytes) where !isComplete { try take(event, onText) }
        }
    }

    private mutating func receivePlain(_ bytes: UnsafeRawBufferPointer) throws(ModelError) {
        guard (200..<300).contains(status) else {
            body += bytes.prefix(ModelLimits.errorBytes - body.count)
            return
        }
        guard body.count + bytes.count <= ModelLimits.plainBytes else {
            throw ModelError(.brokenReply, "The model server sent more than \(ModelLimits.plainBytes) bytes in one piece.")
        }
        body += bytes
    }

    private mutating func take(_ event: ServerSentEvents.Event, _ onText: (String) -> Void) throws(ModelError) {
        let data = event.data
        if data.elementsEqual("[DONE]".utf8) {
            isComplete = true
        } else if event.name.elementsEqual("error".utf8) {
            refuse(Refusal(status: 200, body: data))
        } else if !data.isEmpty {
            try take(try Self.chunk(data), onText)
        }
    }

    private static func chunk(_ data: [UInt8]) throws(ModelError) -> ChatChunk {
        try data.withBytes { bytes throws(ModelError) in try ChatChunk(bytes) }
    }

    private mutating func take(_ chunk: ChatChunk, _ onText: (String) -> Void) throws(ModelError) {
        if let refusal = chunk.refusal { return refuse(refusal) }
        if let text = try assembler.add(chunk) { onText(text) }
    }

    private mutating func refuse(_ refusal: Refusal) {
        self.refusal = refusal
        isComplete = true
    }

    /// The answer, once nothing more comes.
    /// - Throws: `brokenReply` where it is not whole.
    mutating func finish(onText: (String) -> Void) throws(ModelError) -> Answer {
        guard (200..<300).contains(status) else {
            return .refusal(Refusal(status: status, body: body, retryAfterMs: retryAfterMs))
        }
        switch (form, expectation) {
        case (_, .models): return .models(try ModelList.names(body))
        case (.plain, _):
            guard body.first(where: { $0 > 0x20 }) != UInt8(ascii: "<") else {
                throw ModelError(.brokenReply, "A web page answers at this URL; set the URL to that of the API, up to /v1.")
            }
            try take(try Self.chunk(body), onText)
        case (.events, _):
            if !isComplete, let event = try events.finish() { try take(event, onText) }
            guard refusal != nil || canFinish else { throw Self.cut }
        case (.unknown, _): throw ModelError(.brokenReply, "The model server answered with nothing.", isRetryable: true)
        }
        if let refusal { return .refusal(refusal) }
        return .reply(try assembler.assembled(wasStreamed: form == .events))
    }

    static let cut = ModelError(.brokenReply, "The model server ended the reply before it was complete.", isRetryable: true)
}
