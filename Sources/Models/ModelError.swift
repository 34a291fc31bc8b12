/// Why a model did not answer.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, as far as a program needs to know.
    public enum Kind: String, Sendable, CaseIterable {
        case hostNotFound
        case refused
        case connectTimeout
        case tlsFailed
        case authentication
        case modelNotFound
        case contextTooLong
        case rateLimited
        case overloaded
        case rejected
        case timeout
        case brokenReply
        case cancelled
        case notConfigured
    }

    public var kind: Kind
    /// One sentence that says which setting is wrong, or what to do. No key, no path, no words of the server's.
    public var message: String
    /// The HTTP status, where there was one.
    public var status: Int?
    /// How long the server wants to be left alone.
    public var retryAfterMs: Int?
    /// Whether the same request may succeed later.
    public var isRetryable: Bool
    /// What the server said about it: one line of at most ``ModelLimits/errorTextCharacters``, the key taken out. Somebody else's
    /// words: for a log or a doctor, never for a model.
    public var detail: String?

    public init(
        _ kind: Kind, _ message: String, status: Int? = nil, retryAfterMs: Int? = nil, isRetryable: Bool = false,
        detail: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.status = status
        self.retryAfterMs = retryAfterMs
        self.isRetryable = isRetryable
        self.detail = detail
    }

    /// The kind and the message: safe to show.
    public var description: String { "\(kind.rawValue): \(message)" }

    static let cancelled = ModelError(.cancelled, "The request to the model was cancelled.")
}
