import Databases
import Protocol
import Store

/// query.fetch: pages of a kept result.
extension QueryHandlers {
    func fetch(_ params: QueryFetchParams, _ context: RequestContext) async throws -> QueryFetchResult {
        let result = try kept(params.resultId, context)
        _ = try result.spool()
        guard let cursor = params.cursor.map(ResultCursor.init) ?? ResultCursor(page: 0) else {
            throw RPCError.invalid("cursor", "is not a cursor of this result; begin again without one.")
        }
        let page = try await result.page(cursor.page)
        let end = try? await result.endIfOver()
        guard let page else {
            return QueryFetchResult(
                rows: JSONText("[]"), firstRow: end?.rowCount ?? 0, rowCount: 0, hasMore: false, totalRows: end?.rowCount,
                truncated: end?.truncated != nil)
        }
        return QueryFetchResult(
            rows: page.rows, firstRow: page.firstRow, rowCount: page.rowCount, hasMore: page.hasMore,
            nextCursor: page.hasMore ? ResultCursor(page: cursor.page + 1).text : nil, totalRows: end?.rowCount,
            truncated: end?.truncated != nil)
    }

    /// The result of this id as this connection may read it.
    func kept(_ resultID: String, _ context: RequestContext) throws(RPCError) -> KeptResult {
        let identity = try context.identity()
        guard reaches(result: resultID.lowercased(), identity) else { throw .notFound }
        return KeptResult(
            id: resultID.lowercased(), userID: identity.userID, connectionID: context.client.channel.connectionID,
            registry: services.results)
    }
}
