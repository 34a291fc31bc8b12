import Databases
import Protocol
import Store

/// query.fetch: pages of a kept result.
extension QueryHandlers {
    func fetch(_ params: QueryFetchParams, _ context: RequestContext) async throws -> QueryFetchResult {
        let identity = try context.identity()
        guard let spool = services.results.find(params.resultId.lowercased(), userID: identity.userID) else {
            throw RPCError.notFound
        }
        guard let cursor = params.cursor.map(ResultCursor.init) ?? ResultCursor(page: 0) else {
            throw RPCError.invalid("cursor", "is not a cursor of this result; begin again without one.")
        }
        let page: SpooledPage?
        do {
            page = try await spool.page(cursor.page)
        } catch let error where error.code.description == "not_found" {
            throw RPCError.notFound
        }
        let end = spool.isEnded ? try? await spool.finished() : nil
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
}
