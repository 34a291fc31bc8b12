/// One write that waits for its turn. It may run more than once: a group whose commit failed is run again one by one.
struct WriteJob: Sendable {
    /// Runs the statements, inside a savepoint.
    let perform: @Sendable (StoreSession) -> Performed
    /// Called once when the job is not going to be durable.
    let fail: @Sendable (StoreError) -> Void

    enum Performed {
        /// To be called once the commit is durable.
        case done(committed: @Sendable () -> Void)
        case failed(StoreError)
    }

    init<Value: Sendable>(
        _ body: @escaping @Sendable (StoreSession) throws(StoreError) -> Value,
        completion: @escaping @Sendable (Result<Value, StoreError>) -> Void
    ) {
        perform = { session in
            do throws(StoreError) {
                let value = try body(session)
                return .done { completion(.success(value)) }
            } catch {
                return .failed(error)
            }
        }
        fail = { completion(.failure($0)) }
    }
}
