import Synchronization
import Threads

/// The results that can still be read, by id: whose they are, and until when.
///
/// A result is closed when nobody touched it for ten minutes, when its connection ends (unless kept), and when its user
/// has more of them than the limit: the one touched longest ago goes first.
public final class ResultRegistry: Sendable {
    private struct Entry {
        let spool: ResultSpool
        let userID: String
        let connectionID: String
        let projectID: String
        var keep: Bool
        var touchedNs: UInt64
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var quotas: [String: SpoolQuota] = [:]
        var isSweeping = false
    }

    private let state = Mutex(State())
    private let idleMs: Int
    private let perUserMax: Int
    private let quotaBytes: Int
    private let watchdog: Watchdog

    /// `idleMs`: expiry after the last touch. `perUserMax`: results one user can have. `quotaBytes`: bytes of one user's results together.
    public convenience init(idleMs: Int = 600_000, perUserMax: Int = 100, quotaBytes: Int = 1 << 30) {
        self.init(idleMs: idleMs, perUserMax: perUserMax, quotaBytes: quotaBytes, watchdog: .shared)
    }

    init(idleMs: Int, perUserMax: Int, quotaBytes: Int, watchdog: Watchdog) {
        self.idleMs = idleMs
        self.perUserMax = perUserMax
        self.quotaBytes = quotaBytes
        self.watchdog = watchdog
    }

    /// The counter that all results of a user share.
    public func quota(ofUser userID: String) -> SpoolQuota {
        state.withLock { state in
            if let quota = state.quotas[userID] { return quota }
            // Forget users who hold nothing, so that the table does not grow with everyone who ever asked.
            if state.quotas.count > 256 {
                var inUse = Set(state.entries.values.map(\.userID))
                for (id, quota) in state.quotas where quota.bytesUsed > 0 { inUse.insert(id) }
                state.quotas = state.quotas.filter { inUse.contains($0.key) }
            }
            let quota = SpoolQuota(bytesMax: quotaBytes)
            state.quotas[userID] = quota
            return quota
        }
    }

    /// Registers a result under a new id. `connectionID` names the client connection it ends with, unless `keep`.
    public func insert(
        _ spool: ResultSpool, id: String, userID: String, connectionID: String, projectID: String = "", keep: Bool = false
    ) {
        let (evicted, mustSweep) = state.withLock { state -> ([ResultSpool], Bool) in
            var evicted: [ResultSpool] = []
            let own = state.entries.filter { $0.value.userID == userID }
            if own.count >= perUserMax, let oldest = own.min(by: { $0.value.touchedNs < $1.value.touchedNs }) {
                evicted.append(oldest.value.spool)
                state.entries[oldest.key] = nil
            }
            let entry = Entry(
                spool: spool, userID: userID, connectionID: connectionID, projectID: projectID, keep: keep,
                touchedNs: Monotonic.nowNs)
            if let replaced = state.entries.updateValue(entry, forKey: id) { evicted.append(replaced.spool) }
            defer { state.isSweeping = true }
            return (evicted, !state.isSweeping)
        }
        for spool in evicted { spool.close() }
        if mustSweep { armSweep(idleMs) }
    }

    /// The user's result, touched; nil for an id that is unknown, expired, or somebody else's, and for one that belongs to another
    /// connection than `connectionID`, if that is given, and is not kept.
    public func find(_ id: String, userID: String, connectionID: String? = nil) -> ResultSpool? {
        state.withLock { state in
            guard let entry = state.entries[id], entry.userID == userID else { return nil }
            guard entry.keep || connectionID == nil || connectionID == entry.connectionID else { return nil }
            state.entries[id]?.touchedNs = Monotonic.nowNs
            return entry.spool
        }
    }

    /// The project that the user's result is of; nil for an id that is unknown, expired, or somebody else's.
    public func projectID(of id: String, userID: String) -> String? {
        state.withLock { state in
            guard let entry = state.entries[id], entry.userID == userID else { return nil }
            return entry.projectID
        }
    }

    /// Lets a result outlive its connection. Answers false like ``find(_:userID:connectionID:)`` answers nil.
    public func keep(_ id: String, userID: String) -> Bool {
        state.withLock { state in
            guard state.entries[id]?.userID == userID else { return false }
            state.entries[id]?.keep = true
            return true
        }
    }

    /// Closes a result, stopping its statement if it runs. Answers false like ``find(_:userID:)`` answers nil.
    @discardableResult public func close(_ id: String, userID: String) -> Bool {
        let spool: ResultSpool? = state.withLock { state in
            guard let entry = state.entries[id], entry.userID == userID else { return nil }
            state.entries[id] = nil
            return entry.spool
        }
        spool?.close()
        return spool != nil
    }

    /// Closes what ends with a client connection.
    public func closeAll(ofConnection connectionID: String) {
        closeAll { $0.connectionID == connectionID && !$0.keep }
    }

    /// Closes everything of a user, kept or not.
    public func closeAll(ofUser userID: String) { closeAll { $0.userID == userID } }

    /// Closes everything, for shutdown.
    public func closeAll() { closeAll { _ in true } }

    /// How many results there are, and their bytes in memory and on disk.
    public var status: (results: Int, memoryBytes: Int, fileBytes: Int) {
        let spools = state.withLock { $0.entries.values.map(\.spool) }
        let bytes = spools.map(\.bytes)
        return (spools.count, bytes.reduce(0) { $0 + $1.memory }, bytes.reduce(0) { $0 + $1.file })
    }

    private func closeAll(where isMeant: (Entry) -> Bool) {
        let spools = state.withLock { state in
            let meant = state.entries.filter { isMeant($0.value) }
            for id in meant.keys { state.entries[id] = nil }
            return meant.values.map(\.spool)
        }
        for spool in spools { spool.close() }
    }

    private func armSweep(_ milliseconds: Int) {
        _ = watchdog.arm(milliseconds: milliseconds) { [weak self] in self?.sweep() }
    }

    /// Closes what is old, except what is still written or waited for: a statement has its own timeout.
    private func sweep() {
        let now = Monotonic.nowNs
        let (expired, nextMs) = state.withLock { state -> ([ResultSpool], Int?) in
            var oldestMs: Int?
            let old = state.entries.filter { _, entry in
                let idle = Int((now &- min(entry.touchedNs, now)) / 1_000_000)
                let isOld = idle >= idleMs && entry.spool.isEnded && !entry.spool.hasReaders
                if !isOld { oldestMs = max(oldestMs ?? 0, idle) }
                return isOld
            }
            for id in old.keys { state.entries[id] = nil }
            state.isSweeping = oldestMs != nil
            return (old.values.map(\.spool), oldestMs.map { max(idleMs - $0, min(idleMs, 1000)) + 1 })
        }
        for spool in expired { spool.close() }
        if let nextMs { armSweep(nextMs) }
    }
}
