/// Calls back at deadlines: one thread for all timeouts, started with the first.
///
/// A query arms a timeout and nearly always disarms it again; both are a lock and a dictionary, and the thread is only woken
/// when a deadline is nearer than the one it sleeps for. Actions run on the watchdog's thread and must not block.
///
/// For what is nearly always over before its time. A `Task.sleep` that is cancelled keeps its timer until it would have been due,
/// half a kilobyte each.
public final class Watchdog: Sendable {
    /// The process's own; tests may make others.
    public static let shared = Watchdog()

    /// An armed deadline.
    public struct Timer: Sendable, Hashable { fileprivate let id: UInt64 }

    fileprivate struct Entry {
        var deadlineNs: UInt64
        var id: UInt64
    }

    fileprivate struct State {
        var actions: [UInt64: @Sendable () -> Void] = [:]
        /// A binary heap by deadline. Disarmed entries stay until they surface or outnumber the live ones.
        var heap: [Entry] = []
        var nextID: UInt64 = 0
        var isStarted = false
        var isStopped = false
        /// What the thread sleeps for.
        var wakeNs = UInt64.max
    }

    private let state = Monitor(State())

    public init() {}

    deinit {
        state.withLock { $0.isStopped = true }
        state.signal()
    }

    /// Calls `action` once, `milliseconds` from now, unless disarmed before.
    public func arm(milliseconds: Int, _ action: @escaping @Sendable () -> Void) -> Timer {
        let deadline = Monotonic.after(milliseconds: milliseconds)
        let (timer, mustStart, mustWake) = state.withLock { state in
            state.nextID += 1
            let id = state.nextID
            state.actions[id] = action
            state.push(Entry(deadlineNs: deadline, id: id))
            let mustStart = !state.isStarted
            state.isStarted = true
            return (Timer(id: id), mustStart, deadline < state.wakeNs)
        }
        if mustStart { start() } else if mustWake { state.signal() }
        return timer
    }

    /// Forgets a deadline. An action that has begun is not waited for.
    public func disarm(_ timer: Timer) {
        // The action, and with it what it captured, is released outside the lock.
        _ = state.withLock { state in
            let action = state.actions.removeValue(forKey: timer.id)
            state.compact()
            return action
        }
    }

    /// Deadlines still armed, for tests.
    public var armedCount: Int { state.withLock { $0.actions.count } }

    private func start() {
        let state = state
        let status = SystemThread.spawn(name: "dbassist-timer") {
            while let due = Watchdog.due(state) { due() }
        }
        // No thread now: the next deadline tries again. Servers still enforce their own statement timeout.
        if status != 0 { state.withLock { $0.isStarted = false } }
    }

    /// Sleeps until a deadline has passed; nil when the watchdog is gone.
    private static func due(_ state: Monitor<State>) -> (@Sendable () -> Void)? {
        state.wait { state in
            if state.isStopped { return .done(nil) }
            let now = Monotonic.nowNs
            while let first = state.heap.first, first.deadlineNs <= now || state.actions[first.id] == nil {
                state.pop()
                if let action = state.actions.removeValue(forKey: first.id) { return .done(action) }
            }
            state.wakeNs = state.heap.first?.deadlineNs ?? .max
            return .wait(untilNs: state.heap.first?.deadlineNs)
        }
    }
}

extension Watchdog.State {
    fileprivate mutating func push(_ entry: Watchdog.Entry) {
        heap.append(entry)
        siftUp(heap.count - 1)
    }

    fileprivate mutating func pop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown(0)
    }

    /// Drops disarmed entries once they are most of the heap, so that it stays proportional to what is armed.
    fileprivate mutating func compact() {
        guard heap.count > 256, heap.count > actions.count * 4 else { return }
        heap.removeAll { actions[$0.id] == nil }
        for index in stride(from: heap.count / 2, through: 0, by: -1) { siftDown(index) }
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadlineNs < heap[parent].deadlineNs else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].deadlineNs < heap[least].deadlineNs {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
