import Threads

/// A blocking C call that has no deadline of its own, made on a thread of its own, so that its caller can give up.
enum DeadlineCall {
    /// The answer of `body`, or nil once `timeoutMs` have passed, or at once where no thread can be made.
    ///
    /// Past the deadline the thread is left to end by itself; whatever the call uses must be owned by its closure.
    static func run<Answer: Sendable>(timeoutMs: Int, _ body: @escaping @Sendable () -> Answer) -> Answer? {
        let answer = Monitor<Answer?>(nil)
        let deadline = Monotonic.after(milliseconds: timeoutMs)
        let status = SystemThread.spawn(name: "dbassist-call") {
            let found = body()
            answer.withLock { $0 = found }
            answer.signal()
        }
        guard status == 0 else { return nil }
        return answer.wait { answer in
            answer != nil || Monotonic.nowNs >= deadline ? .done(answer) : .wait(untilNs: deadline)
        }
    }
}
