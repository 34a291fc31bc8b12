import Logging
import Store

/// Says in the log what an older store keeps the daemon from serving for, and how far it is.
struct MigrationReport: Sendable {
    private let logger: Logger
    private let manager: ServiceManager
    private let began = ContinuousClock.now

    init(_ logger: Logger, _ manager: ServiceManager) {
        self.logger = logger
        self.manager = manager
    }

    /// A line at the beginning, one for each 100,000 rows, and one at the end.
    @Sendable func progressed(_ progress: MigrationProgress) {
        manager.isStarting("Bringing the store up to date: \(progress.rowsDone) of \(progress.rowsTotal) rows")
        var metadata: Logger.Metadata = ["schema": "\(progress.step)", "rows": "\(progress.rowsTotal)"]
        guard progress.rowsDone > 0 else { return logger.notice("store migration began", metadata: metadata) }
        metadata["done"] = "\(progress.rowsDone)"
        metadata["ms"] = "\(Int((ContinuousClock.now - began) / .milliseconds(1)))"
        logger.notice(progress.isDone ? "store migration done" : "store migration", metadata: metadata)
    }
}
