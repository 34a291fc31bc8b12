import Synchronization
import TestSupport
import Testing

@testable import Models

/// A client of a scripted server, for one test.
enum Fixture {
    /// Runs `body` with a server that answers as `answer` says, and ends both.
    static func with(
        models: [String]? = ["test"], key: String? = nil, _ change: (inout ModelSettings) -> Void = { _ in },
        answer: @escaping @Sendable (ModelServer.Request) -> ModelReply, _ body: (ModelServer, ModelClient) async throws -> Void
    ) async throws {
        let server = try ModelServer(models: models, key: key, answer)
        defer { server.stop() }
        try await with(server.url, key: key, change) { try await body(server, $0) }
    }

    /// Runs `body` with a client of `url`.
    static func with(
        _ url: String, key: String? = nil, _ change: (inout ModelSettings) -> Void = { _ in },
        _ body: (ModelClient) async throws -> Void
    ) async throws {
        var settings = ModelSettings(name: "default", url: url, model: "test")
        change(&settings)
        let connections = ModelConnections()
        let client = ModelClient(settings, key: key.map { .value($0) }, connections: connections)
        let result: Result<Void, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        await connections.shutdown()
        try result.get()
    }
}

/// Collects what `onText` is handed.
final class Pieces: Sendable {
    private let pieces = Mutex<[String]>([])
    var all: [String] { pieces.withLock { $0 } }
    func add(_ piece: String) { pieces.withLock { $0.append(piece) } }
}

extension ModelClient {
    /// Asks with one message and answers what came of it.
    func ask(_ text: String = "How many?", tools: [ToolSpecification] = []) async -> Result<ChatReply, ModelError> {
        do throws(ModelError) {
            return .success(try await reply(to: ChatRequest(messages: [.user(text)], tools: tools)) { _ in })
        } catch {
            return .failure(error)
        }
    }
}

extension Result where Failure == ModelError {
    var error: ModelError? { if case .failure(let error) = self { error } else { nil } }
}

/// The answer to bytes, without a network.
func read(_ bytes: [UInt8], cutAt cuts: [Int] = [], status: Int = 200) -> (
    result: Result<AssembledReply, ModelError>, text: String
) {
    var reader = AnswerReader(.reply)
    var text = ""
    reader.begin(status: status, retryAfterMs: nil)
    do throws(ModelError) {
        var start = 0
        for end in cuts + [bytes.count] {
            let part = Array(bytes[start..<end])
            try part.withBytes { part throws(ModelError) in try reader.receive(part) { text += $0 } }
            start = end
        }
        switch try reader.finish(onText: { text += $0 }) {
        case .reply(let reply): return (.success(reply), text)
        case .refusal(let refusal):
            let settings = ModelSettings(name: "default", url: "http://localhost/v1", model: "test")
            return (.failure(refusal.error(for: settings, key: nil)), text)
        case .models: return (.failure(AnswerReader.cut), text)
        }
    } catch {
        return (.failure(error), text)
    }
}

/// A reply's bytes without what waits between them.
func bytes(of reply: ModelReply) -> [UInt8] {
    reply.steps.flatMap { step -> [UInt8] in if case .bytes(let bytes) = step { bytes } else { [] } }
}
