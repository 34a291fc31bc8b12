import Databases
import Glibc
import Logging
import Protocol
import Security
import Store
import Synchronization
import Threads

/// The row of history that a query becomes.
final class QueryHistory: Sendable {
    /// Binds sealed previews to this use.
    static let sealPurpose = "query.preview"

    let start: QueryStart
    private let services: Services
    private let began = Monotonic.nowNs
    private let preview = Mutex<[UInt8]?>(nil)

    init(run: QueryRun) {
        services = run.services
        start = QueryStart(
            id: run.id, projectID: run.project.id, userID: run.identity.userID, sql: run.statement.sql, label: run.label,
            mode: run.statement.mode, source: run.client.isInitialized ? .editor : .script, createdAtMs: Timestamp.now())
    }

    /// Milliseconds since the query was accepted, to the microsecond.
    var elapsedMs: Double { Double((Monotonic.nowNs - began) / 1_000) / 1_000 }

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

    func succeeded(_ outcome: StatementOutcome, rowCount: Int?, _ first: Preview?) async {
        let elapsedMs = elapsedMs
        keepPreview(first)
        await write(
            QueryEnd(
                status: .success, rowCount: rowCount.map(Int64.init), affectedRows: outcome.affectedRows.map(Int64.init),
                durationMs: elapsedMs, sealedPreview: preview.withLock { $0 }))
    }

    func succeeded(_ outcome: StatementOutcome, _ spool: ResultSpool) async {
        let end = try? await spool.finished()
        let first = try? await spool.firstPage()
        await succeeded(outcome, rowCount: end?.rowCount, first.flatMap { first in first.page.map { (first.columns, $0.rows) } })
    }

    func failed(_ error: DatabaseError, _ first: Preview? = nil) async {
        let elapsedMs = elapsedMs
        keepPreview(first)
        let shown = RPCError(error)
        let isStopped = error.code == .cancelled || error.code == .timeout
        await write(
            QueryEnd(
                status: isStopped ? .cancelled : .error, errorCode: shown.code.rawValue, errorMessage: shown.message,
                durationMs: elapsedMs, sealedPreview: preview.withLock { $0 }))
    }

    private func write(_ end: QueryEnd) async {
        await services.store.touchProject(id: start.projectID, nowMs: start.createdAtMs)
        guard start.mode == .write else { return await services.store.recordFinished(start, end) }
        do {
            _ = try await services.store.finishQuery(id: start.id, end)
        } catch {
            services.logger.error(
                "the end of a write is not in history", metadata: ["query": "\(start.id)", "error": "\(debugText(error))"])
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
