import Protocol
import Synchronization

/// Which connections have which session, so that the end of a session reaches them at once.
final class SessionRegistry: Sendable {
    private let state = Mutex<[String: [ObjectIdentifier: ClientSession]]>([:])

    /// Makes `identity` the connection's session, in place of the one it had (which does not end).
    func bind(_ client: ClientSession, _ identity: Identity) {
        release(client)
        state.withLock { $0[identity.sessionID, default: [:]][ObjectIdentifier(client)] = client }
        client.bind(identity)
    }

    /// The connection gives its session up, or is gone.
    func release(_ client: ClientSession) {
        guard let sessionID = client.identity?.sessionID else { return }
        remove(client, sessionID)
        client.bind(nil)
    }

    /// Ends sessions on every connection that has them; all but `requester` are told.
    func end(_ sessionIDs: [String], _ reason: SessionEndReason, requester: ClientSession? = nil) {
        for sessionID in sessionIDs {
            let clients = state.withLock { $0.removeValue(forKey: sessionID)?.values.map { $0 } ?? [] }
            for client in clients where client.unbind(ifSession: sessionID) && client !== requester {
                let params = SessionExpiredNotification(reason: reason)
                client.channel.notify(.notification(SessionExpiredNotification.method, params))
            }
        }
    }

    /// The sessions that have outlived themselves, and why; one may come more than once.
    func outlived(nowMs: Int64, idleMs: Int64) -> [(id: String, reason: SessionEndReason)] {
        let clients = state.withLock { $0.values.flatMap { $0.values } }
        return clients.compactMap { client in
            guard let identity = client.identity, let reason = identity.endReason(nowMs: nowMs, idleMs: idleMs) else { return nil }
            return (identity.sessionID, reason)
        }
    }

    /// The sessions that connections have.
    var ids: [String] { state.withLock { Array($0.keys) } }

    private func remove(_ client: ClientSession, _ sessionID: String) {
        state.withLock { sessions in
            sessions[sessionID]?[ObjectIdentifier(client)] = nil
            if sessions[sessionID]?.isEmpty == true { sessions[sessionID] = nil }
        }
    }
}
