public enum ErrorCode: String, Sendable, CaseIterable {
    case parseError = "parse_error"
    case invalidRequest = "invalid_request"
    case methodNotFound = "method_not_found"
    case invalidParams = "invalid_params"
    case `internal` = "internal"
    case cancelled = "cancelled"
    case shuttingDown = "shutting_down"
    case requestTooLarge = "request_too_large"
    case responseTooLarge = "response_too_large"
    case busy = "busy"
    case batchTooLarge = "batch_too_large"
    public var number: Int { 0 }
    public var isRetryable: Bool { false }
}
