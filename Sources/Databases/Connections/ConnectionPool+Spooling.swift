extension ConnectionPool {
    /// Starts `statement` on a connection of its own task and answers at once; rows and every error arrive in `spool`, and closing
    /// `spool` stops it. The connection is free again when the result has ended or is full, not when it was read.
    ///
    /// The defaults of `rowsMax` and `bytesMax` are those of a pulled result.
    @discardableResult public func start(
        _ statement: Statement, into spool: ResultSpool, key: PoolKey, options: ConnectOptions, waitMs: Int? = nil,
        pageRows: Int = 1000, pageBytes: Int = 256 * 1024, rowsMax: Int = 100_000, bytesMax: Int = 64 << 20,
        target: @escaping @Sendable () async throws(DatabaseError) -> ConnectionTarget
    ) -> Task<Void, Never> {
        let task = Task {
            do throws(DatabaseError) {
                try await withConnection(key, options: options, waitMs: waitMs, target: target) {
                    connection throws(DatabaseError) in
                    _ = try await connection.run(
                        statement, pageRows: pageRows, pageBytes: pageBytes, rowsMax: rowsMax, bytesMax: bytesMax, sink: spool)
                }
            } catch {
                spool.fail(error)
            }
        }
        spool.onClose { task.cancel() }
        return task
    }
}
