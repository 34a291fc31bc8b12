import Databases
import Logging
import Protocol
import Security
import Store
import Synchronization

/// The row of history that a query becomes. Each of ``succeeded(_:_:)`` and its like writes it, and answers how it stands there.
final class QueryHistory: Sendable {
    /// Binds sealed previews to this use.
    static let sealPurpose = "query.preview"

    private let query: LiveQuery
    private let databaseType: Databases.DatabaseType
    private let services: Services
    private let parameters: [Parameter]
    private let preview = Mutex<[UInt8]?>(nil)

    /// - Parameter parameters: of the statement. They are never kept.
    init(_ query: LiveQuery, _ databaseType: Databases.DatabaseType, parameters: [Parameter], _ services: Services) {
        self.query = query
        self.databaseType = databaseType
        self.parameters = parameters
        self.services = services
    }

    private var start: QueryStart { query.start }

    /// The columns and the first page of a result.
    typealias Preview = (columns: [Databases.Column], rows: JSONText)

    /// Keeps the first rows for query.get, unless they are kept already.
    func keepPreview(_ first: Preview?) {
        guard let first, preview.withLock({ $0 == nil }) else { return }
        let text = QueryPreview.text(
            first.columns, first.rows, rowsMax: services.limits.previewRows, bytesMax: services.limits.previewBytes)
        let sealed = services.sealer.seal(
            text.withUnsafeBytes { Array($0) }, purpose: Self.sealPurpose, user: start.userID, row: start.id)
        preview.withLock { $0 = sealed }
    }

    func succeeded(_ outcome: StatementOutcome, rowCount: Int?, _ first: Preview?) async -> QueryEnd {
        let elapsedMs = query.elapsedMs
        keepPreview(first)
        return await write(
            QueryEnd(
                status: .success, rowCount: rowCount.map(Int64.init), affectedRows: outcome.affectedRows.map(Int64.init),
                durationMs: elapsedMs, sealedPreview: preview.withLock { $0 }))
    }

    func succeeded(_ outcome: StatementOutcome, _ spool: ResultSpool) async -> QueryEnd {
        let end = try? await spool.finished()
        let first = try? await spool.firstPage()
        return await succeeded(
            outcome, rowCount: end?.rowCount, first.flatMap { first in first.page.map { (first.columns, $0.rows) } })
    }

    func failed(_ error: DatabaseError, _ first: Preview? = nil) async -> QueryEnd {
        let elapsedMs = query.elapsedMs
        keepPreview(first)
        let shown = RPCError(error)
        let isStopped = error.code == .cancelled || error.code == .timeout
        return await write(
            QueryEnd(
                status: isStopped ? .cancelled : .error, errorCode: shown.code.rawValue,
                errorMessage: parameters.redacted(from: shown.message), durationMs: elapsedMs,
                sealedPreview: preview.withLock { $0 }))
    }

    private func write(_ end: QueryEnd) async -> QueryEnd {
        await services.store.touchProject(id: start.projectID, nowMs: start.createdAtMs)
        guard start.mode == .write else {
            await services.store.recordFinished(start, shape: StatementShape(of: start.sql, databaseType), end)
            return end
        }
        do {
            _ = try await services.store.finishQuery(id: start.id, end)
        } catch {
            services.logger.error(
                "the end of a write is not in history", metadata: ["query": "\(start.id)", "error": "\(debugText(error))"])
        }
        return end
    }
}

/// The first rows of a result as history keeps them.
enum QueryPreview {
    /// `{"columns":[…],"rows":[…]}` with whole rows only: at most `rowsMax` of them and `bytesMax` bytes of rows.
    static func text(_ columns: [Databases.Column], _ rows: JSONText, rowsMax: Int, bytesMax: Int) -> JSONText {
        var writer = JSONWriter(capacity: 1024)
        writer.raw("{\"columns\":[")
        for (index, column) in columns.enumerated() {
            if index > 0 { writer.raw(",") }
            QueryHandlers.wire(column).encode(to: &writer)
        }
        writer.raw("],\"rows\":[")
        rows.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            try? reader.enterArray()
            var count = 0
            var size = 0
            while count < rowsMax, reader.nextElement() {
                let row = reader.slice()
                size += row.count
                guard size <= bytesMax else { break }
                if count > 0 { writer.raw(",") }
                writer.raw(row)
                count += 1
            }
        }
        writer.raw("]}")
        return writer.take()
    }
}
