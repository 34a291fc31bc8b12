/// A part of the daemon that reads bytes of strangers, to be run on any bytes at all.
///
/// Each looks for more than crashes: it states what must hold of every input, and stops the process where it does not.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// Frames out of a stream of bytes.
    case framing
    /// JSON texts.
    case json
    /// Messages, methods and their parameters.
    case envelope
    /// Session tokens.
    case token
    /// Connection strings of the three engines.
    case connection
    /// Statements before the gates, and their shapes.
    case sql
    /// What a model without tool calls replies.
    case step

    /// Reads `bytes`. Keeps nothing; does not return where an invariant is broken.
    public func run(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .framing: FramingTarget.run(bytes)
        case .json: JSONTarget.run(bytes)
        case .envelope: EnvelopeTarget.run(bytes)
        case .token: TokenTarget.run(bytes)
        case .connection: ConnectionStringTarget.run(bytes)
        case .sql: SQLTarget.run(bytes)
        case .step: StepTarget.run(bytes)
        }
    }

    /// The input as text; nil where it is none.
    static func text(_ bytes: UnsafeRawBufferPointer) -> String? { String(validating: bytes, as: UTF8.self) }
}
