import Protocol
import Security
import Store
import Synchronization

/// The queries that run now, by id: how to stop them, and who watches them.
///
/// A query is registered before it begins and removed when it has ended; cancelling is asking, the outcome is the query's own.
/// One lock orders everything, so that a subscriber sees each query start once and end once.
final class RunningQueries: Sendable {
    private struct Entry {
        let query: LiveQuery
        var cancel: (@Sendable () -> Void)?
        var isCancelled = false
        /// Subscribers know of it.
        var isStarted = false
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var perUser: [String: Int] = [:]
        var subscriptions: [String: Subscription] = [:]
        var isTicking = false
    }

    private struct Subscription {
        let userID: String
        let projectID: String?
        let client: ClientSession
        let outbox: EventOutbox
    }

    enum Refusal: Error { case tooMany, idInUse }

    private let state = Mutex(State())
    private let limits: Limits

    init(limits: Limits) { self.limits = limits }

    var count: Int { state.withLock { $0.entries.count } }

    /// A user's queries, the oldest first.
    func list(ofUser userID: String, projectID: String?) -> [LiveQuery] {
        state.withLock { Self.list($0, userID, projectID) }
    }

    private static func list(_ state: State, _ userID: String, _ projectID: String?) -> [LiveQuery] {
        state.entries.values.filter { $0.isStarted && isMeant($0.query, userID, projectID) }.map(\.query).sorted {
            ($0.start.createdAtMs, $0.id) < ($1.start.createdAtMs, $1.id)
        }
    }

    private static func isMeant(_ query: LiveQuery, _ userID: String, _ projectID: String?) -> Bool {
        query.start.userID == userID && (projectID == nil || projectID == query.start.projectID)
    }

    // MARK: The life of a query

    /// The queries that have run for so long that other daemons with the same store should know of them.
    func older(thanMs age: Double) -> [LiveQuery] {
        state.withLock { $0.entries.values.filter(\.isStarted).map(\.query) }.filter { $0.elapsedMs >= age }
    }

    /// Takes a query on that is about to begin.
    ///
    /// - Parameter elsewhere: queries of the user that other daemons run.
    func register(_ query: LiveQuery, elsewhere: Int = 0) throws(Refusal) {
        let refusal = state.withLock { state -> Refusal? in
            if state.entries[query.id] != nil { return .idInUse }
            let running = state.perUser[query.start.userID, default: 0]
            if running + elsewhere >= limits.queriesPerUser { return .tooMany }
            state.perUser[query.start.userID] = running + 1
            state.entries[query.id] = Entry(query: query)
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Nothing can refuse the query any more: those who watch are told of it, now and of its end.
    func started(_ query: LiveQuery) {
        tell { state in
            state.entries[query.id]?.isStarted = true
            return Self.outboxes(&state, query).map {
                ($0, QueryEventNotification(subscriptionId: $0.id, event: .started, query: query.wire))
            }
        }
    }

    /// Says how to stop a registered query; it is stopped at once if that was asked for meanwhile.
    func began(_ id: String, cancel: @escaping @Sendable () -> Void) {
        let isCancelled = state.withLock { state in
            state.entries[id]?.cancel = cancel
            return state.entries[id]?.isCancelled ?? true
        }
        if isCancelled { cancel() }
    }

    /// The query has come to its end, or, without one, never started.
    func ended(_ query: LiveQuery, _ end: QueryEnd? = nil) {
        tell { state in
            guard let entry = state.entries.removeValue(forKey: query.id) else { return [] }
            let left = state.perUser[query.start.userID, default: 1] - 1
            state.perUser[query.start.userID] = left > 0 ? left : nil
            guard entry.isStarted, let end else { return [] }
            return Self.outboxes(&state, query).map { ($0, Self.event($0.id, query, end)) }
        }
    }

    private static func event(_ subscriptionID: String, _ query: LiveQuery, _ end: QueryEnd) -> QueryEventNotification {
        let kind: QueryEventKind =
            switch end.status {
            case .success, .running: .finished
            case .error: .failed
            case .cancelled: .cancelled
            }
        return QueryEventNotification(
            subscriptionId: subscriptionID, event: kind, query: query.wire, affectedRows: end.affectedRows.map(Int.init),
            durationMs: end.durationMs, errorCode: end.errorCode, errorMessage: end.errorMessage)
    }

    // MARK: Watching

    /// Begins to tell `client` of its user's queries; answers those that run. Nil if it watches too many times already.
    func subscribe(
        _ id: String, client: ClientSession, userID: String, projectID: String?
    ) -> [LiveQuery]? {
        let outbox = EventOutbox(id: id, channel: client.channel, eventsMax: limits.subscriptionEvents)
        let (running, mustTick) = state.withLock { state -> ([LiveQuery]?, Bool) in
            let own = state.subscriptions.values.count { $0.client === client }
            guard own < limits.subscriptionsPerConnection else { return (nil, false) }
            state.subscriptions[id] = Subscription(userID: userID, projectID: projectID, client: client, outbox: outbox)
            defer { state.isTicking = true }
            return (Self.list(state, userID, projectID), !state.isTicking)
        }
        if mustTick { startTicking() }
        return running
    }

    /// Ends a subscription of `client`, if it is one.
    func unsubscribe(_ id: String, client: ClientSession) {
        endSubscriptions { $0 == id && $1 === client }
    }

    /// Ends all of them: the connection is gone.
    func unsubscribe(_ client: ClientSession) {
        endSubscriptions { $1 === client }
    }

    private func endSubscriptions(where isMeant: (String, ClientSession) -> Bool) {
        state.withLock { state in
            for (id, subscription) in state.subscriptions where isMeant(id, subscription.client) {
                subscription.outbox.close()
                state.subscriptions[id] = nil
            }
        }
    }

    /// Where events of `query` go. Ends the subscriptions of connections that act for somebody else by now.
    private static func outboxes(_ state: inout State, _ query: LiveQuery) -> [EventOutbox] {
        var found: [EventOutbox] = []
        for (id, subscription) in state.subscriptions {
            guard isMeant(query, subscription.userID, subscription.projectID) else { continue }
            if subscription.client.identity?.userID == subscription.userID {
                found.append(subscription.outbox)
            } else {
                subscription.outbox.close()
                state.subscriptions[id] = nil
            }
        }
        return found
    }

    /// Offers events under the lock, which gives them their order, and sends them outside of it.
    private func tell(_ events: (inout State) -> [(outbox: EventOutbox, event: QueryEventNotification)]) {
        let outboxes = state.withLock { state in
            events(&state).map { outbox, event in
                outbox.offer(event)
                return outbox
            }
        }
        for outbox in outboxes { outbox.send() }
    }

    /// Tells progress from time to time, as long as somebody watches.
    private func startTicking() {
        let interval = Duration.milliseconds(limits.progressMs)
        Task { [weak self] in
            repeat { try? await Task.sleep(for: interval) } while self?.tellProgress() == true
        }
    }

    private func tellProgress() -> Bool {
        let outboxes: [EventOutbox]? = state.withLock { state in
            state.isTicking = !state.subscriptions.isEmpty
            guard state.isTicking else { return nil }
            var told: [EventOutbox] = []
            for entry in state.entries.values where entry.isStarted {
                for outbox in Self.outboxes(&state, entry.query) {
                    outbox.offerProgress(
                        QueryEventNotification(subscriptionId: outbox.id, event: .progress, query: entry.query.wire))
                    told.append(outbox)
                }
            }
            return told
        }
        for outbox in outboxes ?? [] { outbox.send() }
        return outboxes != nil
    }

    // MARK: Stopping

    /// - Returns: whether it is one of those here, and of one of the projects if they are given.
    @discardableResult
    func cancel(_ id: String, userID: String, in projectIDs: Set<String>? = nil) -> Bool {
        cancel { $0.id == id && $0.start.userID == userID && projectIDs?.contains($0.start.projectID) ?? true }
    }
    func cancel(ofUser userID: String) { cancel { $0.start.userID == userID } }
    func cancel(ofProject projectID: String) { cancel { $0.start.projectID == projectID } }
    func cancelWrites(ofProject projectID: String) {
        cancel { $0.start.projectID == projectID && $0.isWrite }
    }
    func cancel(ofConnection connectionID: String) { cancel { $0.client.channel.connectionID == connectionID } }
    func cancel(ofSession sessionID: String, except spared: ClientSession? = nil) {
        cancel { $0.sessionID == sessionID && $0.client !== spared }
    }
    func cancelAll() { cancel { _ in true } }

    /// - Returns: whether there is one that is meant.
    @discardableResult
    private func cancel(where isMeant: (LiveQuery) -> Bool) -> Bool {
        let meant = state.withLock { state in
            let meant = state.entries.values.filter { isMeant($0.query) }
            for entry in meant { state.entries[entry.query.id]?.isCancelled = true }
            return meant
        }
        for entry in meant { entry.cancel?() }
        return !meant.isEmpty
    }
}
