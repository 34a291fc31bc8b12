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

    /// Ends the sessions that have outlived themselves, and answers their ids.
    func endOutlived(nowMs: Int64, idleMs: Int64) -> [String] {
        let clients = state.withLock { $0.values.flatMap { $0.values } }
        var ended: [String] = []
        for client in clients {
            guard let identity = client.identity, let reason = identity.endReason(nowMs: nowMs, idleMs: idleMs) else { continue }
            end([identity.sessionID], reason)
            ended.append(identity.sessionID)
        }
        return ended
    }

    /// Takes the session from connections that attached it with a token of a key that is not accepted any longer, and answers the
    /// ids of these sessions. A connection on which it began with a password keeps it.
    func end(unlessKeyIn accepted: Set<String>) -> [String] {
        let clients = state.withLock { $0.values.flatMap { $0.values } }
        var ended: [String] = []
        for client in clients {
            guard let identity = client.identity, let keyID = identity.keyID, !accepted.contains(keyID) else { continue }
            remove(client, identity.sessionID)
            guard client.unbind(ifSession: identity.sessionID) else { continue }
            ended.append(identity.sessionID)
            client.channel.notify(
                .notification(SessionExpiredNotification.method, SessionExpiredNotification(reason: .revoked)))
        }
        return ended
    }

    private func remove(_ client: ClientSession, _ sessionID: String) {
        state.withLock { sessions in
            sessions[sessionID]?[ObjectIdentifier(client)] = nil
            if sessions[sessionID]?.isEmpty == true { sessions[sessionID] = nil }
        }
    }
}
