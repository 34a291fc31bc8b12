import Databases
import Logging
import Protocol
public import Store

/// What follows from a change of the store for what this daemon has in memory and runs, whoever made the change: a handler here, or
/// another daemon with the same store.
extension Services: StoreWatcher {
    /// Queries younger than this are not worth a row that others read.
    private static let showAfterMs = 250.0

    public var sessionsInUse: [String] { sessions.ids }
    public var queriesToShow: [LiveQueryRecord] { running.older(thanMs: Self.showAfterMs).map(\.record) }

    /// Another daemon made this change.
    public func changed(_ change: StoreChange) { apply(change) }

    /// Acts upon a change.
    func apply(_ change: StoreChange) {
        switch change {
        case .sessionEnded(let id, let reason):
            end([id], SessionEndReason(rawValue: reason) ?? .revoked)
        case .userDeleted(let id):
            running.cancel(ofUser: id)
            turns.cancel(ofUser: id)
            results.closeAll(ofUser: id)
        case .projectMoved(let id):
            apply(.projectClosedToWrites(id))
            turns.cancel(ofProject: id)
            catalogues.invalidate(projectID: id)
        case .projectClosedToWrites(let id):
            running.cancelWrites(ofProject: id)
            pool.drain(projectID: id)
        case .projectDeleted(let id):
            running.cancel(ofProject: id)
            turns.cancel(ofProject: id)
            pool.drain(projectID: id, cancelRunning: true)
            catalogues.invalidate(projectID: id)
        case .schemaChanged(let projectID):
            catalogues.invalidate(projectID: projectID)
        case .queryCancelled(let id, let userID):
            running.cancel(id, userID: userID)
        case .turnCancelled(let threadID, let userID):
            turns.cancel(threadID: threadID, userID: userID)
        }
    }

    /// Ends sessions on every connection that has them, and what runs under them.
    ///
    /// - Parameters:
    ///   - requester: is not told, for it asked.
    ///   - spared: a connection whose queries and turns go on.
    func end(
        _ sessionIDs: [String], _ reason: SessionEndReason, requester: ClientSession? = nil,
        sparingWorkOf spared: ClientSession? = nil
    ) {
        sessions.end(sessionIDs, reason, requester: requester)
        for sessionID in sessionIDs {
            running.cancel(ofSession: sessionID, except: spared)
            turns.cancel(ofSession: sessionID, exceptConnection: spared?.channel.connectionID)
        }
    }

    public func lostTrack() {
        catalogues.invalidateAll()
    }

    public func failed(_ error: StoreError?) {
        if let error {
            logger.warning("the store is out of reach", metadata: ["error": "\(error.debugDescription)"])
        } else {
            logger.notice("the store is back")
        }
    }
}
