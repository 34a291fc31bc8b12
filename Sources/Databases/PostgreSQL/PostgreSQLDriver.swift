import CLibpq
import Threads

/// One connection to a PostgreSQL server.
///
/// The session's time zone is the server's (role's, database's) own, as in psql; `timestamptz` always shows its offset.
/// The session's default is read-only, and both modes run in an explicit transaction, so that what escapes one, if
/// anything ever does, still cannot write.
final class PostgreSQLDriver: Driver {
    let session: PostgreSQLSession
    let stopper: PostgreSQLCanceller
    let isSuperuser: Bool
    var cache = PostgreSQLStatementCache()
    var typeNames = PostgreSQLTypeNames()
    /// Statements on the server that we no longer know, to be deallocated with the next pipeline.
    var discarded: [String] = []
    /// What the next ``reset()`` has to undo, from nothing to everything.
    private enum Leftovers: Comparable {
        /// At most prepared statements: whatever else a read may have set, its rollback has undone.
        case statements
        /// Settings, locks and the like: a read did not end as it should.
        case settings
        /// Our own statements, or what we know of the server's, may be gone.
        case everything
    }

    private var leftovers = Leftovers.statements
    /// The last transaction's end told that nobody else's statement is prepared.
    private var isAlone = false
    /// The reply to what follows a read's rollback is still to be read: whoever waits for the rows does not wait for that.
    private var isUnlocking = false
    /// Names of prepared statements that nobody can guess, so that no statement can execute or drop ours by name.
    private let prefix: String
    private let ownPrefix: PostgreSQLParameters
    private var statementsMade = 0
    /// What the session is called between statements.
    let applicationName: String

    var canceller: any StatementCanceller { stopper }
    var isUsable: Bool { session.isIdle || isUnlocking && !session.isBroken }

    private init(_ session: PostgreSQLSession, _ stopper: PostgreSQLCanceller) {
        self.session = session
        self.stopper = stopper
        isSuperuser = session.isSuperuser
        applicationName = session.applicationName
        prefix = "dba_" + String(UInt64.random(in: .min ... .max), radix: 36) + "_"
        ownPrefix = PostgreSQLParameters(texts: [prefix])
    }

    deinit { close() }

    static func open(_ target: ConnectionTarget, _ options: ConnectOptions) throws(DatabaseError) -> PostgreSQLDriver {
        try open(target, options, resolver: .system)
    }

    static func open(
        _ target: ConnectionTarget, _ options: ConnectOptions, resolver: HostResolver
    ) throws(DatabaseError) -> PostgreSQLDriver {
        let session = try PostgreSQLOpener(target: target, options: options, resolver: resolver).open()
        guard let stopper = session.makeCanceller() else {
            throw DatabaseError(.internal, phase: .connect, "No memory or file is left for a connection.", retryable: true)
        }
        let driver = PostgreSQLDriver(session, stopper)
        session.deadline = Monotonic.nowMs + max(options.connectTimeoutMs, 1)
        defer { session.deadline = nil }
        try driver.checkReadOnly(timeoutMs: options.connectTimeoutMs)
        if let forbidden = options.policy.forbiddenDatabase { try driver.refuse(forbidden) }
        return driver
    }

    func close() {
        stopper.release()
        if session.pooler != nil {
            // To be given back clean, nothing may be under way.
            session.deadline = Monotonic.nowMs + 1_000
            try? settleTransaction()
        }
        session.close()
    }

    // MARK: Our own statements

    enum Own: String, CaseIterable {
        case beginRead, beginWrite, limits, rollback, unlock

        var sql: String {
            switch self {
            case .beginRead: "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY"
            case .beginWrite: "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE"
            // A query, so that it takes a snapshot: from here on the transaction cannot be made read-write.
            case .limits:
                """
                SELECT pg_catalog.set_config('statement_timeout', $1, true), pg_catalog.set_config('lock_timeout', $1, true), \
                pg_catalog.set_config('idle_in_transaction_session_timeout', $2, true), \
                pg_catalog.set_config('application_name', $3, true)
                """
            case .rollback: "ROLLBACK"
            // Neither locks nor statements that a function prepared are undone by a rollback. The latter are only told of.
            case .unlock:
                """
                SELECT pg_catalog.pg_advisory_unlock_all(), \
                EXISTS (SELECT FROM pg_catalog.pg_prepared_statement() WHERE NOT pg_catalog.starts_with(name, $1))
                """
            }
        }
    }

    func name(of own: Own) -> String { prefix + own.rawValue }

    func newStatementName() -> String {
        statementsMade += 1
        return prefix + String(statementsMade)
    }

    private func sendOwnStatements() throws(DatabaseError) {
        let cells = session.watchCell(isLocal: true) + session.guardCell
        for own in Own.allCases { try session.sendPrepare(name(of: own), own == .limits ? own.sql + cells : own.sql) }
        try session.sync()
    }

    private func ownStatementsPrepared() throws(DatabaseError) -> PostgreSQLFailure? {
        let failure = try session.firstFailure(of: Own.allCases.count)
        try session.synced()
        return failure
    }

    private func prepareOwnStatements() throws(DatabaseError) {
        try sendOwnStatements()
        if let failure = try ownStatementsPrepared() { throw failure.error(phase: .readOnlyCheck, mode: .read) }
    }

    /// Prepares our own statements, and proves once, on this very connection, that the server holds the transaction to be read-only.
    private func checkReadOnly(timeoutMs: Int) throws(DatabaseError) {
        try sendOwnStatements()
        try sendBegin(.beginRead, Statement(sql: "", timeoutMs: timeoutMs))
        try session.send(
            "SELECT pg_catalog.current_setting('transaction_read_only'), pg_catalog.current_setting('client_encoding')")
        try sendEnd()
        try session.sync()
        let unprepared = try ownStatementsPrepared()
        try expectBegun()
        if let unprepared { throw unprepared.error(phase: .readOnlyCheck, mode: .read) }
        var answer: [String?] = []
        let reply = try session.reply { answer = PostgreSQLSession.firstRow($0) }
        try endTransaction()
        if case .failed(let failure) = reply { throw failure.error(phase: .readOnlyCheck, mode: .read) }
        guard answer == ["on", "UTF8"] else { throw PostgreSQLOpener.notReady }
    }

    /// Closes itself to a database that projects may not reach.
    private func refuse(_ forbidden: PostgreSQLIdentity) throws(DatabaseError) {
        try settleTransaction()
        try session.send(text: PostgreSQLIdentity.sql)
        try session.sync()
        var answer: [String?] = []
        _ = try session.reply { answer = PostgreSQLSession.firstRow($0) }
        try session.synced()
        guard answer.first ?? nil != forbidden.text else {
            throw DatabaseError(
                .policy, phase: .policy, "This database holds the daemon's own store; name another database.")
        }
    }

    // MARK: Pieces of a pipeline

    func sendBegin(_ begin: Own, _ statement: Statement) throws(DatabaseError) {
        try settleTransaction()
        for name in discarded { try session.send(text: "DEALLOCATE \"\(name)\"") }
        // With a sync of its own, so that one that is gone already spoils nothing.
        if !discarded.isEmpty { try session.sync() }
        try session.sendExecute(name(of: begin))
        let limit = String(min(max(statement.timeoutMs, 1), Int(Int32.max)))
        let idle = String(min(max(statement.timeoutMs, 1), Int(Int32.max) - 60_000) + 60_000)
        let name = statement.sessionName ?? applicationName
        try session.sendExecute(self.name(of: .limits), PostgreSQLParameters(texts: [limit, idle, name]))
    }

    /// To be followed by a sync. Behind a sync of its own comes what the rows need not wait for.
    func sendEnd() throws(DatabaseError) {
        try session.sendExecute(name(of: .rollback))
        try session.sync()
        try session.sendExecute(name(of: .unlock), ownPrefix)
    }

    /// Reads the replies to ``sendBegin(_:_:)``; answers the failure, if any.
    func begun() throws(DatabaseError) -> PostgreSQLFailure? {
        if !discarded.isEmpty {
            try skipToSync(replies: discarded.count)
            discarded = []
        }
        return session.explained(try session.firstFailure(of: 2))
    }

    private func expectBegun() throws(DatabaseError) {
        guard let failure = try begun() else { return }
        try skipTransaction()
        throw failure.error(phase: .readOnlyCheck, mode: .read)
    }

    /// After a beginning that failed: the statement and the end, none of which ran.
    func skipTransaction() throws(DatabaseError) {
        try skipToSync(replies: 2)
        isUnlocking = true
        try rollBackAgain()
    }

    func skipToSync(replies: Int) throws(DatabaseError) {
        for _ in 0..<replies { _ = try session.reply() }
        try session.synced()
    }

    /// Reads the reply to the rollback of ``sendEnd()``, and makes sure that there was one.
    func endTransaction() throws(DatabaseError) {
        let reply = try session.reply()
        try session.synced()
        isUnlocking = true
        switch reply {
        case .done: return
        case .failed(let failure) where failure.isStaleStatement: leftovers = .everything
        case .failed, .skipped: break
        }
        try rollBackAgain()
    }

    /// Reads what is left to read of the last read, and makes sure that its transaction is over.
    private func settleTransaction() throws(DatabaseError) {
        guard isUnlocking else { return }
        try readUnlock()
        if !isAlone || !session.isIdle { leftovers = max(leftovers, .settings) }
        if !session.isIdle { try rollBackAgain() }
    }

    private func readUnlock() throws(DatabaseError) {
        isUnlocking = false
        isAlone = false
        let reply = try session.reply { isAlone = Self.isFalse($0, row: 0, column: 1) }
        try session.synced()
        switch reply {
        case .done: return
        case .failed(let failure) where failure.isStaleStatement: leftovers = .everything
        case .failed, .skipped: break
        }
        isAlone = false
    }

    /// After a failure the rest of a pipeline was skipped, ROLLBACK included; a cancel may even hit this one. As text, for
    /// a function may have deallocated our statements.
    func rollBackAgain() throws(DatabaseError) {
        if isUnlocking { try readUnlock() }
        isAlone = false
        for _ in 0..<3 {
            guard !session.isBroken else { return }
            try session.send("ROLLBACK")
            try session.send("SELECT pg_catalog.pg_advisory_unlock_all()")
            try session.sync()
            var isClean = true
            for _ in 0..<2 {
                if case .done = try session.reply() { continue }
                isClean = false
            }
            try session.synced()
            if isClean, session.isIdle { return }
        }
        session.abandon()
    }

    // MARK: Between statements

    func run(_ statement: Statement, into pager: inout RowPager) throws(DatabaseError) -> StatementOutcome {
        try PostgreSQLGate.checkText(statement.sql)
        if statement.scope == .data { try PostgreSQLScope.check(statement) }
        try settleTransaction()
        isAlone = false
        if leftovers == .everything { try reset() }
        _ = session.notices.take()
        switch statement.mode {
        case .read:
            do throws(DatabaseError) {
                return try runRead(statement, into: &pager)
            } catch {
                leftovers = max(leftovers, .settings)
                throw error
            }
        case .write:
            defer { forgetStatements() }
            return try runWrite(statement, into: &pager)
        }
    }

    /// A write may have changed, dropped or deallocated anything.
    private func forgetStatements() {
        leftovers = .everything
        if !session.isBroken { try? reset() }
    }

    /// Right after a read this is reading its last reply; later it is one round trip, which also tells whether the server is still
    /// there.
    func reset() throws(DatabaseError) {
        guard !session.isBroken else { throw session.lost() }
        try settleTransaction()
        defer { isAlone = false }
        if isAlone, leftovers == .statements { return }
        if leftovers < .everything, try hasForeignStatements() { leftovers = .everything }
        guard leftovers > .statements else { return }
        let isFull = leftovers == .everything
        let failure = try session.clean(isFull ? PostgreSQLSession.fullCleaning : PostgreSQLSession.cleaning)
        _ = session.notices.take()
        guard failure == nil, session.isIdle else {
            session.abandon()
            throw failure?.error(phase: .execute, mode: .write) ?? session.lost()
        }
        if isFull {
            cache.removeAll()
            discarded = []
            try prepareOwnStatements()
        }
        leftovers = .statements
    }

    private func hasForeignStatements() throws(DatabaseError) -> Bool {
        try session.sendExecute(name(of: .unlock), ownPrefix)
        try session.sync()
        isUnlocking = true
        try readUnlock()
        return !isAlone
    }

    private static func isFalse(_ result: OpaquePointer, row: Int32, column: Int32) -> Bool {
        guard PQntuples(result) > row, PQnfields(result) > column, let value = PQgetvalue(result, row, column) else {
            return false
        }
        return value[0] == CChar(bitPattern: UInt8(ascii: "f"))
    }
}
