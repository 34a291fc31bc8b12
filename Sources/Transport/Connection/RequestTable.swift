import Protocol

/// Every request of one connection that has been read and not yet answered: a state machine without I/O.
///
/// A request is `waiting` (decoded, not begun) or `running`. The first completion wins: an entry leaves the table exactly
/// once, and its reply is sent by whoever took it out.
struct RequestTable {
    struct Entry {
        let serial: UInt64
        /// Absent for a notification.
        let id: RequestID?
        let isBarrier: Bool
        let bytes: Int
        /// The batch whose reply array this one's reply belongs to.
        let batch: UInt64?
        /// Nanoseconds of the monotonic clock.
        let receivedAt: UInt64
        let request: any IncomingRequest
        var task: Task<Void, Never>?
    }

    private var running: [UInt64: Entry] = [:]
    private var waiting: [Entry] = []
    /// Entries of `waiting` before this index have been taken.
    private var waitingHead = 0
    private var serials: [RequestID: UInt64] = [:]
    private var lastSerial: UInt64 = 0
    private var barrier: UInt64?

    private(set) var waitingBytes = 0
    var runningCount: Int { running.count }
    var waitingCount: Int { waiting.count - waitingHead }
    var isEmpty: Bool { running.isEmpty && waitingCount == 0 }
    var hasBarrier: Bool { barrier != nil }
    /// Whether a request may begin without waiting for another.
    func canBegin(limit: Int) -> Bool { barrier == nil && running.count < limit }

    /// Whether a request with this id is still to be answered.
    func contains(_ id: RequestID) -> Bool { serials[id] != nil }

    mutating func nextSerial() -> UInt64 {
        lastSerial &+= 1
        return lastSerial
    }

    /// Adds a request that waits for its turn.
    mutating func wait(_ entry: Entry) {
        waiting.append(entry)
        waitingBytes += entry.bytes
        if let id = entry.id { serials[id] = entry.serial }
    }

    /// The waiting request whose turn it is, if one may begin.
    mutating func nextToBegin(limit: Int) -> Entry? {
        guard waitingHead < waiting.count, canBegin(limit: limit) else { return nil }
        let entry = waiting[waitingHead]
        waitingHead += 1
        if waitingHead == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            waitingHead = 0
        }
        waitingBytes -= entry.bytes
        return entry
    }

    /// Registers a request as running. Call this before its task starts.
    mutating func begin(_ entry: Entry) {
        running[entry.serial] = entry
        if let id = entry.id { serials[id] = entry.serial }
        if entry.isBarrier { barrier = entry.serial }
    }

    mutating func attach(_ task: Task<Void, Never>, to serial: UInt64) {
        running[serial]?.task = task
    }

    /// Takes a running request out; nil if it has been taken already.
    mutating func finish(_ serial: UInt64) -> Entry? {
        guard let entry = running.removeValue(forKey: serial) else { return nil }
        if let id = entry.id { serials[id] = nil }
        if barrier == serial { barrier = nil }
        return entry
    }

    /// What a cancel found.
    enum Cancelled {
        /// It had not begun; it is out of the table and must be answered.
        case waiting(Entry)
        /// It runs; its task has been cancelled and will answer.
        case running
        case unknown
    }

    mutating func cancel(_ id: RequestID) -> Cancelled {
        guard let serial = serials[id] else { return .unknown }
        if let entry = running[serial] {
            entry.task?.cancel()
            return .running
        }
        guard let index = waiting[waitingHead...].firstIndex(where: { $0.serial == serial }) else { return .unknown }
        let entry = waiting.remove(at: index)
        waitingBytes -= entry.bytes
        serials[id] = nil
        return .waiting(entry)
    }

    /// Takes every waiting request out and cancels every running one.
    mutating func cancelAll() -> [Entry] {
        for entry in running.values { entry.task?.cancel() }
        return takeWaiting()
    }

    /// Takes every waiting request out.
    mutating func takeWaiting() -> [Entry] {
        let entries = Array(waiting[waitingHead...])
        for entry in entries { if let id = entry.id { serials[id] = nil } }
        waiting.removeAll()
        waitingHead = 0
        waitingBytes = 0
        return entries
    }

    /// Takes every running request out without waiting for it.
    mutating func takeRunning() -> [Entry] {
        let entries = running.values.sorted { $0.serial < $1.serial }
        running.removeAll()
        serials.removeAll()
        barrier = nil
        return entries
    }
}
