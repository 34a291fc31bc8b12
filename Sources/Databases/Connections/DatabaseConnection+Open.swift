import Threads

extension DatabaseConnection {
    /// Connects: starts a thread and opens the engine's driver on it.
    ///
    /// Errors: the driver's, with the phase that failed; `cancelled` when the task is cancelled (the attempt then ends by itself,
    /// at the connect timeout at the latest); `connect_timeout` should a driver outstay its own timeout; `busy` without a thread.
    public static func open(_ target: ConnectionTarget, _ options: ConnectOptions) async throws(DatabaseError)
        -> DatabaseConnection
    {
        try await open(target, options, factory: .engines)
    }

    /// `onEnd` is called exactly once for every call, when no thread or driver of it is left.
    static func open(
        _ target: ConnectionTarget, _ options: ConnectOptions, factory: DriverFactory, watchdog: Watchdog = .shared,
        timing: ConnectionTiming = ConnectionTiming(), onEnd: @escaping @Sendable () -> Void = {}
    ) async throws(DatabaseError) -> DatabaseConnection {
        let thread: DatabaseThread
        do throws(DatabaseError) {
            thread = try DatabaseThread(name: "dbassist-db")
        } catch {
            onEnd()
            throw error
        }
        let result = Completion<Result<DatabaseConnection, DatabaseError>>()
        let deadline = watchdog.arm(milliseconds: options.connectTimeoutMs + timing.openGraceMs) {
            result.complete(
                .failure(
                    DatabaseError(
                        .connectTimeout, phase: .connect, "The database did not answer within \(options.connectTimeoutMs) ms.",
                        retryable: true)))
        }
        defer { watchdog.disarm(deadline) }
        return try await withTaskCancellationHandler {
            _ = thread.post {
                do throws(DatabaseError) {
                    let driver = try factory.open(target, options)
                    let connection = DatabaseConnection(driver, on: thread, watchdog: watchdog, timing: timing, onEnd: onEnd)
                    if !result.complete(.success(connection)) { connection.close() }
                } catch {
                    thread.stop()
                    onEnd()
                    result.complete(.failure(error))
                }
            }
            return await result.value()
        } onCancel: {
            result.complete(.failure(DatabaseError(.cancelled, phase: .connect, "Connecting was cancelled.")))
        }.get()
    }
}
