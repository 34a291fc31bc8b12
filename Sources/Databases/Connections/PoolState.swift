import Threads

/// The pool's bookkeeping, without I/O: who holds which slot, who waits, and what to do next.
struct PoolState {
    typealias SlotID = Int

    enum Grant: Sendable {
        /// Open a connection in this slot.
        case open(SlotID)
        case use(SlotID, DatabaseConnection, idleMs: Int)
    }

    final class Waiter: Sendable {
        let key: PoolKey
        /// Called exactly once, by whoever takes the waiter out of the pool's list, and outside of its lock.
        let granted: @Sendable (Result<Grant, DatabaseError>) -> Void

        init(key: PoolKey, granted: @escaping @Sendable (Result<Grant, DatabaseError>) -> Void) {
            self.key = key
            self.granted = granted
        }
    }

    enum Phase: Equatable { case opening, inUse, resetting, idle, closing }

    struct Slot {
        var key: PoolKey
        var phase: Phase
        var connection: DatabaseConnection?
        var idleSinceNs: UInt64 = 0
        /// Not to be used again.
        var isDoomed = false
        /// Its idle connection is being asked whether it is still good: should it end, the slot stays for the next.
        var isProbed = false
    }

    let limits: ConnectionPoolLimits
    var slots: [SlotID: Slot] = [:]
    var waiters: [Waiter] = []
    var isShutDown = false
    var whenEmpty: [Completion<Bool>] = []
    var openFailures = 0
    private var nextSlot = 0
    private var isSweeping = false
    private var totals = ConnectionPoolStatus()

    init(_ limits: ConnectionPoolLimits) { self.limits = limits }

    static func busy(_ limits: ConnectionPoolLimits, _ waitMs: Int) -> DatabaseError {
        DatabaseError(
            .busy, phase: .connect,
            "No database connection was free within \(waitMs) ms (limits: \(limits.perKey) per project, \(limits.total) in all); "
                + "try again.", retryable: true)
    }

    // MARK: Waiting

    mutating func enqueue(_ waiter: Waiter) -> DatabaseError? {
        if isShutDown { return .shuttingDown }
        guard waiters.count < limits.waitersMax else {
            totals.busyTotal += 1
            return DatabaseError(
                .busy, phase: .connect, "\(limits.waitersMax) requests already wait for a database connection; try again.",
                retryable: true)
        }
        waiters.append(waiter)
        return nil
    }

    mutating func remove(_ waiter: Waiter, because error: DatabaseError) -> Bool {
        guard let index = waiters.firstIndex(where: { $0 === waiter }) else { return false }
        waiters.remove(at: index)
        if error.code == .busy { totals.busyTotal += 1 }
        return true
    }

    /// Serves waiters, first come first served; one that cannot be served does not hold up those of other keys.
    mutating func pump() -> (grants: [(Waiter, Grant)], toClose: [DatabaseConnection]) {
        var grants: [(Waiter, Grant)] = []
        var toClose: [DatabaseConnection] = []
        guard !waiters.isEmpty else { return (grants, toClose) }
        // What is on its way already, so that nobody closes or opens more than the waiters need.
        var resetting: [PoolKey: Int] = [:]
        var closing = 0
        for slot in slots.values {
            if slot.phase == .resetting { resetting[slot.key, default: 0] += 1 }
            if slot.phase == .closing { closing += 1 }
        }
        var stillWaiting: [Waiter] = []
        for waiter in waiters {
            if let grant = idle(for: waiter.key) {
                grants.append((waiter, grant))
                continue
            }
            if let soon = resetting[waiter.key], soon > 0 {
                resetting[waiter.key] = soon - 1
                stillWaiting.append(waiter)
                continue
            }
            guard slots.values.count(where: { $0.key == waiter.key }) < limits.perKey else {
                stillWaiting.append(waiter)
                continue
            }
            if slots.count < limits.total {
                nextSlot += 1
                slots[nextSlot] = Slot(key: waiter.key, phase: .opening)
                grants.append((waiter, .open(nextSlot)))
                continue
            }
            if closing > 0 {
                closing -= 1
            } else if let oldest = slots.filter({ $0.value.phase == .idle }).min(by: {
                $0.value.idleSinceNs < $1.value.idleSinceNs
            }) {
                slots[oldest.key]?.phase = .closing
                if let connection = oldest.value.connection { toClose.append(connection) }
            }
            stillWaiting.append(waiter)
        }
        waiters = stillWaiting
        return (grants, toClose)
    }

    /// An idle connection, where nobody has come before who waits for one.
    mutating func lendAtOnce(_ key: PoolKey) -> Grant? { waiters.isEmpty && !isShutDown ? idle(for: key) : nil }

    private mutating func idle(for key: PoolKey) -> Grant? {
        // The one used last: the others may then grow old and go.
        var last: (id: SlotID, sinceNs: UInt64, connection: DatabaseConnection)?
        for (id, slot) in slots where slot.phase == .idle && !slot.isDoomed && slot.key == key {
            guard let connection = slot.connection, slot.idleSinceNs >= last?.sinceNs ?? 0 else { continue }
            last = (id, slot.idleSinceNs, connection)
        }
        guard let last else { return nil }
        slots[last.id]?.phase = .inUse
        totals.reusedTotal += 1
        return .use(last.id, last.connection, idleMs: Int((Monotonic.nowNs &- last.sinceNs) / 1_000_000))
    }

    // MARK: A slot's life

    /// Answers whether the connection is still wanted.
    mutating func opened(_ id: SlotID, _ connection: DatabaseConnection) -> Bool {
        totals.openedTotal += 1
        guard slots[id] != nil else { return false }
        slots[id]?.connection = connection
        slots[id]?.phase = isShutDown ? .closing : .inUse
        return !isShutDown
    }

    /// Answers whether the connection may serve again, after a reset.
    mutating func returned(_ id: SlotID, isReusable: Bool) -> Bool {
        guard let slot = slots[id] else { return false }
        let mayReuse = isReusable && !slot.isDoomed && !isShutDown
        slots[id]?.phase = mayReuse ? .resetting : .closing
        return mayReuse
    }

    /// Answers whether the connection is kept.
    mutating func wasReset(_ id: SlotID, isClean: Bool) -> Bool {
        guard let slot = slots[id], slot.phase == .resetting else { return false }
        guard isClean, !slot.isDoomed, !isShutDown else {
            slots[id]?.phase = .closing
            return false
        }
        slots[id]?.phase = .idle
        slots[id]?.idleSinceNs = Monotonic.nowNs
        return true
    }

    mutating func closing(_ id: SlotID) { slots[id]?.phase = .closing }

    mutating func startProbe(_ id: SlotID) { slots[id]?.isProbed = true }

    /// After a good answer; false if the connection ended meanwhile all the same.
    mutating func passedProbe(_ id: SlotID) -> Bool {
        guard slots[id]?.connection != nil else { return false }
        slots[id]?.isProbed = false
        return true
    }

    /// The caller does not want the slot any more. Answers whether it is empty; else it goes with its connection.
    mutating func abandonProbe(_ id: SlotID) -> Bool {
        slots[id]?.isProbed = false
        slots[id]?.phase = .closing
        return slots[id]?.connection == nil
    }

    /// The slot's old connection has ended; a new one is about to be opened.
    mutating func replaceProbed(_ id: SlotID) {
        totals.replacedTotal += 1
        slots[id]?.isProbed = false
        slots[id]?.phase = .opening
    }

    /// Answers who waits for the pool to be empty, once it is.
    mutating func ended(_ id: SlotID) -> [Completion<Bool>] {
        if slots[id]?.isProbed == true {
            slots[id]?.connection = nil
            return []
        }
        slots[id] = nil
        guard slots.isEmpty else { return [] }
        defer { whenEmpty = [] }
        return whenEmpty
    }

    /// Who waits with the old key is served as before: what it would open is the same.
    mutating func rename(_ old: PoolKey, to new: PoolKey) {
        for (id, slot) in slots where slot.key == old { slots[id]?.key = new }
    }

    mutating func drain(_ isMeant: (PoolKey) -> Bool) -> (
        idle: [DatabaseConnection], running: [DatabaseConnection], waiting: [Waiter]
    ) {
        var idle: [DatabaseConnection] = []
        var running: [DatabaseConnection] = []
        for (id, slot) in slots where isMeant(slot.key) {
            slots[id]?.isDoomed = true
            guard let connection = slot.connection else { continue }
            if slot.phase == .idle {
                slots[id]?.phase = .closing
                idle.append(connection)
            } else if slot.phase != .closing {
                running.append(connection)
            }
        }
        let waiting = waiters.filter { isMeant($0.key) }
        waiters.removeAll { isMeant($0.key) }
        return (idle, running, waiting)
    }

    // MARK: Idle connections

    /// Whether the caller has to start the clock.
    mutating func startSweep() -> Bool {
        guard !isSweeping, slots.values.contains(where: { $0.phase == .idle }) else { return false }
        isSweeping = true
        return true
    }

    /// What was idle too long, and when to look again.
    mutating func sweep() -> (expired: [DatabaseConnection], nextMs: Int?) {
        let now = Monotonic.nowNs
        var expired: [DatabaseConnection] = []
        var oldestMs: Int?
        for (id, slot) in slots where slot.phase == .idle {
            let idleMs = Int((now &- slot.idleSinceNs) / 1_000_000)
            if idleMs >= limits.idleMs {
                slots[id]?.phase = .closing
                if let connection = slot.connection { expired.append(connection) }
            } else {
                oldestMs = max(oldestMs ?? 0, idleMs)
            }
        }
        isSweeping = oldestMs != nil
        return (expired, oldestMs.map { limits.idleMs - $0 + 1 })
    }

    var status: ConnectionPoolStatus {
        var status = totals
        status.open = slots.values.count { $0.connection != nil }
        status.opening = slots.values.count { $0.phase == .opening }
        status.inUse = slots.values.count { $0.phase == .inUse }
        status.idle = slots.values.count { $0.phase == .idle }
        status.waiting = waiters.count
        status.openFailuresTotal = openFailures
        return status
    }
}
