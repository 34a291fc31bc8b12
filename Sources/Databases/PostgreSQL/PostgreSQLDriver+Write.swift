/// Statements that may write: each one a transaction of its own.
extension PostgreSQLDriver {
    func runWrite(_ statement: Statement, into pager: inout RowPager) throws(DatabaseError) -> StatementOutcome {
        let parameters = try PostgreSQLParameters(statement.parameters)
        let scanner = PostgreSQLSQLScanner(statement.text)
        try PostgreSQLGate.checkWrite(scanner)
        let watch = StatementWatch(statement, canceller: stopper)
        stopper.begin()
        defer { if stopper.end().isStray { session.abandon() } }
        if statement.preparesOnly { return try prepareOnly(statement, watch) }
        if !PostgreSQLGate.runsWithoutTransaction(scanner) {
            do throws(DatabaseError) {
                return try runInTransaction(statement, parameters, watch, into: &pager)
            } catch {
                // VACUUM, CREATE DATABASE, CREATE INDEX CONCURRENTLY, …: refused before they did anything.
                guard error.sqlState == "25001", pager.rowsTotal == 0, !session.isBroken else { throw error }
            }
        }
        return try runAlone(statement, parameters, watch, into: &pager)
    }

    private func prepareOnly(_ statement: Statement, _ watch: StatementWatch) throws(DatabaseError) -> StatementOutcome {
        do throws(DatabaseError) {
            try sendBegin(.beginWrite, statement)
            let name = newStatementName()
            try session.sendPrepare(name, statement.text)
            try session.sendDescribe(name)
            try session.sync()
            try checkCount(try described(mode: .write, watch).parameterCount, statement)
        } catch {
            if !session.isBroken { try rollBackAgain() }
            throw error
        }
        try rollBackAgain()
        return StatementOutcome(command: "PREPARE")
    }

    private func runInTransaction(
        _ statement: Statement, _ parameters: PostgreSQLParameters, _ watch: StatementWatch, into pager: inout RowPager
    ) throws(DatabaseError) -> StatementOutcome {
        do throws(DatabaseError) {
            try sendBegin(.beginWrite, statement)
            let end = try prepareAndRun(statement, parameters, watch, into: &pager)
            if case .failed = end.reply { return try outcome(end, watch, mode: .write) }
            if let error = end.sinkError { throw error }
            try session.send("COMMIT")
            try session.sync()
            let committed = try session.reply(tagged: true)
            try session.synced()
            if case .failed(let failure) = committed { throw watch.error(failure, phase: .execute, mode: .write) }
            guard case .done(command: "COMMIT", _) = committed else { throw session.lost() }
            return try outcome(end, watch, mode: .write)
        } catch {
            if !session.isBroken { try rollBackAgain() }
            throw error
        }
    }

    /// Without a transaction around it; the settings last until the reset that follows every write.
    private func runAlone(
        _ statement: Statement, _ parameters: PostgreSQLParameters, _ watch: StatementWatch, into pager: inout RowPager
    ) throws(DatabaseError) -> StatementOutcome {
        try session.send(
            text: """
                SELECT pg_catalog.set_config('default_transaction_read_only', 'off', false), \
                pg_catalog.set_config('statement_timeout', $1, false), pg_catalog.set_config('lock_timeout', $1, false), \
                pg_catalog.set_config('application_name', $2, false)
                """ + session.watchCell(isLocal: false) + session.guardCell,
            PostgreSQLParameters(texts: [
                String(min(max(statement.timeoutMs, 1), Int(Int32.max))), statement.sessionName ?? applicationName,
            ]))
        try session.sync()
        let reply = try session.reply()
        try session.synced()
        if case .failed(let found) = reply, let failure = session.explained(found) {
            throw watch.error(failure, phase: .execute, mode: .write)
        }
        let end = try prepareAndRun(statement, parameters, watch, begins: false, into: &pager)
        return try outcome(end, watch, mode: .write)
    }

    private func prepareAndRun(
        _ statement: Statement, _ parameters: PostgreSQLParameters, _ watch: StatementWatch, begins: Bool = true,
        into pager: inout RowPager
    ) throws(DatabaseError) -> PostgreSQLRowsEnd {
        let name = newStatementName()
        try session.sendPrepare(name, statement.text)
        try session.sendDescribe(name)
        try session.sync()
        let description = try described(mode: .write, watch, begins: begins)
        try checkCount(description.parameterCount, statement)
        let columns = try self.columns(description)
        try session.sendExecute(name, parameters)
        try session.sync()
        let end = try deliverRows(columns, cellBytesMax: statement.cellBytesMax, mode: .write, into: &pager)
        try session.synced()
        return end
    }
}
