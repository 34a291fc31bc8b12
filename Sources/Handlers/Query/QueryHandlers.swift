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
        let (id, identity) = (params.queryId.lowercased(), try context.identity())
        if services.running.cancel(id, userID: identity.userID, in: identity.scope.projectIDs) { return Empty() }
        if identity.isOfProjects {
            // Another daemon knows whose the query is, and not what this token is for.
            let elsewhere = try await services.store.liveQueriesElsewhere(userID: identity.userID, projectID: nil)
            guard elsewhere.contains(where: { $0.start.id == id && identity.reaches($0.start.projectID) }) else { return Empty() }
        }
        try await services.store.announce(.queryCancelled(id, userID: identity.userID))
        return Empty()
    }

    func close(_ params: QueryCloseParams, _ context: RequestContext) async throws -> Empty {
        let identity = try context.identity()
        let id = params.resultId.lowercased()
        if reaches(result: id, identity) { services.results.close(id, userID: identity.userID) }
        return Empty()
    }

    /// Whether the token may reach a result, if there is one of that id.
    func reaches(result id: String, _ identity: Identity) -> Bool {
        !identity.isOfProjects || services.results.projectID(of: id, userID: identity.userID).map(identity.reaches) ?? false
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
