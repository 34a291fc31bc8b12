import Synchronization

/// Between a driver and the sink of one run: lets nothing through once the run was stopped or has ended, and says exactly once
/// how it ended.
final class GuardedSink: RowSink, Sendable {
    private enum State {
        case open
        case stopped(DatabaseError)
        case ended
    }

    private let sink: any RowSink & Sendable
    private let state = Mutex(State.open)

    init(_ sink: any RowSink & Sendable) { self.sink = sink }

    func columns(_ columns: [Column]) throws(DatabaseError) {
        try check()
        try sink.columns(columns)
    }

    func page(_ page: Page) throws(DatabaseError) -> Demand {
        try check()
        return try sink.page(page)
    }

    func rowFollows() { sink.rowFollows() }

    func truncated(by limit: RowLimit) { sink.truncated(by: limit) }

    func ended(_ result: Result<StatementOutcome, DatabaseError>) {
        let isFirst = state.withLock { state in
            if case .ended = state { return false }
            state = .ended
            return true
        }
        if isFirst { sink.ended(result) }
    }

    /// Not an answer to the reader yet: the driver has to come back first.
    func stop(_ error: DatabaseError) {
        let isOpen = state.withLock { state in
            guard case .open = state else { return false }
            state = .stopped(error)
            return true
        }
        if isOpen { sink.interrupt() }
    }

    private func check() throws(DatabaseError) {
        let error: DatabaseError? = state.withLock { state in
            switch state {
            case .open: nil
            case .stopped(let error): error
            case .ended: .closed
            }
        }
        if let error { throw error }
    }
}
