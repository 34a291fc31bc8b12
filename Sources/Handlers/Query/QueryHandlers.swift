import Databases
import Protocol
import Security
import Store

/// Statements, their results and their history.
struct QueryHandlers: QueryAPI {
    let services: Services
    let projects: ProjectHandlers

    var limits: Limits { services.limits }

    func cancel(_ params: QueryCancelParams, _ context: RequestContext) async throws -> Empty {
        let (id, userID) = (params.queryId.lowercased(), try context.identity().userID)
        if !services.running.cancel(id, userID: userID) {
            try await services.store.announce(.queryCancelled(id, userID: userID))
        }
        return Empty()
    }

    func close(_ params: QueryCloseParams, _ context: RequestContext) async throws -> Empty {
        services.results.close(params.resultId.lowercased(), userID: try context.identity().userID)
        return Empty()
    }

    // MARK: Shapes

    static func wire(_ record: StoredQuery, projectName: String, preview: JSONText? = nil) -> WireQueryRecord {
        WireQueryRecord(
            id: record.start.id, projectId: record.start.projectID, projectName: projectName, sql: record.start.sql,
            shape: StatementShape.name(record.shape), label: record.start.label, status: wire(record.end.status),
            errorCode: record.end.errorCode,
            errorMessage: record.end.errorMessage, rowCount: record.end.rowCount.map(Int.init),
            affectedRows: record.end.affectedRows.map(Int.init), durationMs: record.end.durationMs,
            mode: record.start.mode == .write ? .write : .read, source: wire(record.start.source),
            createdAt: Timestamp.format(record.start.createdAtMs), preview: preview)
    }

    static func wire(_ status: StoredQueryStatus) -> WireQueryStatus {
        switch status {
        case .running: .running
        case .success: .success
        case .error: .error
        case .cancelled: .cancelled
        }
    }

    static func wire(_ source: StoredQuerySource) -> WireQuerySource {
        switch source {
        case .editor: .editor
        case .script: .script
        case .chat: .chat
        }
    }

    static func wire(_ column: Databases.Column) -> WireColumn {
        WireColumn(name: column.name, type: column.type, encoding: WireEncoding(rawValue: column.encoding.rawValue) ?? .string)
    }

    static func wire(_ notice: Databases.Notice) -> WireNotice {
        WireNotice(severity: notice.severity, message: notice.message, code: notice.code)
    }
}
