import Databases
import Protocol
import Store

/// query.fetch: pages of a kept result.
extension QueryHandlers {
    func fetch(_ params: QueryFetchParams, _ context: RequestContext) async throws -> QueryFetchResult {
        let identity = try context.identity()
        let spool = services.results.find(
            params.resultId.lowercased(), userID: identity.userID, connectionID: context.client.channel.connectionID)
        guard let spool else { throw RPCError.notFound }
        guard let cursor = params.cursor.map(ResultCursor.init) ?? ResultCursor(page: 0) else {
            throw RPCError.invalid("cursor", "is not a cursor of this result; begin again without one.")
        }
        let page = try await page(cursor.page, of: spool)
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

    private func page(_ index: Int, of spool: ResultSpool) async throws(RPCError) -> SpooledPage? {
        do throws(DatabaseError) {
            return try await spool.page(index)
        } catch {
            // Closed a moment ago: as unknown as one closed before.
            throw ErrorCode(rawValue: error.code.description) == .notFound ? .notFound : RPCError(error)
        }
    }
}
