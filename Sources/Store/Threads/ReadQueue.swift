import Threads

/// A thread that reads, on a connection of its own, so that reads never wait for a commit. Starts with the first read.
final class ReadQueue: Sendable {
    private typealias Job = @Sendable (Result<StoreSession, StoreError>) -> Void

    private struct State {
        var thread = StoreThread()
        var jobs: [Job] = []
    }

    private let name: String
    private let engine: any StoreEngine
    private let monitor = Monitor(State())

    init(name: String, engine: any StoreEngine) {
        self.name = name
        self.engine = engine
    }

    /// Runs `body` on the thread.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (StoreSession) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            let job: Job = { session in
                continuation.resume(returning: Result { () throws(StoreError) -> Value in try body(session.get()) })
            }
            let refusal: StoreError? = monitor.withLock { state in
                if state.thread.isClosing { return StoreError(.unavailable, "The store is closing.") }
                guard state.thread.start(name, { [self] in work() }) else {
                    return StoreError(.unavailable, "No thread could be started for the store; try again.")
                }
                state.jobs.append(job)
                return nil
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) } else { monitor.signal() }
        }
        return try result.get()
    }

    /// Answers what waits and ends the thread.
    func close() async {
        await withCheckedContinuation { continuation in
            let mustWait = monitor.withLock { $0.thread.close(continuation) }
            if mustWait { monitor.signal() } else { continuation.resume() }
        }
    }

    private func work() {
        var session: StoreSession?
        while let jobs = monitor.wait({ nextJobs(&$0) }) {
            for job in jobs {
                do throws(StoreError) {
                    // A connection that could not be opened is tried again with the next read.
                    if session == nil { session = try engine.connectReader() }
                    if let session { job(.success(session)) }
                } catch {
                    job(.failure(error))
                }
            }
        }
        session?.close()
        for continuation in monitor.withLock({ $0.thread.end() }) { continuation.resume() }
    }

    private func nextJobs(_ state: inout State) -> Monitor<State>.Step<[Job]?> {
        guard state.jobs.isEmpty else {
            defer { state.jobs = [] }
            return .done(state.jobs)
        }
        return state.thread.isClosing ? .done(nil) : .wait(untilNs: nil)
    }
}
