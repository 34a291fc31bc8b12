import Protocol
import Synchronization
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

extension DatabaseConnection {
    /// A view's query, of PostgreSQL; nil where it has none, or where it is not told within `timeoutMs`: the server locks what
    /// the view reads for that, and somebody else may have locked it.
    ///
    /// Errors: those of a connection that is lost or stopped.
    public func viewDefinition(
        _ schema: String, _ name: String, timeoutMs: Int = 2_000, marking: @Sendable (Statement) -> Statement = { $0 }
    ) async throws(DatabaseError) -> String? {
        try await definition(
            marking(
                Statement(
                    sql: PostgreSQLCatalogue.viewDefinition, parameters: [.text(schema), .text(name)], mode: .read,
                    timeoutMs: timeoutMs, cellBytesMax: Self.textBytesMax)))
    }

    /// The statement that makes a trigger, of PostgreSQL; nil and errors as for ``viewDefinition(_:_:timeoutMs:marking:)``.
    public func triggerDefinition(
        _ trigger: String, of schema: String, _ relation: String, timeoutMs: Int = 2_000,
        marking: @Sendable (Statement) -> Statement = { $0 }
    ) async throws(DatabaseError) -> String? {
        try await definition(
            marking(
                Statement(
                    sql: PostgreSQLCatalogue.triggerDefinition, parameters: [.text(schema), .text(relation), .text(trigger)],
                    mode: .read, timeoutMs: timeoutMs, cellBytesMax: Self.textBytesMax)))
    }

    private func definition(_ statement: Statement) async throws(DatabaseError) -> String? {
        let sink = FirstTextSink()
        do throws(DatabaseError) {
            try await run(statement, sink: sink)
        } catch {
            guard error.code == .timeout || error.code == .queryFailed else { throw error }
            return nil
        }
        return sink.text
    }
}

/// Keeps the first cell, which is a text.
private final class FirstTextSink: RowSink, Sendable {
    private let kept = Mutex<String?>(nil)

    var text: String? { kept.withLock { $0 } }

    func columns(_ columns: [Column]) {}

    func page(_ page: Page) throws(DatabaseError) -> Demand {
        let found = page.rows.withUnsafeBytes { bytes -> String? in
            var reader = JSONReader(bytes)
            guard (try? reader.enterArray()) != nil, reader.nextElement(), (try? reader.enterArray()) != nil,
                reader.nextElement(),
                reader.kind == .string
            else { return nil }
            return try? reader.string()
        }
        kept.withLock { $0 = $0 ?? found }
        return .enough
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
