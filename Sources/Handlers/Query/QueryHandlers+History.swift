import Databases
import Protocol
import Security
import Store

/// query.history and query.get.
extension QueryHandlers {
    func history(_ params: QueryHistoryParams, _ context: RequestContext) async throws -> QueryHistoryResult {
        let identity = try context.identity()
        let filter = HistoryFilter(
            projectID: try identity.listed(params.projectId),
            status: params.status.flatMap { StoredQueryStatus(rawValue: $0.rawValue) },
            mode: params.mode.map { $0 == .write ? .write : .read },
            source: params.source.flatMap { StoredQuerySource(rawValue: $0.rawValue) }, text: params.text,
            errorText: params.errorText, shape: try shape(params.shape), sinceMs: try time(params.since, "since"),
            untilMs: try time(params.until, "until"))
        let page = try await services.store.history(
            userID: identity.userID, filter: filter, page: PageRequest(limit: params.limit, cursor: params.cursor))
        let names = try await projectNames(page.items, identity)
        return QueryHistoryResult(
            items: page.items.map { Self.wire($0, projectName: names[$0.start.projectID] ?? "") }, nextCursor: page.nextCursor)
    }

    func get(_ params: QueryGetParams, _ context: RequestContext) async throws -> WireQueryRecord {
        let identity = try context.identity()
        let found = try await services.store.query(id: params.queryId.lowercased(), userID: identity.userID)
        guard let record = found, identity.reaches(record.start.projectID) else {
            throw RPCError.notFound
        }
        var preview: JSONText?
        // One that does not open is in the log; the rest of the record is as good as before.
        if let sealed = record.end.sealedPreview,
            let opened = try? services.unseal(sealed, .preview, user: identity.userID, row: record.start.id)
        {
            preview = opened.withUnsafeBytes { JSONText(copying: $0) }
        }
        let names = try await projectNames([record], identity)
        return Self.wire(record, projectName: names[record.start.projectID] ?? "", preview: preview)
    }

    private func shape(_ name: String?) throws(RPCError) -> UInt64? {
        guard let name else { return nil }
        guard let shape = StatementShape.fingerprint(named: name) else {
            throw .invalid("shape", "must be the shape of a query: sixteen hexadecimal digits.")
        }
        return shape
    }

    func time(_ text: String?, _ member: String) throws(RPCError) -> Int64? {
        guard let text else { return nil }
        guard let time = Timestamp.parse(text) else { throw .invalid(member, "must be a time that exists.") }
        return time
    }

    /// The names of the projects that these queries were of.
    private func projectNames(_ records: [StoredQuery], _ identity: Identity) async throws -> [String: String] {
        var names: [String: String] = [:]
        for id in Set(records.map(\.start.projectID)) {
            names[id] = try await services.store.project(id: id, userID: identity.userID)?.name
        }
        return names
    }
}
