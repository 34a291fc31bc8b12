internal import CMariaDB
import Glibc
internal import Synchronization

/// Stops a statement from another thread: `KILL QUERY` over a short connection of its own, or by shutting the socket.
final class MariaDBCanceller: StatementCanceller {
    /// Who wanted the `KILL QUERY` that was sent while the statement ran.
    enum Kill {
        case asked, byDriver
    }

    private enum Progress: Equatable {
        case idle
        case running
        case killed(Kill)
    }

    private let endpoint: MariaDBEndpoint
    private let threadID: UInt
    /// Held while a kill is on its way, so that the statement it is for cannot end, and the next begin, before it arrived.
    private let progress = Mutex(Progress.idle)
    /// A duplicate of the connection's descriptor: the library may close its own at any error, and the number be given to
    /// somebody else, while this one names our socket until we close it.
    private let socket: Mutex<Int32?>

    static let timeoutMs = 2000

    /// The database that the connection is in.
    var schema: String? { endpoint.database }

    init(endpoint: MariaDBEndpoint, session: MariaDBSession) {
        self.endpoint = endpoint
        threadID = mysql_thread_id(session.handle)
        let copy = fcntl(mysql_get_socket(session.handle), F_DUPFD_CLOEXEC, 0)
        socket = Mutex(copy >= 0 ? copy : nil)
    }

    deinit { forget() }

    func cancel() { stop(.asked) }

    /// The rest of the rows is not wanted; the statement has done what it should.
    func killForDriver() { stop(.byDriver) }

    private func stop(_ why: Kill) {
        progress.withLock { progress in
            guard progress == .running else { return }
            // A refused or failed kill leaves the statement running; the caller then severs.
            if kill() { progress = .killed(why) }
        }
    }

    func sever() {
        socket.withLock { if let socket = $0 { _ = shutdown(socket, Int32(SHUT_RDWR)) } }
    }

    // MARK: For the driver

    func begin() {
        progress.withLock { $0 = .running }
    }

    /// Answers whether the statement was killed; waits for a kill that is on its way.
    func end() -> Kill? {
        progress.withLock { progress in
            defer { progress = .idle }
            return if case .killed(let why) = progress { why } else { nil }
        }
    }

    /// The connection is closed: there is nothing to cut any more.
    func forget() {
        socket.withLock { socket in
            if let open = socket { Glibc.close(open) }
            socket = nil
        }
    }

    private func kill() -> Bool {
        var endpoint = endpoint
        endpoint.database = nil
        guard
            let session = try? MariaDBSession.connect(
                endpoint, timeoutMs: MariaDBCanceller.timeoutMs, answerTimeoutMs: MariaDBCanceller.timeoutMs)
        else { return false }
        defer { session.close() }
        do {
            try session.execute("KILL QUERY \(threadID)")
            return true
        } catch {
            return false
        }
    }
}
