import Databases
import Protocol
import Security
import Store

/// project.summary: figures from history, and what the database says of itself.
extension ProjectHandlers {
    func summary(_ params: ProjectSummaryParams, _ context: RequestContext) async throws -> ProjectSummaryResult {
        let identity = try context.identity()
        let id = identity.reaches(params.projectId.lowercased()) ? params.projectId.lowercased() : Identity.nowhere
        let recent = services.limits.recentItems
        guard let summary = try await services.store.summary(projectID: id, userID: identity.userID, recent: recent) else {
            throw RPCError.notFound
        }
        let counts = summary.counts
        let statistics = QueryStatistics(
            total: Int(counts.total), success: Int(counts.success), error: Int(counts.error), cancelled: Int(counts.cancelled),
            successRate: counts.successRate, p50Ms: summary.latency.p50Ms, p95Ms: summary.latency.p95Ms, rows: Int(counts.rows))
        return ProjectSummaryResult(
            projectId: id, queries: statistics,
            recentQueries: summary.recentQueries.map { QueryHandlers.wire($0, projectName: summary.project.name) },
            messageCount: Int(summary.messageCount),
            database: await databaseSummary(summary.project))
    }

    private func databaseSummary(_ project: StoredProject) async -> DatabaseSummary {
        do throws(DatabaseError) {
            let metadata = try await withConnection(to: project) { connection async throws(DatabaseError) in
                try await connection.metadata(timeoutMs: services.limits.connectTimeoutMs)
            }
            return DatabaseSummary(
                serverVersion: metadata.serverVersion, databaseName: metadata.databaseName, currentUser: metadata.currentUser,
                sizeBytes: metadata.sizeBytes, tableCount: metadata.tableCount)
        } catch {
            let shown = RPCError(error)
            return DatabaseSummary(
                unavailable: DatabaseProblem(code: shown.code.rawValue, message: shown.message, retryable: error.retryable))
        }
    }
}
