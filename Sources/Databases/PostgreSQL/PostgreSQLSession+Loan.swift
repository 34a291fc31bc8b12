import CLibpq
import Threads

/// A server connection that a pooler lends for as long as we are connected to it.
struct PostgreSQLLoan {
    let place: PostgreSQLPoolers.Place
    let settings: PostgreSQLSettings
    /// The server's process. Another one that answers means that the pooler does not keep to it.
    let serverPID: Int32
    /// The pooler's own word on this is from when it first saw the server.
    let isSuperuser: Bool
    /// Another process has answered.
    var isOver = false
}

extension PostgreSQLSession {
    /// What makes a session that somebody has used as good as new, settings apart; who it is comes first.
    ///
    /// Each needs a sync of its own: several of them cannot share even an implicit transaction.
    static let cleaning: [StaticString] = [
        "ROLLBACK", "SET SESSION AUTHORIZATION DEFAULT", "RESET ALL", "CLOSE ALL", "UNLISTEN *", "DISCARD TEMP",
        "DISCARD SEQUENCES", "SELECT pg_catalog.pg_advisory_unlock_all()",
    ]
    /// Besides, where our own prepared statements may go too.
    static let fullCleaning = cleaning + ["DEALLOCATE ALL", "DISCARD PLANS"]

    /// Whether the role is a superuser, as far as that is known: not to know is to be one.
    var isSuperuser: Bool { pooler?.isSuperuser ?? (parameterStatus("is_superuser") != "off") }

    /// What the session is called between statements.
    var applicationName: String { pooler?.settings.applicationName ?? parameterStatus("application_name") ?? "" }

    // MARK: Taking and giving back

    /// Makes the server connection that a pooler lends what a new one of a server would be: whatever its former client left is undone,
    /// whether or not the pooler sees to that, and everything we rely on is set. Then runs `greeting`. One round trip.
    ///
    /// Errors: as the server's; a session that is not wholly so cannot be used.
    func takeLoan(
        _ place: PostgreSQLPoolers.Place, _ settings: PostgreSQLSettings, greeting: [String]
    ) throws(DatabaseError) {
        // A server connection that could not be made ours is not handed on half-done: see giveBack().
        pooler = PostgreSQLLoan(place: place, settings: settings, serverPID: 0, isSuperuser: true, isOver: true)
        for command in Self.fullCleaning {
            try send(command)
            try sync()
        }
        try send(
            text: """
                SELECT \(settings.assignment), pg_catalog.pg_backend_pid(), pg_catalog.current_setting('is_superuser')
                """, PostgreSQLParameters(texts: [settings.applicationName]))
        try sync()
        for statement in greeting { try send(text: statement) }
        if !greeting.isEmpty { try sync() }
        var failure = try clean(Self.fullCleaning.count)
        var cells: [String?] = []
        if case .failed(let found) = try reply({ cells = Self.firstRow($0) }), failure == nil { failure = found }
        try synced()
        failure = try greeted(greeting) ?? failure
        if let failure { throw PostgreSQLConnectFailure.error(of: failure) }
        guard settings.answers(cells), cells.count >= 2, let pid = cells[cells.count - 2].flatMap({ Int32($0) }) else {
            throw PostgreSQLOpener.notReady
        }
        _ = notices.take()
        pooler = PostgreSQLLoan(place: place, settings: settings, serverPID: pid, isSuperuser: cells.last != "off")
    }

    /// Reads the replies to a greeting in one pipeline; answers the first failure.
    func greeted(_ greeting: [String]) throws(DatabaseError) -> PostgreSQLFailure? {
        let failure = try firstFailure(of: greeting.count)
        if !greeting.isEmpty { try synced() }
        return failure
    }

    /// Reads the replies to so many commands, each with a sync; answers the last failure.
    private func clean(_ count: Int) throws(DatabaseError) -> PostgreSQLFailure? {
        var failure: PostgreSQLFailure?
        for _ in 0..<count {
            if case .failed(let found) = try reply() { failure = found }
            try synced()
        }
        return failure
    }

    /// Runs cleaning commands in one round trip, and sets our settings again where RESET does not know them.
    func clean(_ commands: [StaticString]) throws(DatabaseError) -> PostgreSQLFailure? {
        for command in commands {
            try send(command)
            try sync()
        }
        guard let pooler else { return try clean(commands.count) }
        // In another session than ours the guard fails, and so nothing is set.
        try send(
            text: "SELECT \(pooler.settings.assignment), \(PostgreSQLSettings.guarded(pooler.serverPID))",
            PostgreSQLParameters(texts: [pooler.settings.applicationName]))
        try sync()
        return explained(try clean(commands.count + 1))
    }

    /// Leaves nothing of ours in a server connection that goes to somebody else: a pooler need not see to that. Where it cannot be
    /// cleaned, the pooler is made to close it, as it does when a client goes amid a conversation. Waits at most a second.
    func giveBack() {
        guard let pooler, let handle, PQstatus(handle) == CONNECTION_OK else { return }
        if isIdle, !pooler.isOver {
            deadline = Monotonic.nowMs + 1_000
            self.pooler = nil
            do throws(DatabaseError) {
                if try clean(Self.fullCleaning) == nil, isIdle { return }
            } catch {}
        }
        // Goes out with the farewell, and waits for a sync that never comes.
        _ = PQsendPrepare(handle, "", "SELECT 1", 0, nil)
    }

    // MARK: Noticing that it was taken back

    /// What to add to a statement of ours that a statement of somebody else's depends on.
    var guardCell: String { pooler.map { ", " + PostgreSQLSettings.guarded($0.serverPID) } ?? "" }

    /// A failure of the guard, or of a statement of ours that is not there, as what it means: nothing that came behind it has run, and
    /// the connection is not used again.
    func explained(_ failure: PostgreSQLFailure?) -> PostgreSQLFailure? {
        guard var failure, let loan = pooler, [PostgreSQLSettings.guardState, "26000"].contains(failure.sqlState) else {
            return failure
        }
        PostgreSQLPoolers.shared.forget(loan.place)
        pooler?.isOver = true
        failure.severity = "FATAL"
        failure.sqlState = "08006"
        failure.message = PostgreSQLPoolerProbe.takesBack.message
        (failure.hint, failure.detail) = (nil, nil)
        return failure
    }
}
