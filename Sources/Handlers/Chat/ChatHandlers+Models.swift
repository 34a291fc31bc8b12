import Models
import Protocol
import Store

/// chat.models and chat.doctor.
extension ChatHandlers {
    func models(_ context: RequestContext) async throws -> ChatModelsResult {
        let catalogue = services.models
        let ordered =
            catalogue.models.filter { $0.name == catalogue.defaultName }
            + catalogue.models.filter { $0.name != catalogue.defaultName }
        return ChatModelsResult(
            items: ordered.map { settings in
                ChatModelInfo(
                    name: settings.name, model: settings.model, host: settings.host, local: settings.isLocal,
                    default: settings.name == catalogue.defaultName,
                    toolStyle: ChatToolStyle(rawValue: settings.toolStyle.rawValue) ?? .auto,
                    contextTokens: settings.contextTokens)
            })
    }

    func doctor(_ params: ChatDoctorParams, _ context: RequestContext) async throws -> ChatDoctorResult {
        guard let model = try model(params.model, nil) else {
            return ChatDoctorResult(
                ok: false,
                steps: [
                    ChatCheck(
                        step: .configuration, status: .failed, message: "No model is configured.", hint: Self.howToConfigure)
                ])
        }
        let checks = await ModelDoctor.check(model)
        if Task.isCancelled { throw RPCError(.cancelled, "The request was cancelled.") }
        return ChatDoctorResult(
            ok: checks.allSatisfy { $0.outcome != .failed }, model: model.settings.name, steps: checks.map(Self.wire))
    }

    /// The model that is named, or else the project's, or else the default; nil where none is configured and none is named.
    func model(_ name: String?, _ project: StoredProject?) throws(RPCError) -> ModelClient? {
        if let name {
            guard let model = services.models.client(named: name) else {
                throw .invalid("model", "is not a name of chat.models.")
            }
            return model
        }
        // A model that a project names and nobody configures any more is no reason to send its data to another.
        if let wanted = project?.assistant.model {
            guard let model = services.models.client(named: wanted) else {
                throw RPCError(
                    .modelFailed, "The project's model \(wanted) is not configured; choose another with project.update.",
                    .init(phase: "configuration", hint: "chat.models lists those there are.", retryable: false))
            }
            return model
        }
        return services.models.client()
    }

    static let howToConfigure =
        "Set DBASSIST_MODEL_URL to an OpenAI-compatible address that ends in /v1, and DBASSIST_MODEL to a model's name."

    private static func wire(_ check: ModelCheck) -> ChatCheck {
        ChatCheck(
            step: ChatCheckStep(rawValue: check.step.rawValue) ?? .configuration,
            status: TestStepStatus(rawValue: check.outcome.rawValue) ?? .failed,
            durationMs: check.outcome == .skipped ? nil : Double(check.durationMs),
            message: check.message, hint: check.hint)
    }
}

extension RPCError {
    init(_ error: ModelError) {
        switch error.kind {
        case .cancelled: self.init(.cancelled, "The request was cancelled.")
        default:
            self.init(
                .modelFailed, error.message,
                .init(phase: error.kind.rawValue, retryAfterMs: error.retryAfterMs, retryable: error.isRetryable))
        }
    }
}
