import Threads

extension DatabaseConnection {
    /// Texts of the catalogue longer than this are cut: comments, defaults, expressions.
    private static let textBytesMax = 16 * 1024

    /// Reads the catalogue: a few statements for all relations together, each in read mode and with what is left of the time.
    ///
    /// Errors as for ``run(_:pageRows:pageBytes:rowsMax:bytesMax:sink:)``. Relations that come or go between the statements may be
    /// shown without columns, or not at all.
    public func catalogue(_ request: CatalogueRequest, of engine: DatabaseType) async throws(DatabaseError) -> Catalogue {
        let deadlineMs = Monotonic.nowMs + request.timeoutMs
        let late = DatabaseError(
            .timeout, phase: .execute,
            "The schema was not read within \(request.timeoutMs) ms; try again, or raise the limit queryTimeoutMs.")
        let steps: [CatalogueStep]
        switch engine {
        case .sqlite: return try await driverCatalogue(request, late)
        case .postgresql: steps = PostgreSQLCatalogue.steps(request)
        case .mysql: steps = MariaDBCatalogue.steps(request)
        }
        let sink = CatalogueSink(request)
        for step in steps where sink.begin(step) {
            let leftMs = deadlineMs - Monotonic.nowMs
            guard leftMs > 0 else { throw late }
            let statement = request.marking(
                Statement(
                    sql: step.sql, parameters: step.parameters, mode: .read, timeoutMs: leftMs, cellBytesMax: Self.textBytesMax))
            do throws(DatabaseError) {
                try await run(statement, sink: sink)
            } catch {
                if error.code == .timeout { throw late }
                guard step.mayFail, error.code == .queryFailed else { throw error.withoutPosition }
            }
            sink.endStep()
        }
        return sink.finish()
    }
}

extension DatabaseError {
    /// A position in a statement of ours means nothing to others.
    fileprivate var withoutPosition: DatabaseError {
        var error = self
        error.position = nil
        return error
    }
}
