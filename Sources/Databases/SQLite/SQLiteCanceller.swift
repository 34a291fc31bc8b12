import CSQLite
import Glibc
import Synchronization
import Threads

/// Whether the running statement should stop, and why: asked by SQLite every few thousand steps of its virtual machine and
/// while it waits for another program's lock.
final class SQLiteStatementWatch: Sendable {
    /// Virtual machine steps between two looks; well under a millisecond of work.
    static let stepsPerLook: Int32 = 4_000
    /// How long a statement waits for a lock, whatever its own timeout.
    static let busyNsMax: UInt64 = 5_000_000_000

    private let deadlineNs = Atomic<UInt64>(.max)
    private let busyUntilNs = Atomic<UInt64>(0)
    private let cancelled = Atomic<Bool>(false)

    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }
    var isLate: Bool { Monotonic.nowNs >= deadlineNs.load(ordering: .relaxed) }

    func start(timeoutMs: Int) {
        cancelled.store(false, ordering: .releasing)
        let (span, over) = UInt64(max(timeoutMs, 1)).multipliedReportingOverflow(by: 1_000_000)
        let (deadline, late) = Monotonic.nowNs.addingReportingOverflow(span)
        deadlineNs.store(over || late ? .max : deadline, ordering: .relaxed)
    }

    func cancel() { cancelled.store(true, ordering: .releasing) }

    /// Makes `handle` ask this watch; the watch must outlive the handle.
    func install(on handle: OpaquePointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_progress_handler(handle, Self.stepsPerLook, { SQLiteStatementWatch.from($0).shouldStop ? 1 : 0 }, context)
        sqlite3_busy_handler(handle, { SQLiteStatementWatch.from($0).waitForLock(attempt: $1) ? 1 : 0 }, context)
    }

    private var shouldStop: Bool { isCancelled || isLate }

    /// SQLite's locks cannot be waited for, only tried again: a pause of 1 to 10 ms, then true for another try.
    private func waitForLock(attempt: Int32) -> Bool {
        if attempt == 0 { busyUntilNs.store(Monotonic.nowNs + Self.busyNsMax, ordering: .relaxed) }
        guard !shouldStop, Monotonic.nowNs < busyUntilNs.load(ordering: .relaxed) else { return false }
        usleep(UInt32(min(attempt + 1, 10)) * 1_000)
        return true
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> SQLiteStatementWatch {
        // The context is always the one that `install` gave.
        Unmanaged<SQLiteStatementWatch>.fromOpaque(context.unsafelyUnwrapped).takeUnretainedValue()
    }
}

/// Stops the statement that a driver is running. Between statements it does nothing, so a late cancel cannot hit the next
/// one; after the connection is closed it does nothing either.
final class SQLiteCanceller: StatementCanceller {
    let watch = SQLiteStatementWatch()

    private struct State {
        var isRunning = false
        /// The address of the handle that is running, which cannot be closed while the lock is held.
        var handle: UInt?
    }
    private let state = Mutex(State())

    /// Statement begins: from here on `cancel` works.
    func begin(timeoutMs: Int) {
        state.withLock {
            $0.isRunning = true
            watch.start(timeoutMs: timeoutMs)
        }
    }

    /// Names the handle that the statement runs on, or takes it away before it is closed.
    func attach(_ handle: OpaquePointer?) {
        let address = handle.map { UInt(bitPattern: $0) }
        state.withLock { $0.handle = address }
    }

    /// Statement ended, whichever way.
    func end() {
        state.withLock { $0 = State() }
    }

    func cancel() {
        state.withLock {
            guard $0.isRunning else { return }
            watch.cancel()
            if let handle = $0.handle.flatMap({ OpaquePointer(bitPattern: $0) }) { sqlite3_interrupt(handle) }
        }
    }

    /// There is no connection to cut: the same as ``cancel()``.
    func sever() { cancel() }
}
