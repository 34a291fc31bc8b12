import Protocol
import Synchronization

/// The events of one subscription on their way to its reader: in order, at most so many, and honest about those that are lost.
///
/// Events are offered under the lock of ``RunningQueries``, which decides their order, and sent outside of it.
final class EventOutbox: Sendable {
    private struct State {
        var unsent: [JSONText] = []
        /// Events that the reader does not have yet, the unsent ones included.
        var waiting = 0
        var missed = 0
        var isSending = false
        var isClosed = false
    }

    let id: String
    private let channel: any ClientChannel
    private let eventsMax: Int
    private let state = Mutex(State())

    init(id: String, channel: any ClientChannel, eventsMax: Int) {
        self.id = id
        self.channel = channel
        self.eventsMax = eventsMax
    }

    /// Takes an event that must not be lost without a word.
    func offer(_ event: QueryEventNotification) {
        state.withLock { state in
            guard !state.isClosed else { return }
            guard state.waiting < eventsMax else {
                state.missed += 1
                return
            }
            tellMissed(&state)
            append(event, &state)
        }
    }

    /// Takes an event that only a reader who keeps up is told.
    func offerProgress(_ event: QueryEventNotification) {
        state.withLock { state in
            if !state.isClosed, state.waiting == 0, state.missed == 0 { append(event, &state) }
        }
    }

    /// Hands what was taken to the connection. One thread at a time, so that the order stays.
    func send() {
        let isMine = state.withLock { state in
            defer { state.isSending = true }
            return !state.isSending
        }
        guard isMine else { return }
        while let text = next() {
            channel.stream(text) { [self] isSent in sent(isSent) }
        }
    }

    /// Nothing more is taken or sent.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.unsent = []
        }
    }

    private func next() -> JSONText? {
        state.withLock { state in
            state.isSending = !state.unsent.isEmpty
            return state.isSending ? state.unsent.removeFirst() : nil
        }
    }

    private func sent(_ isSent: Bool) {
        guard isSent else { return close() }
        state.withLock { state in
            state.waiting -= 1
            if state.waiting == 0 { tellMissed(&state) }
        }
        send()
    }

    private func tellMissed(_ state: inout State) {
        guard state.missed > 0, !state.isClosed else { return }
        append(QueryEventNotification(subscriptionId: id, event: .missed, missed: state.missed), &state)
        state.missed = 0
    }

    private func append(_ event: QueryEventNotification, _ state: inout State) {
        state.unsent.append(.notification(QueryEventNotification.method, event))
        state.waiting += 1
    }
}
