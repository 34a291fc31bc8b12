import CLibpq
import Glibc
import Threads

/// A PostgreSQL connection as the daemon's own store uses it: statements prepared once per text, each one round trip, and a new
/// connection where the last was lost. Confined to one thread at a time.
///
/// What was lost with a connection is told, never done again: a transaction that it held is gone, and the next statement but
/// `ROLLBACK` fails until another begins.
public final class PostgreSQLDatabase: SQLSession {
    private let target: ConnectionTarget
    private let options: ConnectOptions
    private let isReadOnly: Bool
    /// Run on every new connection, before anything else.
    private let greeting: [String]
    private var session: PostgreSQLSession?
    /// The server's name of each statement.
    private var statements: [String: String] = [:]
    private var statementsMade = 0
    /// Whether a transaction of ours was begun and not ended; kept here, for a lost connection knows nothing.
    private var isInTransaction = false
    /// A transaction was lost with its connection and not yet given up.
    private var lostTransaction = false
    /// Why there is no connection, until when none is tried.
    private var refusal: (error: DatabaseError, untilNs: UInt64)?
    private var isClosed = false

    /// Longer is no statement of a store; the server is taken for dead.
    private static let patienceMs = 30_000
    /// How long after a failed attempt to connect the next is made: who asks meanwhile is told at once.
    private static let retryMs = 500
    private static let statementsMax = 256
    /// Statements in one round trip: their replies must fit what the connection holds unread.
    private static let togetherMax = 128

    /// Connects.
    ///
    /// - Parameters:
    ///   - connectionString: a URI or the keyword form, as a project's. Nothing is taken from the environment.
    ///   - isReadOnly: whether the server is to refuse every write.
    ///   - greeting: statements without parameters to run on every new connection.
    public init(
        connectionString: String, options: ConnectOptions, isReadOnly: Bool = false, greeting: [String] = []
    ) throws(DatabaseError) {
        target = try PostgreSQLConnectionString.parse(connectionString)
        self.options = options
        self.isReadOnly = isReadOnly
        self.greeting = greeting
        _ = try connected()
    }

    deinit { close() }

    public func close() {
        isClosed = true
        session?.close()
        session = nil
    }

    /// The server's major version; 0 where it is not known.
    public var majorVersion: Int { session?.majorVersion ?? 0 }

    /// Which database this is; nil where the server does not tell.
    public func identity() -> PostgreSQLIdentity? {
        guard let row = try? run(PostgreSQLIdentity.sql, []).rows.first else { return nil }
        return row.first?.text.map(PostgreSQLIdentity.init)
    }

    // MARK: The connection

    /// The connection: the one there is, or a new one.
    private func connected() throws(DatabaseError) -> PostgreSQLSession {
        if let session { return session }
        guard !isClosed else { throw DatabaseError(.connectionLost, phase: .connect, "The database is closed.") }
        if let refusal, refusal.untilNs > Monotonic.nowNs { throw refusal.error }
        do throws(DatabaseError) {
            let opener = PostgreSQLOpener(
                target: target, options: options, resolver: .system, isReadOnlyByDefault: isReadOnly)
            let fresh = try opener.open(greeting: greeting)
            refusal = nil
            session = fresh
            return fresh
        } catch {
            refusal = (error, Monotonic.after(milliseconds: Self.retryMs))
            throw error
        }
    }

    private func drop() {
        guard let session else { return }
        lostTransaction = lostTransaction || isInTransaction
        session.close()
        self.session = nil
        statements = [:]
    }

    // MARK: Statements

    /// Runs statements without parameters or rows, parted by semicolons; no text or name in them may hold one.
    public func execute(_ sql: String) throws(DatabaseError) {
        let list = sql.split(separator: ";").map(Self.trimmed).filter { !$0.isEmpty }
        let isRollback = list == ["ROLLBACK"]
        if isRollback, lostTransaction || !isInTransaction || session?.isBroken != false {
            drop()
            lostTransaction = false
            isInTransaction = false
            return
        }
        let begins = list.contains { $0.hasPrefix("BEGIN") }
        try again(if: begins && !isInTransaction) { session throws(DatabaseError) in try Self.run(list, on: session) }
        if begins { isInTransaction = true }
        if isRollback || list == ["COMMIT"] { isInTransaction = false }
    }

    private static func run(_ list: [String], on session: PostgreSQLSession) throws(DatabaseError) {
        guard !list.isEmpty else { return }
        session.deadline = Monotonic.nowMs + patienceMs
        for statement in list { try session.send(text: statement) }
        try session.sync()
        let failure = try session.firstFailure(of: list.count)
        try session.synced()
        if let failure { throw failure.error(phase: .execute, mode: .write) }
    }

    @discardableResult
    public func run(_ sql: String, _ parameters: [Parameter]) throws(DatabaseError) -> SQLRows {
        try run(sql, together: [parameters])[0]
    }

    @discardableResult
    public func run(_ sql: String, forEach lists: [[Parameter]]) throws(DatabaseError) -> [SQLRows] {
        var all: [SQLRows] = []
        for start in stride(from: 0, to: lists.count, by: Self.togetherMax) {
            all += try run(sql, together: lists[start..<min(start + Self.togetherMax, lists.count)])
        }
        return all
    }

    /// In one round trip. Of few rows each: nobody reads them while the next go out.
    private func run(_ sql: String, together lists: some Collection<[Parameter]>) throws(DatabaseError) -> [SQLRows] {
        var all: [PostgreSQLParameters] = []
        for parameters in lists { all.append(try PostgreSQLParameters(Self.storable(parameters))) }
        return try again(if: isReadOnly && !isInTransaction) { session throws(DatabaseError) in
            try run(sql, all, on: session)
        }
    }

    /// Runs `body` on the connection; once more on a new one if the first was lost and that is the same: it may have been gone for long.
    private func again<Value>(
        if isHarmless: Bool, _ body: (PostgreSQLSession) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value {
        let first = try usable()
        do throws(DatabaseError) { return try body(first) } catch {
            guard first.isBroken else { throw error }
            drop()
            guard isHarmless else { throw error }
        }
        let second = try usable()
        do throws(DatabaseError) { return try body(second) } catch {
            if second.isBroken { drop() }
            throw error
        }
    }

    private func run(
        _ sql: String, _ lists: [PostgreSQLParameters], on session: PostgreSQLSession
    ) throws(DatabaseError) -> [SQLRows] {
        session.deadline = Monotonic.nowMs + Self.patienceMs
        let known = statements[sql]
        if known == nil, statements.count >= Self.statementsMax { try forgetStatements(session) }
        let name = known ?? "s\(statementsMade)"
        if known == nil {
            statementsMade += 1
            try session.sendPrepare(name, sql)
        }
        for parameters in lists { try session.sendExecute(name, parameters) }
        try session.sync()
        var failure: DatabaseError?
        if known == nil, case .failed(let found) = try session.reply() {
            failure = found.error(phase: .prepare, mode: .write)
        } else {
            statements[sql] = name
        }
        var all: [SQLRows] = []
        for _ in lists {
            var rows = SQLRows(rows: [], affectedRows: 0)
            switch try session.reply(tagged: true, { rows.rows = Self.rows($0) }) {
            case .done(_, let affected): rows.affectedRows = affected ?? 0
            case .failed(let found): failure = failure ?? found.error(phase: .execute, mode: .write)
            case .skipped: guard failure != nil else { throw session.lost() }
            }
            all.append(rows)
        }
        try session.synced()
        if let failure { throw failure }
        return all
    }

    private func usable() throws(DatabaseError) -> PostgreSQLSession {
        if let session, session.isBroken { drop() }
        guard !lostTransaction else {
            throw DatabaseError(
                .connectionLost, phase: .execute, "The connection was lost, and the transaction with it.", retryable: true)
        }
        return try connected()
    }

    private func forgetStatements(_ session: PostgreSQLSession) throws(DatabaseError) {
        statements = [:]
        try Self.run(["DEALLOCATE ALL"], on: session)
    }

    // MARK: Notifications

    /// Waits until the server notifies this connection of something it listens to, `wakeUp` can be read, or the time is over. Of the
    /// notifications nothing is kept: they say no more than that there is something to look at.
    ///
    /// A connection that is found broken is replaced by the next statement; what was notified meanwhile is lost.
    ///
    /// - Parameter wakeUp: a descriptor of the caller's.
    public func wait(milliseconds: Int, wakeUp: Int32) {
        let deadline = Monotonic.nowMs + milliseconds
        while true {
            let socket = session.flatMap { $0.isBroken ? nil : $0.socket } ?? -1
            var descriptors = [
                // One that is negative is passed over.
                pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&descriptors, 2, Int32(clamping: max(deadline - Monotonic.nowMs, 0)))
            guard ready > 0 || ready < 0 && errno == EINTR else { return }
            if descriptors[1].revents != 0 { return }
            if descriptors[0].revents != 0, session?.takeNotifications() != false { return }
        }
    }

    // MARK: Values

    /// NUL, which PostgreSQL's text cannot hold, as the character that means "not a character".
    private static func storable(_ parameters: [Parameter]) -> [Parameter] {
        parameters.map { parameter in
            guard case .text(let text) = parameter, text.utf8.contains(0) else { return parameter }
            return .text(String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 })))
        }
    }

    private static func rows(_ result: OpaquePointer) -> [[Parameter]] {
        let columns = 0..<PQnfields(result)
        let types = columns.map { PQftype(result, $0) }
        return (0..<PQntuples(result)).map { row in
            columns.map { column in
                guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else { return .null }
                if types[Int(column)] == byteaType { return bytes(value).map(Parameter.bytes) ?? .null }
                let text = UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(result, row, column)))
                return Self.value(String(decoding: text, as: UTF8.self), types[Int(column)])
            }
        }
    }

    /// A value from its text, by the OID of its type.
    private static func value(_ text: String, _ type: UInt32) -> Parameter {
        switch type {
        case 16: .bool(text == "t")
        case 20, 21, 23, 26: Int64(text).map(Parameter.integer) ?? .text(text)
        case 700, 701: Double(text).map(Parameter.double) ?? .text(text)
        default: .text(text)
        }
    }

    private static let byteaType: UInt32 = 17

    /// Bytes from their text, `\x0aff`; nil where there is no memory for them.
    private static func bytes(_ text: UnsafeMutablePointer<CChar>) -> [UInt8]? {
        var count = 0
        guard let bytes = PQunescapeBytea(text, &count) else { return nil }
        defer { PQfreemem(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
