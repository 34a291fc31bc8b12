/// Runs many writes as one transaction: a savepoint each, one commit, and only then the answers.
struct GroupCommit {
    let session: StoreSession
    /// Told after each commit that reached the disk.
    let committed: @Sendable () -> Void

    /// Runs the jobs in order. Each is answered exactly once: after the commit that holds it, or with its own error.
    func run(_ jobs: [WriteJob]) {
        guard !jobs.isEmpty, begins(jobs) else { return }
        if let error = attempt(jobs) {
            guard jobs.count > 1 else { return jobs[0].fail(error) }
            // The whole transaction is gone (a full disk makes SQLite roll it back). Alone, each gets its own verdict.
            for job in jobs where begins([job]) {
                if let error = attempt([job]) { job.fail(error) }
            }
        }
    }

    /// Begins a transaction. Where none can be, that is the answer to all of them: alone, each would wait as long for the same.
    private func begins(_ jobs: [WriteJob]) -> Bool {
        do throws(StoreError) {
            try session.engine.beginWrite(session)
            return true
        } catch {
            try? session.execute("ROLLBACK")
            for job in jobs { job.fail(error) }
            return false
        }
    }

    /// Runs the jobs in the transaction that was begun, and ends it.
    ///
    /// - Returns: why nothing was committed and nobody answered; nil when every job has its answer.
    private func attempt(_ jobs: [WriteJob]) -> StoreError? {
        var answers: [() -> Void] = []
        answers.reserveCapacity(jobs.count)
        do throws(StoreError) {
            for job in jobs {
                try session.execute("SAVEPOINT job")
                switch job.perform(session) {
                case .done(let committed):
                    try session.execute("RELEASE SAVEPOINT job")
                    answers.append(committed)
                case .failed(let error):
                    do throws(StoreError) {
                        try session.execute("ROLLBACK TO SAVEPOINT job")
                        try session.execute("RELEASE SAVEPOINT job")
                    } catch let lost {
                        // The savepoint is gone, and the transaction with it. The reason is the job's error.
                        throw jobs.count == 1 ? error : lost
                    }
                    answers.append { job.fail(error) }
                }
            }
        } catch {
            // Fails where the transaction has ended by itself, which is what we want.
            try? session.execute("ROLLBACK")
            return error
        }
        do throws(StoreError) { try session.execute("COMMIT") } catch {
            switch session.engine.outcomeOfCommit(session) {
            // It is on the disk; only the answer was lost.
            case .committed: break
            case .rolledBack:
                try? session.execute("ROLLBACK")
                return error
            case .unknown:
                try? session.execute("ROLLBACK")
                // To do it again could do it twice.
                for job in jobs { job.fail(Self.unknown(error)) }
                return nil
            }
        }
        committed()
        for answer in answers { answer() }
        return nil
    }

    private static func unknown(_ error: StoreError) -> StoreError {
        StoreError(
            .unavailable, "The connection to the store was lost while this was saved; look whether it was, then try again.",
            debugDescription: error.debugDescription)
    }
}
