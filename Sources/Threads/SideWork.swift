/// Something that is made on a thread of its own, beside the thread that wants it later.
public final class SideWork<Value: Sendable>: Sendable {
    private let outcome = Monitor<Result<Value, any Error>?>(nil)

    /// Begins `work`, on another processor where there is one.
    public init(name: String, _ work: @escaping @Sendable () throws -> Value) {
        let outcome = outcome
        let finish: @Sendable () -> Void = {
            let result = Result { try work() }
            outcome.withLock { $0 = result }
            outcome.signal()
        }
        // Where no thread is to be had, it is not beside us.
        if SystemThread.spawn(name: name, elsewhere: true, finish) != 0 { finish() }
    }

    /// What was made; blocks the thread until it is.
    public func value() throws -> Value {
        let result = outcome.wait { outcome -> Monitor<Result<Value, any Error>?>.Step<Result<Value, any Error>> in
            if let outcome { .done(outcome) } else { .wait(untilNs: nil) }
        }
        return try result.get()
    }
}
