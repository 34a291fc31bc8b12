import Databases
import Protocol
import Security
import Store

/// What the daemon says of itself.
struct SystemHandlers: SystemAPI {
    let services: Services

    func health(_ context: RequestContext) throws -> SystemHealthResult {
        let uptimeMs = Int(max(0, Timestamp.now() - services.startedAtMs))
        let isStoreWell = services.store.isWell
        var result = SystemHealthResult(
            status: isStoreWell ? .ok : .degraded, version: services.version, uptimeMs: uptimeMs)
        guard context.boundIdentity != nil else { return result }
        let pool = services.pool.status
        result.store = WireStoreHealth(engine: services.store.isInPostgreSQL ? .postgresql : .sqlite, ok: isStoreWell)
        result.connections = ConnectionsHealth(
            clients: services.clientCount(), databases: pool.open, databasesInUse: pool.inUse)
        result.queries = QueriesHealth(running: services.running.count, waiting: pool.waiting)
        return result
    }

    func limits(_ context: RequestContext) throws -> Limits { services.limits }

    func metrics(_ context: RequestContext) async throws -> SystemMetricsResult {
        SystemMetricsResult(text: services.metricsText())
    }
}
