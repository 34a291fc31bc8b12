import Databases
import Logging
import Protocol
import Store
import Synchronization
import Tracing

/// The statement of a query at work: from asking for a connection until the query is history.
///
/// It is no task: where a connection is idle, it is with the connection's thread before ``begin()`` returns, and that thread does all
/// that is left to do at the end. Whoever waits for the query is woken once, by `ended`.
final class QueryJob: Sendable {
    private struct State {
        var isStopped = false
        var isOver = false
        /// Stops what goes on now: waiting for a connection, or the statement.
        var cancel: (@Sendable () -> Void)?
    }

    private let run: QueryRun
    private let sink: CountingSink
    private let rowsMax: Int
    private let bytesMax: Int
    private let recording: @Sendable (Result<StatementOutcome, DatabaseError>) -> QueryRecording
    private let ended: @Sendable (Result<StatementOutcome, DatabaseError>) -> Void
    private let state = Mutex(State())
    private let span: (any Tracing.Span)?

    /// Begins nothing yet. After ``begin()`` each of `recording` and `ended` is called exactly once: the one for what history is to
    /// have, the other when history has it and the query runs no longer.
    init(
        _ run: QueryRun, _ sink: CountingSink, rowsMax: Int, bytesMax: Int,
        recording: @escaping @Sendable (Result<StatementOutcome, DatabaseError>) -> QueryRecording,
        ended: @escaping @Sendable (Result<StatementOutcome, DatabaseError>) -> Void
    ) {
        self.run = run
        self.sink = sink
        self.rowsMax = rowsMax
        self.bytesMax = bytesMax
        self.recording = recording
        self.ended = ended
        span = run.services.tracer?.startSpan(.database(run.project.databaseType))
    }

    /// Asks for a connection, and has the statement run on it; once.
    func begin() {
        let request = run.projects.request(run.project) { [self] in granted($0) }
        guard onStop({ request.cancel() }) else { return finish(.failure(.stopped)) }
        request.begin()
    }

    /// Stops it, wherever it is; what it came to is told as ever.
    func stop() {
        let cancel = state.withLock { state in
            state.isStopped = true
            return state.cancel
        }
        cancel?()
    }

    /// Says how to stop what begins now. False if that was asked for before.
    private func onStop(_ cancel: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard !state.isOver else { return true }
            state.cancel = cancel
            return !state.isStopped
        }
    }

    private func granted(_ result: Result<ConnectionLease, DatabaseError>) {
        switch result {
        case .failure(let error): finish(.failure(error))
        case .success(let lease):
            run.query.runs()
            span?.addEvent("connected")
            let stop = lease.connection.start(
                run.statement, pageRows: run.pageRows, pageBytes: run.services.limits.pageBytes, rowsMax: rowsMax,
                bytesMax: bytesMax, sink: sink
            ) { [self] result in
                // The connection is free again when the result has ended or is full, not when it was read.
                lease.checkin()
                finish(result)
            }
            if !onStop({ stop(.stopped) }) { stop(.stopped) }
        }
    }

    private func finish(_ result: Result<StatementOutcome, DatabaseError>) {
        state.withLock { state in
            state.isOver = true
            state.cancel = nil
        }
        let isSchemaOld = forgetSchema(after: (try? result.get())?.command)
        let recording = recording(result)
        if let span { end(span, result, rowCount: recording.end.rowCount) }
        if recording.writeNow() { return tell(recording, result) }
        Task {
            await recording.write()
            if isSchemaOld { await tellSchemaOld() }
            tell(recording, result)
        }
    }

    private func end(
        _ span: any Tracing.Span, _ result: Result<StatementOutcome, DatabaseError>, rowCount: Int64?
    ) {
        span.updateAttributes { attributes in
            attributes["dbassist.query"] = run.query.id
            attributes["db.response.returned_rows"] = rowCount
        }
        switch result {
        case .success(let outcome): span.attributes["db.operation.name"] = outcome.command
        case .failure(let error): span.fail(error)
        }
        span.end()
    }

    private func tell(_ recording: QueryRecording, _ result: Result<StatementOutcome, DatabaseError>) {
        run.services.running.ended(run.query, recording.end)
        ended(result)
    }

    /// Statements of a write that leave the schema as it is. All others may change it, a SELECT by the functions it calls.
    private static let rowCommands: Set<String> = ["INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"]

    /// What is known of the schema may be wrong once a write has ended, whether it says that it succeeded or not.
    ///
    /// - Returns: whether it was one after which it may be.
    private func forgetSchema(after command: String?) -> Bool {
        guard run.statement.mode == .write else { return false }
        let command = command ?? StatementWord.first(of: run.statement.sql, .write)
        guard !Self.rowCommands.contains(command) else { return false }
        run.services.catalogues.invalidate(projectID: run.project.id)
        return true
    }

    /// The same at other daemons with this store.
    private func tellSchemaOld() async {
        do throws(StoreError) {
            try await run.services.store.announce(.schemaChanged(projectID: run.project.id))
        } catch {
            run.services.logger.warning(
                "other daemons were not told of a changed schema", metadata: ["error": "\(error.debugDescription)"])
        }
    }
}

/// A value that one party makes and one task waits for.
final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case pending
        case waiting(CheckedContinuation<Value, Never>)
        case made(Value)
    }

    private let state = Mutex(State.pending)

    /// Makes the value; once.
    func fulfil(_ value: Value) {
        let waiter: CheckedContinuation<Value, Never>? = state.withLock { state in
            let before = state
            state = .made(value)
            if case .waiting(let continuation) = before { return continuation } else { return nil }
        }
        waiter?.resume(returning: value)
    }

    /// Waits for the value; once, and whether or not the task is cancelled.
    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let made: Value? = state.withLock { state in
                if case .made(let value) = state { return value }
                state = .waiting(continuation)
                return nil
            }
            if let made { continuation.resume(returning: made) }
        }
    }
}
