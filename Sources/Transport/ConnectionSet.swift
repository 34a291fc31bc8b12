import NIOCore
import Synchronization

/// The connections that are open, for limits and for shutdown.
final class ConnectionSet: Sendable {
    /// One connection, by what can be asked of it from anywhere.
    struct Member: Sendable {
        let drain: @Sendable () -> Void
        let abandon: @Sendable () -> Void
    }

    private struct State {
        var members: [UInt64: Member] = [:]
        var lastNumber: UInt64 = 0
        var isDraining = false
        var whenEmpty: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.members.count } }

    func nextNumber() -> UInt64 {
        state.withLock {
            $0.lastNumber += 1
            return $0.lastNumber
        }
    }

    /// Adds a connection; false if there are `limit` already or the daemon is stopping.
    func insert(_ number: UInt64, _ member: Member, limit: Int) -> Bool {
        state.withLock { state in
            guard !state.isDraining, state.members.count < limit else { return false }
            state.members[number] = member
            return true
        }
    }

    func remove(_ number: UInt64) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.members[number] = nil
            guard state.members.isEmpty else { return [] }
            defer { state.whenEmpty = [] }
            return state.whenEmpty
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Asks every connection to finish; none is added from now on.
    func drain() {
        let members = state.withLock { state -> [Member] in
            state.isDraining = true
            return Array(state.members.values)
        }
        for member in members { member.drain() }
    }

    /// Ends every connection now.
    func abandon() {
        for member in state.withLock({ Array($0.members.values) }) { member.abandon() }
    }

    /// Waits until the last connection is gone.
    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if !state.members.isEmpty { state.whenEmpty.append(continuation) }
                return state.members.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }
}
