import Databases

/// The bookkeeping of a ``CatalogueCache``: no waiting, no clock.
struct CatalogueCacheState: Sendable {
    typealias Waiter = CheckedContinuation<CatalogueCache.Outcome, Never>

    enum Step: Sendable {
        case kept(CatalogueCache.Loaded)
        /// Nobody reads it yet: the caller is to begin.
        case begin(Int)
        case wait
    }

    private struct Entry {
        let loaded: CatalogueCache.Loaded
        var usedAt: Int
    }

    private struct Flight {
        let key: CatalogueCache.Key
        var waiters: [Int: Waiter] = [:]
        var task: Task<Void, Never>?
        /// Not to be kept, nor joined.
        var isStale = false
    }

    private let bytesMax: Int
    private let ageNsMax: UInt64
    private var entries: [CatalogueCache.Key: Entry] = [:]
    private var flights: [Int: Flight] = [:]
    /// Numbers tickets, flights and uses.
    private var counter = 0
    private(set) var status = CatalogueCache.Status()

    init(bytesMax: Int, ageNsMax: UInt64) {
        self.bytesMax = bytesMax
        self.ageNsMax = ageNsMax
    }

    mutating func newTicket() -> Int {
        counter += 1
        return counter
    }

    /// Answers from what is kept, or makes `waiter` wait for a reading.
    mutating func join(_ key: CatalogueCache.Key, _ ticket: Int, _ waiter: Waiter, nowNs: UInt64) -> Step {
        if let loaded = kept(key, nowNs: nowNs) {
            status.hits += 1
            return .kept(loaded)
        }
        if let (id, _) = flights.first(where: { $0.value.key == key && !$0.value.isStale }) {
            flights[id]?.waiters[ticket] = waiter
            return .wait
        }
        let id = newTicket()
        flights[id] = Flight(key: key, waiters: [ticket: waiter])
        status.reads += 1
        return .begin(id)
    }

    /// What is kept and young enough. A detailed catalogue serves those who want less, too.
    private mutating func kept(_ key: CatalogueCache.Key, nowNs: UInt64) -> CatalogueCache.Loaded? {
        var detailed = key
        detailed.isDetailed = true
        for key in [key, detailed] {
            guard let entry = entries[key], nowNs &- entry.loaded.beganNs < ageNsMax else { continue }
            let use = newTicket()
            entries[key]?.usedAt = use
            return entry.loaded
        }
        return nil
    }

    /// The task of a reading; false if nobody wants it any more.
    mutating func began(_ id: Int, _ task: Task<Void, Never>) -> Bool {
        guard let flight = flights[id] else { return true }
        flights[id]?.task = task
        return !flight.waiters.isEmpty
    }

    /// Ends a reading; answers who waits for it.
    mutating func finish(_ id: Int, _ outcome: CatalogueCache.Outcome) -> [Waiter] {
        guard let flight = flights.removeValue(forKey: id) else { return [] }
        if case .success(let loaded) = outcome, !flight.isStale { keep(loaded, flight.key) }
        return Array(flight.waiters.values)
    }

    private mutating func keep(_ loaded: CatalogueCache.Loaded, _ key: CatalogueCache.Key) {
        var lesser = key
        lesser.isDetailed = false
        forget(lesser)
        forget(key)
        // It would push out everything else, and itself.
        guard loaded.catalogue.bytes <= bytesMax else { return }
        let use = newTicket()
        entries[key] = Entry(loaded: loaded, usedAt: use)
        status.bytes += loaded.catalogue.bytes
        while status.bytes > bytesMax, let oldest = entries.min(by: { $0.value.usedAt < $1.value.usedAt })?.key {
            forget(oldest)
        }
    }

    private mutating func forget(_ key: CatalogueCache.Key) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        status.bytes -= entry.loaded.catalogue.bytes
    }

    /// Takes a waiter out; when it was the last one, the reading is nobody's, and its task is to be cancelled.
    mutating func leave(_ ticket: Int) -> (Waiter?, Task<Void, Never>?) {
        for (id, flight) in flights {
            guard let waiter = flight.waiters[ticket] else { continue }
            flights[id]?.waiters[ticket] = nil
            guard flight.waiters.count == 1 else { return (waiter, nil) }
            flights[id]?.isStale = true
            return (waiter, flight.task)
        }
        return (nil, nil)
    }

    mutating func invalidate(where isMeant: (CatalogueCache.Key) -> Bool) {
        for key in entries.keys.filter(isMeant) { forget(key) }
        for (id, flight) in flights where isMeant(flight.key) { flights[id]?.isStale = true }
    }

    mutating func dropExpired(nowNs: UInt64) {
        for (key, entry) in entries where nowNs &- entry.loaded.beganNs >= ageNsMax { forget(key) }
    }
}
