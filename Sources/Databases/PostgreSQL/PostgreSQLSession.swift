import CLibpq
import Glibc
import Threads

/// One libpq connection in pipeline mode: commands go out together, replies are read in the same order.
///
/// Every `send…` must be matched by one ``reply()`` (or the rows by ``nextRow()`` until it ends), and every ``sync()`` by one
/// ``synced()``. After ``isBroken`` only ``close()`` makes sense.
final class PostgreSQLSession {
    /// A single row may be this large; libpq keeps a whole row in memory.
    static let rowBytesMax = 64 << 20

    private(set) var handle: OpaquePointer?
    let notices: PostgreSQLNotices
    private(set) var isBroken = false {
        didSet { if isBroken, let pooler { PostgreSQLPoolers.shared.forget(pooler.place) } }
    }
    /// The pooler that lends the server connection; nil where there is none.
    var pooler: PostgreSQLLoan?
    /// Until when replies are waited for; without one, until a statement is cancelled or cut from outside.
    var deadline: Int?
    private let usesTLS: Bool
    private var bytesSinceRow = 0

    /// Takes over a connection that is established.
    init(_ handle: OpaquePointer, notices: PostgreSQLNotices) {
        self.handle = handle
        self.notices = notices
        usesTLS = PQsslInUse(handle) == 1
        isBroken = PQenterPipelineMode(handle) != 1
    }

    deinit { close() }

    func close() {
        if let handle {
            giveBack()
            pooler = nil
            PQfinish(handle)
        }
        isBroken = true
        handle = nil
    }

    /// The connection cannot be trusted any more.
    func abandon() { isBroken = true }

    var isIdle: Bool { !isBroken && pooler?.isOver != true && PQtransactionStatus(handle) == PQTRANS_IDLE }

    /// A parameter the server reports by itself: `server_version`, `is_superuser`.
    func parameterStatus(_ name: String) -> String? {
        handle.flatMap { PQparameterStatus($0, name) }.map { String(cString: $0) }
    }

    /// The server's major version; 0 where it does not tell.
    var majorVersion: Int { parameterStatus("server_version").flatMap { Int($0.prefix { $0.isNumber }) } ?? 0 }

    /// What to add to the limits of a statement, so that the server ends it where we are gone.
    func watchCell(isLocal: Bool) -> String {
        guard majorVersion >= PostgreSQLSettings.watchVersion else { return "" }
        return ", " + PostgreSQLSettings.watching(isLocal: isLocal)
    }

    /// What to wait on for input; nil once there is none.
    var socket: Int32? {
        let descriptor = handle.map { PQsocket($0) } ?? -1
        return descriptor >= 0 ? descriptor : nil
    }

    /// Takes in what the server sent of itself, between statements.
    ///
    /// - Returns: whether a notification was among it, or the connection is gone.
    func takeNotifications() -> Bool {
        guard !isBroken, PQconsumeInput(handle) == 1 else {
            isBroken = true
            return true
        }
        var isNotified = false
        while let notification = PQnotifies(handle) {
            isNotified = true
            PQfreemem(notification)
        }
        return isNotified
    }

    /// What stops its statements from other threads; nil without memory or files.
    func makeCanceller() -> PostgreSQLCanceller? { handle.flatMap { PostgreSQLCanceller($0) } }

    /// Waits, with nothing under way, for the server to end the session for the reason `sqlState`.
    func hears(_ sqlState: String, withinMs milliseconds: Int) -> Bool {
        let untilMs = Monotonic.nowMs + milliseconds
        while !isBroken {
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            let ready = poll(&descriptor, 1, Int32(clamping: max(untilMs - Monotonic.nowMs, 0)))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return false }
            _ = takeNotifications()
            if notices.contains(sqlState) {
                isBroken = true
                return true
            }
        }
        return false
    }

    // MARK: Sending

    func sendPrepare(_ name: String, _ sql: String) throws(DatabaseError) {
        try sent(PQsendPrepare(handle, name, sql, 0, nil))
    }

    func sendDescribe(_ name: String) throws(DatabaseError) { try sent(PQsendDescribePrepared(handle, name)) }

    func sendExecute(_ name: String, _ parameters: PostgreSQLParameters = .none) throws(DatabaseError) {
        try sent(
            parameters.withArrays { values, lengths, formats in
                PQsendQueryPrepared(handle, name, Int32(parameters.count), values, lengths, formats, 0)
            })
    }

    /// Sends a statement of our own.
    func send(_ sql: StaticString, _ parameters: PostgreSQLParameters = .none) throws(DatabaseError) {
        try send(text: sql.description, parameters)
    }

    func send(text sql: String, _ parameters: PostgreSQLParameters = .none) throws(DatabaseError) {
        try sent(
            parameters.withArrays { values, lengths, formats in
                PQsendQueryParams(handle, sql, Int32(parameters.count), nil, values, lengths, formats, 0)
            })
    }

    func sync() throws(DatabaseError) { try sent(PQpipelineSync(handle)) }

    private func sent(_ status: Int32) throws(DatabaseError) {
        guard status == 1, !isBroken else { throw lost() }
    }

    // MARK: Replies

    enum Reply {
        case done(command: String, affected: Int?)
        case failed(PostgreSQLFailure)
        /// An earlier command of the same pipeline failed.
        case skipped
    }

    /// The reply to the next command whose rows nobody wants, or only `body`, which sees each result. Its command is told only where
    /// it is asked for: taking tags apart costs more than the round trips of our own statements.
    func reply(tagged: Bool = false, _ body: (OpaquePointer) -> Void = { _ in }) throws(DatabaseError) -> Reply {
        var last: Reply?
        while let result = try nextResult() {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_SINGLE_TUPLE: continue
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                body(result)
                last = tagged ? Self.done(result) : .done(command: "", affected: nil)
            case PGRES_PIPELINE_ABORTED: last = .skipped
            case PGRES_FATAL_ERROR, PGRES_NONFATAL_ERROR:
                let failure = PostgreSQLFailure(result)
                if PQstatus(handle) != CONNECTION_OK { isBroken = true }
                last = .failed(failure)
            default:
                // COPY has no place in a pipeline; the protocol is out of step.
                isBroken = true
                throw DatabaseError(.queryFailed, phase: .execute, "COPY is not possible here; use query.export.")
            }
        }
        guard let last else { throw lost() }
        return last
    }

    /// A row of the command whose single-row mode is on: its result with one row, to be cleared by the caller, or the
    /// reply that ends it.
    enum Row {
        case row(OpaquePointer)
        case end(Reply)
    }

    /// Makes the next command deliver row by row. Call it right before its first ``nextRow()``.
    func beginRows() throws(DatabaseError) {
        guard PQsetSingleRowMode(handle) == 1 else {
            isBroken = true
            throw lost()
        }
    }

    @inline(__always) func nextRow() throws(DatabaseError) -> Row {
        guard let result = try nextResult() else { throw lost() }
        if PQresultStatus(result) == PGRES_SINGLE_TUPLE { return .row(result) }
        return .end(try endOfRows(result))
    }

    private func endOfRows(_ result: OpaquePointer) throws(DatabaseError) -> Reply {
        defer { PQclear(result) }
        let reply: Reply
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            reply = Self.done(result)
        case PGRES_PIPELINE_ABORTED: reply = .skipped
        case PGRES_FATAL_ERROR, PGRES_NONFATAL_ERROR: reply = .failed(PostgreSQLFailure(result))
        default:
            isBroken = true
            throw DatabaseError(.queryFailed, phase: .execute, "COPY is not possible here; use query.export.")
        }
        if PQstatus(handle) != CONNECTION_OK {
            isBroken = true
            return reply
        }
        while let extra = try nextResult() { PQclear(extra) }
        return reply
    }

    /// The replies to so many commands whose rows nobody wants: the first failure, if any.
    func firstFailure(of count: Int) throws(DatabaseError) -> PostgreSQLFailure? {
        var failure: PostgreSQLFailure?
        for _ in 0..<count {
            if case .failed(let found) = try reply(), failure == nil { failure = found }
        }
        return failure
    }

    /// The reply to ``sync()``.
    func synced() throws(DatabaseError) {
        guard let result = try nextResult() else { throw lost() }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_PIPELINE_SYNC else {
            isBroken = true
            throw lost()
        }
    }

    private func nextResult() throws(DatabaseError) -> OpaquePointer? {
        guard !isBroken, handle != nil else { throw lost() }
        if PQisBusy(handle) == 1 { try waitForInput() }
        bytesSinceRow = 0
        return PQgetResult(handle)
    }

    /// Waits until a result is complete. Another thread ends the wait with ``PostgreSQLCanceller/sever()``.
    private func waitForInput() throws(DatabaseError) {
        let before = usesTLS ? TCPCounter.bytesReceived(PQsocket(handle)) : nil
        while true {
            // TLS may hold up to a record of 16 KiB that the socket no longer shows; each call takes at least 8 KiB of it.
            if usesTLS {
                for _ in 0..<3 {
                    guard PQconsumeInput(handle) == 1 else { return }
                    if PQisBusy(handle) == 0 { return }
                }
            }
            var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
            guard descriptor.fd >= 0 else { return }
            let limit = deadline.map { Int32(clamping: max($0 - Monotonic.nowMs, 0)) } ?? -1
            let ready = poll(&descriptor, 1, limit)
            if ready < 0, errno != EINTR { return }
            guard ready != 0 else {
                isBroken = true
                throw DatabaseError(
                    .connectTimeout, phase: .readOnlyCheck, "The database server stopped answering after the login.",
                    retryable: true)
            }
            if let before, let now = TCPCounter.bytesReceived(descriptor.fd) {
                bytesSinceRow = now - before
            } else {
                var waiting: Int32 = 0
                if ioctl(descriptor.fd, UInt(FIONREAD), &waiting) == 0 { bytesSinceRow += Int(waiting) }
            }
            guard bytesSinceRow <= Self.rowBytesMax else {
                isBroken = true
                throw DatabaseError(
                    .queryFailed, phase: .fetch,
                    "A row is larger than \(Self.rowBytesMax >> 20) MiB; select fewer or shorter columns.")
            }
            // A failure leaves an error result for PQgetResult.
            guard PQconsumeInput(handle) == 1 else { return }
            if PQisBusy(handle) == 0 { return }
        }
    }

    /// The connection is gone.
    func lost() -> DatabaseError {
        isBroken = true
        return DatabaseError(
            .connectionLost, phase: .execute, "The connection to the database was lost; try again.", retryable: true,
            debugDescription: handle.flatMap { PQerrorMessage($0) }.map { String(cString: $0) } ?? "closed")
    }

    // MARK: Command tags

    private static func done(_ result: OpaquePointer) -> Reply {
        guard let tag = PQcmdStatus(result) else { return .done(command: "", affected: nil) }
        let word = word(of: UnsafeBufferPointer(start: tag, count: strlen(tag)))
        let writes = ["INSERT", "UPDATE", "DELETE", "MERGE"].contains(word)
        return .done(command: word, affected: writes ? PQcmdTuples(result).flatMap { Int(String(cString: $0)) } : nil)
    }

    /// `INSERT 0 5` → `INSERT`: the numbers are at the end.
    private static func word(of tag: UnsafeBufferPointer<CChar>) -> String {
        let blank = CChar(bitPattern: UInt8(ascii: " "))
        let end = tag.lastIndex { $0 != blank && !(0x30...0x39).contains($0) }.map { $0 + 1 } ?? 0
        return String(decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(tag)[..<end]), as: UTF8.self)
    }
}

extension PostgreSQLSession {
    /// The cells of a result's first row.
    static func firstRow(_ result: OpaquePointer) -> [String?] { rows(result).first ?? [] }

    /// The cells of a small result.
    static func rows(_ result: OpaquePointer) -> [[String?]] {
        (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                PQgetisnull(result, row, column) == 1 ? nil : PQgetvalue(result, row, column).map { String(cString: $0) }
            }
        }
    }
}
