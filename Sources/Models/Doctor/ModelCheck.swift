/// One step of ``ModelDoctor``, and how it went.
public struct ModelCheck: Sendable, Equatable {
    public enum Step: String, Sendable, CaseIterable {
        /// The host has an address.
        case resolve
        /// The server takes a connection, with TLS where the URL has it.
        case connect
        /// The server accepts the key.
        case authenticate
        case listModels
        /// One token of text.
        case reply
        /// A call of a tool.
        case toolCall
        /// A reply that comes in events.
        case stream
    }

    public enum Outcome: String, Sendable { case passed, failed, skipped }

    public var step: Step
    public var outcome: Outcome
    public var durationMs: Int
    /// What was seen, in a sentence.
    public var message: String
    /// The setting that helps, and what to set it to; nil where nothing needs to be done.
    public var hint: String?

    public init(_ step: Step, _ outcome: Outcome, durationMs: Int = 0, _ message: String, hint: String? = nil) {
        self.step = step
        self.outcome = outcome
        self.durationMs = durationMs
        self.message = message
        self.hint = hint
    }
}
