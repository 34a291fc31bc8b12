import CLibpq
import Glibc
import Synchronization

/// Stops a PostgreSQL statement from another thread, and only a running one.
///
/// libpq's cancel request opens a second connection and has no deadline, so it runs on a thread of its own, with `request`
/// held: ``end()`` waits for it, and a cancel that comes late finds nothing running. That is what keeps a cancel from
/// hitting the next statement.
final class PostgreSQLCanceller: StatementCanceller {
    static let timeoutMs = 5_000

    private struct Request {
        var isRunning = false
        var wasAsked = false
        /// A request did not end in time and may still reach the server: the connection is not to be used again.
        var isStray = false
    }

    private let request = Mutex(Request())
    private let handle: CancelHandle
    /// A duplicate of the connection's socket, so that its number cannot have become another file.
    private let socket: Mutex<Int32>

    init?(_ connection: OpaquePointer) {
        guard let cancel = PQgetCancel(connection) else { return nil }
        handle = CancelHandle(pointer: cancel)
        let duplicate = fcntl(PQsocket(connection), F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else { return nil }
        socket = Mutex(duplicate)
    }

    deinit { release() }

    func cancel() {
        request.withLock { request in
            guard request.isRunning else { return }
            request.wasAsked = true
            let handle = handle
            let sent = DeadlineCall.run(timeoutMs: Self.timeoutMs) { handle.send() }
            if sent == nil { request.isStray = true }
        }
    }

    func sever() {
        socket.withLock { descriptor in
            if descriptor >= 0 { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// A statement starts: from here on it can be cancelled.
    func begin() { request.withLock { $0 = Request(isRunning: true) } }

    /// The statement is over. Waits for a cancel that is under way; answers whether there was one, and whether it may still
    /// arrive.
    func end() -> (wasAsked: Bool, isStray: Bool) {
        request.withLock { request in
            request.isRunning = false
            return (request.wasAsked, request.isStray)
        }
    }

    /// The connection is closed: from here on nothing does anything.
    func release() {
        _ = end()
        socket.withLock { descriptor in
            if descriptor >= 0 { Glibc.close(descriptor) }
            descriptor = -1
        }
    }
}

/// libpq's cancel object: immutable once made, and `PQcancel` is safe on any thread.
private final class CancelHandle: @unchecked Sendable {
    // Unchecked because of the pointer: nobody writes through it, and it is freed with the last reference.
    private let pointer: OpaquePointer

    init(pointer: OpaquePointer) { self.pointer = pointer }
    deinit { PQfreeCancel(pointer) }

    func send() -> Bool {
        var message = [CChar](repeating: 0, count: 256)
        return PQcancel(pointer, &message, Int32(message.count)) == 1
    }
}
