import Databases
import Logging
import Protocol
import Security
import Store
import Synchronization

/// The row of history that a query becomes.
final class QueryHistory: Sendable {
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
        let sealed = services.seal(text.withUnsafeBytes { Array($0) }, .preview, user: start.userID, row: start.id)
        preview.withLock { $0 = sealed }
    }

    /// How the query ended, as history is to have it. `first` is kept as ``keepPreview(_:)`` does.
    func end(_ result: Result<StatementOutcome, DatabaseError>, rowCount: Int, _ first: Preview?) -> QueryRecording {
        let elapsedMs = query.elapsedMs
        keepPreview(first)
        var end = QueryEnd(status: .success, durationMs: elapsedMs, sealedPreview: preview.withLock { $0 })
        switch result {
        case .success(let outcome):
            end.rowCount = Int64(rowCount)
            end.affectedRows = outcome.affectedRows.map(Int64.init)
        case .failure(let error):
            let shown = RPCError(error)
            end.status = error.code == .cancelled || error.code == .timeout ? .cancelled : .error
            end.errorCode = shown.code.rawValue
            end.errorMessage = parameters.redacted(from: shown.message)
        }
        return QueryRecording(start: start, end: end, databaseType: databaseType, services: services)
    }
}

/// The end of a query on its way into history.
struct QueryRecording: Sendable {
    let start: QueryStart
    let end: QueryEnd
    let databaseType: Databases.DatabaseType
    let services: Services

    /// Writes it if that takes no waiting: of a read, unless very many are to be written already. Answers whether it did.
    func writeNow() -> Bool {
        guard start.mode == .read else { return false }
        services.store.touchProjectNow(id: start.projectID, nowMs: start.createdAtMs)
        return services.store.recordFinishedNow(start, in: databaseType, end)
    }

    /// Writes it; the end of a write is durable afterwards, unless the disk refuses it: then it is written when that takes it again.
    func write() async {
        guard start.mode == .write else {
            return await services.store.recordFinished(start, shape: StatementShape(of: start.sql, databaseType), end)
        }
        services.store.touchProjectNow(id: start.projectID, nowMs: start.createdAtMs)
        do throws(StoreError) {
            _ = try await services.store.finishQuery(id: start.id, end)
        } catch {
            services.logger.error(
                "the end of a write is not in history", metadata: ["query": "\(start.id)", "error": "\(debugText(error))"])
            // It has taken effect, and whoever asked is told so.
            if error.isRetryable { await services.store.finishQueryLater(id: start.id, end) }
        }
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
