import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import Protocol
import Synchronization

/// A client of one OpenAI-compatible chat endpoint: a hosted one, Ollama, llama.cpp, vLLM.
///
/// Requests may run at the same time. What the server was found not to take is remembered for as long as the client lives.
public final class ModelClient: ChatModel {
    public let settings: ModelSettings
    let key: ModelKey
    let connections: ModelConnections
    let dialect = Mutex(Dialect())

    /// - Parameters:
    ///   - key: nil: the one in ``ModelSettings/keyFile``, or none.
    ///   - connections: shared by all clients; whoever made them shuts them down.
    public init(_ settings: ModelSettings, key: ModelKey? = nil, connections: ModelConnections) {
        self.settings = settings
        self.key = key ?? settings.keyFile.map { .file($0) } ?? .none
        self.connections = connections
    }

    public func reply(
        to request: ChatRequest, onText: @escaping @Sendable (String) -> Void
    ) async throws(ModelError) -> ChatReply {
        let key = try key.read(for: settings)
        let end = NIODeadline.now() + .milliseconds(Int64(settings.totalTimeoutMs))
        var plan = RetryPlan(retriesMax: settings.retries)
        while true {
            let failure: Failure
            switch await attempt(request, key, end, onText) {
            case .success(let reply): return self.reply(reply, to: request, retries: plan.retries)
            case .failure(let error): failure = error
            }
            if Task.isCancelled { throw .cancelled }
            if adapt(to: failure) { continue }
            let leftMs = Int((end - .now()).nanoseconds / 1_000_000)
            guard let waitMs = plan.wait(after: failure.error, leftMs: leftMs) else {
                throw await explained(failure, key, end)
            }
            log(failure.error, waitMs)
            try? await Task.sleep(for: .milliseconds(waitMs))
            if Task.isCancelled { throw .cancelled }
        }
    }

    /// The models the server lists, by the names it has for them.
    /// - Throws: as ``reply(to:onText:)``; it is asked once.
    public func modelIDs() async throws(ModelError) -> [String] {
        let key = try key.read(for: settings)
        let end = NIODeadline.now() + .milliseconds(Int64(settings.totalTimeoutMs))
        switch try await send("/models", nil, .models, key, end) {
        case .models(let names): return names
        case .refusal(let refusal): throw refusal.error(for: settings, key: key)
        case .reply: throw AnswerReader.cut
        }
    }

    // MARK: One attempt

    /// Why an attempt failed, and what the server said if that was the reason.
    struct Failure: Error {
        var error: ModelError
        var refusal: Refusal?
        /// How the request was put.
        var dialect: Dialect

        init(_ error: ModelError, _ refusal: Refusal?, _ dialect: Dialect) {
            self.error = error
            self.refusal = refusal
            self.dialect = dialect
        }
    }

    private func attempt(
        _ request: ChatRequest, _ key: String?, _ end: NIODeadline, _ onText: @escaping @Sendable (String) -> Void
    ) async -> Result<AssembledReply, Failure> {
        let dialect = dialect.withLock { $0 }
        let hasText = Mutex(false)
        var failure: Failure
        do throws(ModelError) {
            let answer = try await send("/chat/completions", request.body(for: settings, dialect), .reply, key, end) { text in
                hasText.withLock { $0 = true }
                onText(text)
            }
            switch answer {
            case .reply(let reply): return .success(reply)
            case .refusal(let refusal): failure = Failure(refusal.error(for: settings, key: key), refusal, dialect)
            case .models: failure = Failure(AnswerReader.cut, nil, dialect)
            }
        } catch {
            failure = Failure(error, nil, dialect)
        }
        // What a person has seen cannot be taken back: it is not asked for again.
        if hasText.withLock({ $0 }) {
            failure.error.isRetryable = false
            failure.refusal = nil
        }
        return .failure(failure)
    }

    /// Sends one request and reads its answer, whatever that is.
    func send(
        _ resource: String, _ body: JSONText?, _ expectation: AnswerReader.Expectation, _ key: String?, _ end: NIODeadline,
        onText: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(ModelError) -> Answer {
        let url: ModelURL
        do throws(ModelURL.Problem) { url = try ModelURL(settings.url) } catch {
            throw ModelError(.notConfigured, "\(settings.setting(.url)) \(error.reason).")
        }
        let client = try connections.client(for: settings)
        var headers = HTTPHeaders([("accept", "text/event-stream, application/json"), ("user-agent", "dbassistd")])
        if let key { headers.add(name: "authorization", value: "Bearer \(key)") }
        if body != nil { headers.add(name: "content-type", value: "application/json") }
        let request: HTTPClient.Request
        do {
            let bytes = body.map { body in body.withUnsafeBytes { ByteBuffer(bytes: $0) } }
            request = try HTTPClient.Request(
                url: url.appending(resource), method: body == nil ? .GET : .POST, headers: headers,
                body: bytes.map { .byteBuffer($0) })
        } catch {
            throw ModelError(transport: error, settings, hasBody: false)
        }
        let times = HTTPExchange.Times(firstByteMs: settings.firstByteTimeoutMs, idleMs: settings.idleTimeoutMs, end: end)
        let exchange = HTTPExchange(
            expectation, settings, times: times, loop: client.eventLoopGroup.next(), onText: onText)
        return try await exchange.run(request, with: client).get()
    }

    private func reply(_ reply: AssembledReply, to request: ChatRequest, retries: Int) -> ChatReply {
        let calls = reply.calls.reduce(0) { $0 + $1.estimatedTokens }
        let usage =
            reply.usage
            ?? TokenUsage(
                promptTokens: request.estimatedTokens, completionTokens: TokenEstimate.of(reply.text) + calls, isEstimated: true)
        return ChatReply(
            text: reply.text, toolCalls: reply.calls, finishReason: reply.finishReason, usage: usage, retries: retries,
            model: reply.model, wasStreamed: reply.wasStreamed)
    }
}
