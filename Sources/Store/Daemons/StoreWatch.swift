internal import Databases
import Glibc
internal import Synchronization
import Threads

/// What a daemon does about the others with its store. Called on one thread of the store's, which must not be held up.
public protocol StoreWatcher: AnyObject, Sendable {
    /// Log-ins that are in use here.
    var sessionsInUse: [String] { get }
    /// Queries that have run here for so long that others should know of them.
    var queriesToShow: [LiveQueryRecord] { get }
    /// Another daemon told this.
    func changed(_ change: StoreChange)
    /// More was told than is known: whatever is kept of the store or by its projects may be old.
    func lostTrack()
    /// Looking at the store fails from now on, with this error, or works again.
    func failed(_ error: StoreError?)
}

/// The thread that holds this daemon's lease, shows the others what runs here, and hears what they tell: at once where the database
/// notifies, and else twice a second.
final class StoreWatch: Sendable {
    static let intervalMs = 500
    private static let renewMs = 5_000

    private struct State {
        var thread = StoreThread()
        var runningElsewhere: [String: Int] = [:]
    }

    private let engine: PostgreSQLEngine
    private let sharing: PostgreSQLSharing
    private let writer: WriteQueue
    private let watcher: any StoreWatcher
    private let firstChange: Int64
    private let wakeUp = WakeUp()
    private let monitor = Monitor(State())

    /// - Parameter after: the last change that is known.
    init(engine: PostgreSQLEngine, sharing: PostgreSQLSharing, writer: WriteQueue, watcher: any StoreWatcher, after: Int64) {
        self.engine = engine
        self.sharing = sharing
        self.writer = writer
        self.watcher = watcher
        firstChange = after
    }

    func start() {
        monitor.withLock { state in
            guard !state.thread.isClosing else { return }
            _ = state.thread.start("store-watch") { [self] in work() }
        }
    }

    /// Ends the thread.
    func close() async {
        await withCheckedContinuation { continuation in
            let mustWait = monitor.withLock { $0.thread.close(continuation) }
            if mustWait { wakeUp.wake() } else { continuation.resume() }
        }
    }

    func runningElsewhere(userID: String) -> Int { monitor.withLock { $0.runningElsewhere[userID] ?? 0 } }

    // MARK: The thread

    private func work() {
        var round = Round(last: firstChange)
        var session: StoreSession?
        while !monitor.withLock({ $0.thread.isClosing }) {
            do throws(StoreError) {
                if session == nil { session = try engine.connectWatcher() }
                if let session { try look(session, &round) }
                if round.isFailing { watcher.failed(nil) }
                round.isFailing = false
            } catch {
                // Who was out of reach for a while has no right to judge others by their leases.
                round.livesSinceNs = nil
                round.renewNs = 0
                if !round.isFailing { watcher.failed(error) }
                round.isFailing = true
            }
            if let session, !round.isFailing {
                sharing.wait(session, milliseconds: Self.intervalMs, wakeUp: wakeUp.descriptor)
            } else {
                var descriptor = pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)
                poll(&descriptor, 1, Int32(Self.intervalMs))
            }
        }
        session?.close()
        for continuation in monitor.withLock({ $0.thread.end() }) { continuation.resume() }
    }

    /// What the thread knows from one look to the next.
    private struct Round {
        /// The last change that was acted upon.
        var last: Int64
        /// Queries of ours that others see.
        var shown: Set<String> = []
        /// When the lease is to be renewed.
        var renewNs: UInt64 = 0
        /// Since when it was renewed without a break.
        var livesSinceNs: UInt64?
        var isFailing = false
    }

    private func look(_ session: StoreSession, _ round: inout Round) throws(StoreError) {
        if round.renewNs <= Monotonic.nowNs { try renew(session, &round) }
        try hear(session, &round)
        try show(session, &round)
        var counts: [String: Int] = [:]
        for var row in try session.rows(
            "SELECT user_id, count(*) FROM live_queries WHERE daemon_id <> $1 GROUP BY user_id", [.text(sharing.daemonID)])
        {
            counts[try row.text()] = try row.int()
        }
        monitor.withLock { $0.runningElsewhere = counts }
    }

    private func renew(_ session: StoreSession, _ round: inout Round) throws(StoreError) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        try Daemons.renew(session, sharing, nowMs: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
        round.renewNs = Monotonic.after(milliseconds: Self.renewMs)
        let livesSinceNs = round.livesSinceNs ?? Monotonic.nowNs
        round.livesSinceNs = livesSinceNs
        try Store.pruneChanges(session)
        let byLease = Monotonic.nowNs - livesSinceNs > UInt64(Daemons.leaseMs) * 1_000_000
        guard try !Daemons.gone(session, sharing, byLease: byLease).isEmpty else { return }
        // What they left is counted, and whoever counts has the lock of writers.
        let sharing = sharing
        writer.submit(
            WriteJob({ session throws(StoreError) in
                try Daemons.bury(session, sharing, byLease: byLease)
                _ = try Daemons.endOrphans(session)
            }) { _ in })
    }

    private func hear(_ session: StoreSession, _ round: inout Round) throws(StoreError) {
        while true {
            let rows = try session.rows(
                "SELECT seq, daemon_id, kind, subject, detail FROM changes WHERE seq > $1 ORDER BY seq LIMIT 500",
                [.integer(round.last)])
            for var row in rows {
                let seq = try row.integer()
                if seq != round.last + 1 { try catchUp(session) }
                round.last = seq
                let isOwn = try row.text() == sharing.daemonID
                let change = try StoreChange(kind: row.text(), subject: row.text(), detail: row.text())
                if let change, !isOwn { watcher.changed(change) }
            }
            if rows.count < 500 { return }
        }
    }

    /// Changes were forgotten before they were heard.
    private func catchUp(_ session: StoreSession) throws(StoreError) {
        for id in watcher.sessionsInUse {
            let isValid = try session.first("SELECT 1 FROM sessions WHERE id = $1 AND revoked_at IS NULL", [.text(id)]) != nil
            if !isValid { watcher.changed(.sessionEnded(id, reason: "revoked")) }
        }
        watcher.lostTrack()
    }

    private func show(_ session: StoreSession, _ round: inout Round) throws(StoreError) {
        let queries = watcher.queriesToShow
        for query in queries {
            do throws(StoreError) { try Store.show(session, sharing, query) } catch {
                // Another daemon has taken this one off for dead: it has to say that it lives first.
                if error.code == .notFound { round.renewNs = 0 }
                throw error
            }
            round.shown.insert(query.start.id)
        }
        for id in round.shown.subtracting(queries.map(\.start.id)) {
            try Store.hide(session, queryID: id)
            round.shown.remove(id)
        }
    }
}
