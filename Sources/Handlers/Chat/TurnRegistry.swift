import Synchronization

/// A turn of the assistant that runs: whose it is, and what ends it.
final class Turn: Sendable {
    let threadID: String
    let projectID: String
    let userID: String
    let sessionID: String
    let connectionID: String
    fileprivate let stop: @Sendable () -> Void

    /// - Parameter stop: asks the turn to end; called at most once, from any thread.
    init(
        threadID: String, projectID: String, userID: String, sessionID: String, connectionID: String,
        stop: @escaping @Sendable () -> Void
    ) {
        self.threadID = threadID
        self.projectID = projectID
        self.userID = userID
        self.sessionID = sessionID
        self.connectionID = connectionID
        self.stop = stop
    }
}

/// The turns that run now: one of a thread at a time, and so many of a user.
///
/// Cancelling is asking: a turn is in here until it says itself that it has ended.
final class TurnRegistry: Sendable {
    /// Whether a turn may run.
    enum Beginning: Equatable {
        case began
        /// The thread has one.
        case threadBusy
        /// The user has as many as there may be.
        case tooMany
    }

    private struct State {
        /// By thread.
        var turns: [String: Turn] = [:]
        /// Asked to stop already.
        var stopped: Set<ObjectIdentifier> = []
    }

    private let perUserMax: Int
    private let state = Mutex(State())

    init(perUserMax: Int) { self.perUserMax = perUserMax }

    var count: Int { state.withLock { $0.turns.count } }

    /// Takes a turn on. Whoever is told ``Beginning/began`` calls ``ended(_:)`` once, whatever becomes of the turn.
    ///
    /// - Parameter elsewhere: turns of the user at other daemons.
    func begin(_ turn: Turn, elsewhere: Int = 0) -> Beginning {
        state.withLock { state in
            if state.turns[turn.threadID] != nil { return .threadBusy }
            let running = state.turns.values.count { $0.userID == turn.userID }
            guard running + elsewhere < perUserMax else { return .tooMany }
            state.turns[turn.threadID] = turn
            return .began
        }
    }

    /// The turn has ended. Of one that is not in here, nothing changes.
    func ended(_ turn: Turn) {
        state.withLock { state in
            guard state.turns[turn.threadID] === turn else { return }
            state.turns[turn.threadID] = nil
            state.stopped.remove(ObjectIdentifier(turn))
        }
    }

    /// Asks the turn of a user's thread to stop.
    ///
    /// - Returns: whether there is one here, in one of the projects if they are given.
    @discardableResult
    func cancel(threadID: String, userID: String, in projectIDs: Set<String>? = nil) -> Bool {
        cancel { $0.threadID == threadID && $0.userID == userID && projectIDs?.contains($0.projectID) ?? true }
    }
    func cancel(ofProject projectID: String) { cancel { $0.projectID == projectID } }
    func cancel(ofUser userID: String) { cancel { $0.userID == userID } }
    /// - Parameter spared: a connection whose turns go on.
    func cancel(ofSession sessionID: String, exceptConnection spared: String? = nil) {
        cancel { $0.sessionID == sessionID && $0.connectionID != spared }
    }
    func cancel(ofConnection connectionID: String) { cancel { $0.connectionID == connectionID } }
    func cancelAll() { cancel { _ in true } }

    /// - Returns: whether there is one that is meant, asked already or not.
    @discardableResult
    private func cancel(where isMeant: (Turn) -> Bool) -> Bool {
        let (meant, stopping) = state.withLock { state in
            let meant = state.turns.values.filter(isMeant)
            return (meant, meant.filter { state.stopped.insert(ObjectIdentifier($0)).inserted })
        }
        for turn in stopping { turn.stop() }
        return !meant.isEmpty
    }
}
