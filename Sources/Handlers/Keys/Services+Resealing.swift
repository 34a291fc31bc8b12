import Databases
import Logging
import Security
import Store
import Synchronization
import Threads

/// When the daemon next goes through the store to seal anew.
///
/// At once when a key has come. A minute after a pass that found something, since a daemon that learnt of the key a little later, or a
/// write that was waiting, may have added to it. Else once an hour, as long as there is an older key.
final class ResealingSchedule: Sendable {
    static let againMs = 60_000
    static let quietMs = 3_600_000

    private struct State {
        /// The newest key of the last pass.
        var keyID: [UInt8] = []
        var nextNs: UInt64 = 0
    }

    private let state = Mutex(State())

    func isDue(_ sealer: Sealer, nowNs: UInt64) -> Bool {
        guard !sealer.olderKeyIDs.isEmpty else { return false }
        return state.withLock { $0.keyID != sealer.keyID || nowNs >= $0.nextNs }
    }

    func finished(_ keyID: [UInt8], found: Bool, nowNs: UInt64) {
        state.withLock { $0 = State(keyID: keyID, nextNs: nowNs + UInt64(found ? Self.againMs : Self.quietMs) * 1_000_000) }
    }
}

extension Services {
    /// Seals anew what is under an older key, if that is due, in short steps with longer rests between: whoever waits for the store
    /// does not notice. Stops, without an error, when the task is cancelled.
    public func resealIfDue() async {
        let sealer = keys.sealer
        guard resealing.isDue(sealer, nowNs: Monotonic.nowNs) else { return }
        let began = ContinuousClock.now
        logger.notice("resealing began", metadata: ["key": "\(Hexadecimal.text(sealer.keyID))"])
        let pass = Resealing(store, sealer: { self.keys.sealer }) { old, new in
            guard old.column == .connectionString else { return }
            // Connections to the project stay open: it is the same database.
            self.pool.rename(ProjectHandlers.poolKey(old.id, old.sealed), to: ProjectHandlers.poolKey(old.id, new))
        }
        do {
            var stepBegan = ContinuousClock.now
            let outcome = try await pass.pass { done in
                let step = ContinuousClock.now - stepBegan
                self.logger.debug("resealing", metadata: ["records": "\(done.resealed)"])
                try await Task.sleep(for: max(.milliseconds(5), min(.seconds(1), step * 4)))
                stepBegan = .now
            }
            resealing.finished(sealer.keyID, found: outcome.resealed > 0, nowNs: Monotonic.nowNs)
            logger.log(
                level: outcome.unreadable > 0 ? .warning : .notice, "resealed",
                metadata: [
                    "records": "\(outcome.resealed)", "unreadable": "\(outcome.unreadable)",
                    "ms": "\(Int((ContinuousClock.now - began) / .milliseconds(1)))",
                ])
        } catch is CancellationError {
            // Goes on when the daemon is started again.
        } catch {
            resealing.finished(sealer.keyID, found: true, nowNs: Monotonic.nowNs)
            logger.warning("resealing stopped", metadata: ["error": "\(debugText(error))"])
        }
    }
}
