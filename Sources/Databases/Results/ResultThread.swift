import Glibc
import Synchronization

/// The threads that convert and summarise kept results, a page a job: half as many as there are processors, so that however much
/// of this is asked for, the other half is left for what is quick. Started with the first job.
enum ResultThread {
    private struct State {
        var threads: [DatabaseThread] = []
        var next = 0
    }

    private static let state = Mutex(State())
    private static let count = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)) / 2)
    private static let jobsMax = 4096

    /// Runs `body` on one of the threads. Throws `busy` where too much waits for them.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async throws(DatabaseError) -> Value {
        let result = Completion<Value>()
        guard try thread().post({ result.complete(body()) }) else {
            throw DatabaseError(.busy, phase: .fetch, "Too many results are being read; try again.", retryable: true)
        }
        return await result.value()
    }

    private static func thread() throws(DatabaseError) -> DatabaseThread {
        let result: Result<DatabaseThread, DatabaseError> = state.withLock { state in
            state.next += 1
            if state.threads.count == count { return .success(state.threads[state.next % count]) }
            do throws(DatabaseError) {
                let thread = try DatabaseThread(name: "dbassist-rows", jobsMax: jobsMax)
                state.threads.append(thread)
                return .success(thread)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
