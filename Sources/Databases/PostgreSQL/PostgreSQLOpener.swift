import CLibpq
import Threads

/// Opens a session that is what we ask for, whoever stands between: the server itself, or a pooler that lends us a connection to it.
///
/// A server takes our settings with the start of a connection. A pooler refuses them, and some are told to leave them out without a
/// word; so the server's process is compared with the one that was announced, in the same round trip as all else.
struct PostgreSQLOpener {
    let target: ConnectionTarget
    let options: ConnectOptions
    let resolver: HostResolver
    var isReadOnlyByDefault = true

    /// Errors: those of connecting; `connection_failed` (phase `readOnlyCheck`) where a pooler takes the server connection back after
    /// each transaction.
    ///
    /// - Parameter greeting: statements without parameters to run before anything else.
    func open(greeting: [String] = []) throws(DatabaseError) -> PostgreSQLSession {
        let deadlineMs = Monotonic.nowMs + max(options.connectTimeoutMs, 1)
        let place = PostgreSQLPoolers.Place(target)
        var session = try direct(place, greeting, deadlineMs)
        if session == nil { session = try lent(place, greeting, deadlineMs) }
        guard let session else { throw Self.notReady }
        session.deadline = nil
        return session
    }

    static let notReady = DatabaseError(
        .connectionFailed, phase: .readOnlyCheck, "The server did not make the session read-only in UTF-8.")

    private func connector(_ deadlineMs: Int, settings: Bool) -> PostgreSQLConnector {
        var options = options
        options.connectTimeoutMs = max(deadlineMs - Monotonic.nowMs, 1)
        var connector = PostgreSQLConnector(target: target, options: options, resolver: resolver)
        if settings { connector.settings = self.settings(connector) }
        return connector
    }

    private func settings(_ connector: PostgreSQLConnector) -> PostgreSQLSettings {
        PostgreSQLSettings(isReadOnlyByDefault: isReadOnlyByDefault, applicationName: connector.applicationName)
    }

    private func session(_ connector: PostgreSQLConnector, _ deadlineMs: Int) throws(DatabaseError) -> PostgreSQLSession {
        let (handle, notices) = try connector.connect()
        let session = PostgreSQLSession(handle, notices: notices)
        session.deadline = deadlineMs
        guard !session.isBroken else { throw session.lost() }
        return session
    }

    // MARK: The server itself

    /// Nil where a pooler stands.
    private func direct(
        _ place: PostgreSQLPoolers.Place, _ greeting: [String], _ deadlineMs: Int
    ) throws(DatabaseError) -> PostgreSQLSession? {
        guard !PostgreSQLPoolers.shared.isKnown(place) else { return nil }
        let connector = connector(deadlineMs, settings: true)
        let session: PostgreSQLSession
        do throws(DatabaseError) {
            session = try self.session(connector, deadlineMs)
        } catch {
            guard error.code == .settingsRefused else { throw error }
            return nil
        }
        let settings = settings(connector)
        // What comes behind a failure in the same pipeline does not run.
        try session.send(text: "SELECT \(settings.question), \(PostgreSQLSettings.guarded(session.announcedPID))")
        for statement in greeting { try session.send(text: statement) }
        try session.sync()
        var cells: [String?] = []
        let reply = try session.reply { cells = PostgreSQLSession.firstRow($0) }
        let failure = try session.firstFailure(of: greeting.count)
        try session.synced()
        guard case .done = reply, settings.answers(cells) else {
            session.close()
            return nil
        }
        if let failure { throw failure.error(phase: .execute, mode: .write) }
        return session
    }

    // MARK: A pooler

    private func lent(
        _ place: PostgreSQLPoolers.Place, _ greeting: [String], _ deadlineMs: Int
    ) throws(DatabaseError) -> PostgreSQLSession {
        do throws(DatabaseError) {
            try PostgreSQLPoolers.shared.prove(place, deadlineMs: deadlineMs) { () throws(PostgreSQLPoolerProbe.Outcome) in
                for _ in 1...2 {
                    do throws(PostgreSQLPoolerProbe.Outcome) { return try look(deadlineMs) } catch {
                        guard error.isUnclear else { throw error }
                    }
                }
                try look(deadlineMs)
            }
            let connector = connector(deadlineMs, settings: false)
            let session = try self.session(connector, deadlineMs)
            try session.takeLoan(place, settings(connector), greeting: greeting)
            return session
        } catch {
            // The login is the pooler's own: who is silent after it is still looking for a server.
            if error.code == .connectTimeout, error.phase == .readOnlyCheck { throw PostgreSQLPoolerProbe.late }
            if error.code == .connectionLost { PostgreSQLPoolers.shared.forget(place) }
            guard error.code == .settingsRefused else { throw error }
            throw DatabaseError(
                .connectionFailed, phase: .login, error.message, sqlState: error.sqlState,
                debugDescription: error.debugDescription)
        }
    }

    private func look(_ deadlineMs: Int) throws(PostgreSQLPoolerProbe.Outcome) {
        let session: PostgreSQLSession
        do throws(DatabaseError) {
            session = try self.session(connector(deadlineMs, settings: false), deadlineMs)
        } catch {
            throw PostgreSQLPoolerProbe.Outcome(error: error)
        }
        defer { session.close() }
        try PostgreSQLPoolerProbe(session: session, deadlineMs: deadlineMs).prove()
    }
}

extension PostgreSQLSession {
    /// The server's process as it was announced when the connection began; a pooler announces one of its own making.
    var announcedPID: Int32 { PQbackendPID(handle) }
}
