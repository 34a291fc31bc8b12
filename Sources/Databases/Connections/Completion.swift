import Synchronization

/// A value that several parties may produce and one task waits for. The first to complete it wins; the others are told so
/// and can give back what they hold.
final class Completion<Value: Sendable>: Sendable {
    private enum State {
        case pending
        case waiting(CheckedContinuation<Value, Never>)
        case completed(Value)
        case over
    }

    private let state = Mutex(State.pending)

    /// Whether this call decided the value.
    @discardableResult func complete(_ value: Value) -> Bool {
        let (won, waiter): (Bool, CheckedContinuation<Value, Never>?) = state.withLock { state in
            switch state {
            case .pending:
                state = .completed(value)
                return (true, nil)
            case .waiting(let continuation):
                state = .over
                return (true, continuation)
            case .completed, .over:
                return (false, nil)
            }
        }
        waiter?.resume(returning: value)
        return won
    }

    /// Waits for the value; once. Does not react to cancellation by itself: whoever cancels completes it.
    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let ready: Value? = state.withLock { state in
                switch state {
                case .pending:
                    state = .waiting(continuation)
                    return nil
                case .completed(let value):
                    state = .over
                    return value
                case .waiting, .over:
                    preconditionFailure("a completion has one waiter")
                }
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }
}
