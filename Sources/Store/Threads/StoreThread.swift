import Threads

/// A thread of the store's, from its start to its end: a part of what a monitor guards.
struct StoreThread {
    private var isStarted = false
    private(set) var isClosing = false
    private var hasEnded = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Starts it, once. Answers whether it runs: the system may have no thread to give.
    mutating func start(_ name: String, _ work: @escaping @Sendable () -> Void) -> Bool {
        if !isStarted { isStarted = SystemThread.spawn(name: name, work) == 0 }
        return isStarted
    }

    /// From here on it is to end. Answers false if there is nothing to wait for, because it has ended or never started; else
    /// ``end()`` answers `continuation` with the others that wait.
    mutating func close(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        isClosing = true
        if !isStarted { hasEnded = true }
        if !hasEnded { waiting.append(continuation) }
        return !hasEnded
    }

    /// The thread does nothing more. Answers who waited for that; to be resumed without the lock.
    mutating func end() -> [CheckedContinuation<Void, Never>] {
        hasEnded = true
        defer { waiting = [] }
        return waiting
    }
}
