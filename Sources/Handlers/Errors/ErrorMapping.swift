import Databases
import Protocol
import Security
import Store

/// The one place where the errors of our modules become what a client sees.
extension RPCError {
    init(_ error: DatabaseError) {
        let code = ErrorCode(rawValue: error.code.description) ?? .internal
        self.init(
            code, code == .internal ? "The daemon met a fault; the log has it under this request's id." : error.message,
            .init(
                phase: error.phase.rawValue, sqlState: error.sqlState, position: error.position,
                hint: error.hint, retryable: error.retryable ? true : nil))
    }

    init(_ error: StoreError) {
        switch error.code {
        case .conflict: self.init(.conflict, error.message)
        case .notFound: self = .notFound
        case .invalidCursor: self = .invalid("cursor", "is not a cursor of this list; begin again without one.")
        // It is the operator's to do something, who may be the one who reads it.
        case .full, .io: self.init(.busy, error.message, .init(phase: "store", retryable: true))
        case .unavailable, .locked:
            self.init(.busy, "The daemon's store cannot take this now; try again later.", .init(phase: "store", retryable: true))
        default:
            self.init(.internal, "The daemon's store met a fault; the log has it under this request's id.", .init(phase: "store"))
        }
    }

    init(_ error: SecurityError) {
        switch error.code {
        case .busy:
            self.init(
                .busy, "Too many log-ins at once; try again in a moment.", .init(limit: "passwordHashQueue", retryAfterMs: 1_000))
        case .cancelled: self.init(.cancelled, "The request was cancelled.")
        case .invalidToken: self = .unauthenticated
        case .passwordTooLong: self = .invalid("password", "is too long.")
        default: self.init(.internal, "The daemon met a fault; the log has it under this request's id.")
        }
    }

    /// Whatever a handler threw.
    init(any error: any Error) {
        switch error {
        case let error as RPCError: self = error
        case let error as DatabaseError: self.init(error)
        case let error as StoreError: self.init(error)
        case let error as SecurityError: self.init(error)
        case is CancellationError: self.init(.cancelled, "The request was cancelled.")
        default: self.init(.internal, "The daemon met a fault; the log has it under this request's id.")
        }
    }
}

/// What the log says of an error beyond its code: redacted by the modules that made it.
func debugText(_ error: any Error) -> String {
    switch error {
    case let error as RPCError: error.message
    case let error as DatabaseError: "\(error.message) [\(error.debugDescription)]"
    case let error as StoreError: "\(error.message) [\(error.debugDescription)]"
    case let error as SecurityError: "\(error.message) [\(error.debugDescription)]"
    default: String(reflecting: type(of: error))
    }
}
