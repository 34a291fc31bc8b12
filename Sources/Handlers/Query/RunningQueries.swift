import Synchronization

/// The queries that run now, by id, and how to stop them.
///
/// A query is registered before it begins and removed when it has ended; cancelling is asking, the outcome is the query's own.
final class RunningQueries: Sendable {
    struct Entry: Sendable {
        let id: String
        let userID: String
        let sessionID: String
        let projectID: String
        let client: ClientSession
        let isWrite: Bool
    }

    private struct State {
        var entries: [String: (entry: Entry, cancel: (@Sendable () -> Void)?, isCancelled: Bool)] = [:]
        var perUser: [String: Int] = [:]
    }

    enum Refusal: Error { case tooMany, idInUse }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.entries.count } }

    /// Registers a query that is about to begin.
    func register(_ entry: Entry, perUserMax: Int) throws(Refusal) {
        let refusal = state.withLock { state -> Refusal? in
            if state.entries[entry.id] != nil { return .idInUse }
            let running = state.perUser[entry.userID, default: 0]
            if running >= perUserMax { return .tooMany }
            state.perUser[entry.userID] = running + 1
            state.entries[entry.id] = (entry, nil, false)
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Says how to stop a registered query; it is stopped at once if that was asked for meanwhile.
    func began(_ id: String, cancel: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.entries[id]?.cancel = cancel
            return state.entries[id]?.isCancelled ?? true
        }
        if isCancelled { cancel() }
    }

    func remove(_ id: String) {
        state.withLock { state in
            guard let userID = state.entries.removeValue(forKey: id)?.entry.userID else { return }
            let left = state.perUser[userID, default: 1] - 1
            state.perUser[userID] = left > 0 ? left : nil
        }
    }

    // MARK: Stopping

    func cancel(_ id: String, userID: String) { cancel { $0.id == id && $0.userID == userID } }
    func cancel(ofUser userID: String) { cancel { $0.userID == userID } }
    func cancel(ofProject projectID: String) { cancel { $0.projectID == projectID } }
    func cancelWrites(ofProject projectID: String) { cancel { $0.projectID == projectID && $0.isWrite } }
    func cancel(ofConnection connectionID: String) { cancel { $0.client.channel.connectionID == connectionID } }
    func cancel(ofSession sessionID: String, except spared: ClientSession? = nil) {
        cancel { $0.sessionID == sessionID && $0.client !== spared }
    }
    func cancelAll() { cancel { _ in true } }

    private func cancel(where isMeant: (Entry) -> Bool) {
        let cancels = state.withLock { state in
            var cancels: [@Sendable () -> Void] = []
            for (id, value) in state.entries where isMeant(value.entry) {
                state.entries[id]?.isCancelled = true
                if let cancel = value.cancel { cancels.append(cancel) }
            }
            return cancels
        }
        for cancel in cancels { cancel() }
    }
}
