import Logging
import NIOCore
import Synchronization

extension ModelClient {
    /// Whether the request is worth sending again in other words, which are remembered.
    func adapt(to failure: Failure) -> Bool {
        guard let refusal = failure.refusal else { return false }
        var better = failure.dialect
        guard better.adapt(to: refusal) else { return false }
        dialect.withLock { $0 = better }
        return true
    }

    func log(_ error: ModelError, _ waitMs: Int) {
        connections.logger?.info(
            "model asked again",
            metadata: ["model": "\(settings.name)", "error": "\(error.kind.rawValue)", "waitMs": "\(waitMs)"])
    }

    /// The error, once more is known: of a 404, whether it is the model or the URL.
    func explained(_ failure: Failure, _ key: String?, _ end: NIODeadline) async -> ModelError {
        var error = failure.error
        guard error.status == 404 else { return error }
        let soon = min(end, .now() + .seconds(10))
        guard let answer = try? await send("/models", nil, .models, key, soon) else { return error }
        switch answer {
        case .models(let names) where !names.contains(settings.model):
            error.message =
                "The server has no model \"\(settings.model)\"; set \(settings.setting(.model)) to \(Self.choice(names))."
        case .models:
            error.message =
                "The server lists the model \"\(settings.model)\" but has no chat endpoint for it; set \(settings.setting(.model)) to a chat model."
        case .refusal(let refusal) where refusal.status == 404:
            error.kind = .rejected
            error.message = "Nothing is at this address; set \(settings.setting(.url)) to the server's URL up to /v1."
        case .refusal, .reply: break
        }
        return error
    }

    /// What there is to choose from, in words.
    static func choice(_ names: [String]) -> String {
        let plain = names.filter(ServerWords.isPlainName)
        switch plain.count {
        case 0: return "one it has"
        case 1: return plain[0]
        case 2...5: return "one of \(plain.joined(separator: ", "))"
        default: return "one of \(plain.prefix(5).joined(separator: ", ")), …"
        }
    }
}
