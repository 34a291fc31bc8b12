import NIOCore

/// Has tasks run on an event loop: each of their steps costs no thread's wake-up where the loop is awake, and one where it is not.
final class LoopExecutor: TaskExecutor {
    /// Requests longer than this have too much in them to be dealt with on an event loop.
    static let requestBytesMax = 64 * 1024

    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
