import Threads

/// A thread for what blocks, and its end: tests run in the cooperative pool, which has a thread per core.
public final class BackgroundThread: Sendable {
    private let hasEnded = Monitor(false)

    /// Starts `body`. What it captures, only it may use until ``join()``.
    @discardableResult
    public init(_ body: @escaping @Sendable () -> Void) {
        let status = SystemThread.spawn(name: "test") { [hasEnded] in
            body()
            hasEnded.withLock { $0 = true }
            hasEnded.broadcast()
        }
        precondition(status == 0, "no thread: \(status)")
    }

    /// Blocks until `body` has returned.
    public func join() { hasEnded.wait { $0 ? .done(()) : .wait(untilNs: nil) } }
}

extension Duration {
    /// What is to end at once has ended within this, however busy the machine; what it ends would go on for longer. How fast
    /// it really is, `make bench` says.
    public static let promptly = Duration.seconds(20)
}
