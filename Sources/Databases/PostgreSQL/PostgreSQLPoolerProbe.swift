import Glibc
import Threads

/// Finds out whether a pooler lends a server connection for as long as its client is there ("session pooling"), which everything we
/// do relies on, or takes it back after each transaction or statement.
///
/// No pooler says, and a pool that nobody else uses gives the same server connection again. So the server is told to end a session
/// that is idle for a moment, and nothing is sent meanwhile: a client that the server connection belongs to hears of its end. One that
/// it does not belong to cannot hear, and is refused before anything was set that others would find in their connection. Settings that
/// end a session do not outlive it, so the look leaves nothing behind in either case.
///
/// https://www.pgbouncer.org/features.html
/// https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-IDLE-SESSION-TIMEOUT
struct PostgreSQLPoolerProbe {
    /// How a look ended that found no proof.
    struct Outcome: Error {
        let error: DatabaseError
        /// Whether it is the pooler's way, not an accident.
        var isFinal = false

        /// Whether we were too slow to tell, as on a machine with too much to do.
        var isUnclear: Bool { error.message == PostgreSQLPoolerProbe.unclear.message }
    }

    let session: PostgreSQLSession
    /// Of ``Monotonic``.
    let deadlineMs: Int

    /// Long enough that a busy pooler does not pass on the answer and the end together.
    private static let idleMs = 100
    /// The end must come at least so long after the answer, for a pooler that has both at once passes both on in any mode.
    private static let gapMs = 40
    private static let patienceMs = 700
    /// SQLSTATE `idle_session_timeout`.
    private static let endState = "57P05"

    /// Returns when it is proven; the connection is gone then.
    func prove() throws(Outcome) {
        do throws(DatabaseError) {
            let pid = try inTransaction()
            for _ in 0..<3 {
                guard try answer("SELECT pg_catalog.pg_backend_pid()") == [pid] else { throw Self.takesBack }
            }
            guard
                try answer(
                    """
                    SELECT pg_catalog.pg_backend_pid(), \
                    pg_catalog.set_config('idle_session_timeout', '\(Self.idleMs)', false)
                    """
                ).first == pid
            else { throw Self.takesBack }
            let began = Monotonic.nowMs
            // What is left must be enough for the end to come, and for a question after it.
            let waitMs = min(Self.patienceMs, deadlineMs - began - Self.idleMs)
            guard waitMs >= 2 * Self.idleMs else { throw Self.late }
            if session.hears(Self.endState, withinMs: waitMs) {
                guard Monotonic.nowMs - began >= Self.gapMs else { throw Self.unclear }
                return
            }
            // The server has been idle for longer than it may: a session of our own could not answer any more.
            _ = try answer("SELECT pg_catalog.pg_backend_pid()")
            throw Self.takesBack
        } catch {
            let isFinal = error.message == Self.takesBack.message || error.sqlState == Self.unknownSetting
            throw Outcome(error: error, isFinal: isFinal)
        }
    }

    /// Within one transaction, which all but statement pooling keep together: the server's process, and whether a statement that is
    /// prepared is there by its name. Poolers that keep statements for clients give them names of their own.
    private func inTransaction() throws(DatabaseError) -> String? {
        let name = "dba_" + String(UInt64.random(in: .min ... .max), radix: 36)
        try session.send("BEGIN TRANSACTION READ ONLY")
        try session.sync()
        try session.sendPrepare(name, "SELECT 1")
        try session.send(
            """
            SELECT pg_catalog.pg_backend_pid(), \
            EXISTS (SELECT FROM pg_catalog.pg_prepared_statement() WHERE name OPERATOR(pg_catalog.=) $1)
            """, PostgreSQLParameters(texts: [name]))
        try session.send(text: "DEALLOCATE \"\(name)\"")
        try session.sync()
        try session.send("ROLLBACK")
        try session.sync()
        var cells: [String?] = []
        do throws(DatabaseError) {
            try expectDone(try session.reply())
            try session.synced()
            try expectDone(try session.reply())
            let reply = try session.reply { cells = PostgreSQLSession.firstRow($0) }
            _ = try session.reply()
            try session.synced()
            _ = try session.reply()
            try session.synced()
            try expectDone(reply)
        } catch {
            if (error.message + error.debugDescription).contains("statement pooling mode") { throw Self.takesBack }
            throw error
        }
        guard cells.count == 2, cells[1] == "t" else { throw Self.takesBack }
        return cells[0]
    }

    private func answer(_ sql: String) throws(DatabaseError) -> [String?] {
        try session.send(text: sql)
        try session.sync()
        var cells: [String?] = []
        let reply = try session.reply { cells = PostgreSQLSession.firstRow($0) }
        try expectDone(reply)
        try session.synced()
        return cells
    }

    private func expectDone(_ reply: PostgreSQLSession.Reply) throws(DatabaseError) {
        guard case .failed(let failure) = reply else { return }
        if failure.sqlState == Self.unknownSetting {
            throw DatabaseError(
                .connectionFailed, phase: .readOnlyCheck,
                "Behind a pooler the server must be PostgreSQL 14 or newer; name the server itself.",
                sqlState: Self.unknownSetting)
        }
        throw PostgreSQLConnectFailure.error(of: failure)
    }

    /// SQLSTATE `undefined_object`: the server does not know the setting.
    private static let unknownSetting = "42704"

    static let takesBack = DatabaseError(
        .connectionFailed, phase: .readOnlyCheck,
        """
        The pooler in between takes the server connection back after each transaction or statement; set pool_mode=session for this \
        database there, or name the server behind it.
        """)

    fileprivate static let unclear = DatabaseError(
        .connectionFailed, phase: .readOnlyCheck,
        "It could not be found out whether the pooler in between is in session mode; try again.", retryable: true)

    static let late = DatabaseError(
        .connectTimeout, phase: .readOnlyCheck,
        "The pooler in between gave no server connection in time; raise its pool size, or try again.", retryable: true)
}
