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

    /// What an end reached: whole sessions, and connections whose token alone has ended.
    struct Ended: Equatable {
        var sessions: [String] = []
        var connections: [String] = []
    }

    /// Ends what has come to its time on a connection: its session everywhere, or, where only its token has, the connection's part in it.
    @discardableResult
    func end(_ identity: Identity, on client: ClientSession, _ reason: SessionEndReason) -> Ended {
        guard reason == .expired, identity.endsEarly else {
            end([identity.sessionID], reason)
            return Ended(sessions: [identity.sessionID])
        }
        return Ended(connections: take(client, identity, reason) ? [client.channel.connectionID] : [])
    }

    /// Ends what has outlived itself.
    func endOutlived(nowMs: Int64, idleMs: Int64) -> Ended {
        let clients = state.withLock { $0.values.flatMap { $0.values } }
        var ended = Ended()
        for client in clients {
            guard let identity = client.identity, let reason = identity.endReason(nowMs: nowMs, idleMs: idleMs) else { continue }
            let more = end(identity, on: client, reason)
            ended.sessions += more.sessions
            ended.connections += more.connections
        }
        return ended
    }

    /// The sessions that connections have.
    var ids: [String] { state.withLock { Array($0.keys) } }

    /// Takes the session from connections that attached it with a token of a key that is not accepted any longer, and answers the
    /// connections' ids. One on which it began with a password keeps it.
    func end(unlessKeyIn accepted: Set<String>) -> [String] {
        let clients = state.withLock { $0.values.flatMap { $0.values } }
        return clients.compactMap { client in
            guard let identity = client.identity, let keyID = identity.keyID, !accepted.contains(keyID) else { return nil }
            return take(client, identity, .revoked) ? client.channel.connectionID : nil
        }
    }

    /// Takes the session from one connection, and tells it why.
    private func take(_ client: ClientSession, _ identity: Identity, _ reason: SessionEndReason) -> Bool {
        remove(client, identity.sessionID)
        guard client.unbind(ifSession: identity.sessionID) else { return false }
        client.channel.notify(.notification(SessionExpiredNotification.method, SessionExpiredNotification(reason: reason)))
        return true
    }

    private func remove(_ client: ClientSession, _ sessionID: String) {
        state.withLock { sessions in
            sessions[sessionID]?[ObjectIdentifier(client)] = nil
            if sessions[sessionID]?.isEmpty == true { sessions[sessionID] = nil }
        }
    }
}
