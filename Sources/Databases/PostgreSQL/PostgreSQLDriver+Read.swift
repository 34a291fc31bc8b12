/// Statements that cannot write: known ones in one round trip.
///
/// BEGIN READ ONLY; limits, which take the snapshot; the statement, prepared, described and found to return rows; ROLLBACK; sync;
/// advisory locks off; sync. What follows the first sync is read after the rows have been answered. An unknown statement is prepared and looked at inside the same transaction, one round trip more.
extension PostgreSQLDriver {
    func runRead(_ statement: Statement, into pager: inout RowPager) throws(DatabaseError) -> StatementOutcome {
        let parameters = try PostgreSQLParameters(statement.parameters)
        let text = statement.text
        let watch = StatementWatch(statement, canceller: stopper)
        stopper.begin()
        defer { settle() }
        if let known = cache.find(text) {
            try checkCount(known.parameterCount, statement)
            if let outcome = try runKnown(known, statement, parameters, watch, into: &pager) { return outcome }
            if let name = cache.remove(text) { discarded.append(name) }
        }
        return try runUnknown(statement, text, parameters, watch, into: &pager)
    }

    /// Waits for a cancel that is under way, and lets one that was sent hit nothing but us.
    private func settle() {
        let request = stopper.end()
        if request.isStray { session.abandon() }
        guard request.wasAsked, !session.isBroken else { return }
        try? rollBackAgain()
    }

    /// Nil where the statement must be prepared anew; nothing was delivered then.
    private func runKnown(
        _ known: PostgreSQLStatementCache.Entry, _ statement: Statement, _ parameters: PostgreSQLParameters,
        _ watch: StatementWatch, into pager: inout RowPager
    ) throws(DatabaseError) -> StatementOutcome? {
        try sendBegin(.beginRead, statement)
        try session.sendExecute(known.name, parameters)
        try sendEnd()
        try session.sync()
        if let failure = try begun() {
            try skipTransaction()
            throw watch.error(failure, phase: .execute, mode: .read)
        }
        let rowsBefore = pager.rowsTotal
        let end = try deliverRows(known.columns, cellBytesMax: statement.cellBytesMax, mode: .read, into: &pager)
        try endTransaction()
        if case .failed(let failure) = end.reply, failure.isStaleStatement, pager.rowsTotal == rowsBefore { return nil }
        return try outcome(end, watch)
    }

    private func runUnknown(
        _ statement: Statement, _ text: String, _ parameters: PostgreSQLParameters, _ watch: StatementWatch,
        into pager: inout RowPager
    ) throws(DatabaseError) -> StatementOutcome {
        let scanner = PostgreSQLSQLScanner(text)
        try PostgreSQLGate.checkRead(scanner, isSuperuser: isSuperuser)
        let name = newStatementName()
        let columns: [Column]
        do throws(DatabaseError) {
            try sendBegin(.beginRead, statement)
            try session.sendPrepare(name, text)
            try session.sendDescribe(name)
            try session.sync()
            let description = try described(mode: .read, watch)
            discarded.append(name)
            guard !description.fields.isEmpty else { throw PostgreSQLGate.noRows(scanner) }
            try checkCount(description.parameterCount, statement)
            columns = try self.columns(description)
            discarded.removeAll { $0 == name }
            keep(text, name, columns, description.parameterCount)
        } catch {
            try rollBackAgain()
            throw error
        }
        try session.sendExecute(name, parameters)
        try sendEnd()
        try session.sync()
        let end = try deliverRows(columns, cellBytesMax: statement.cellBytesMax, mode: .read, into: &pager)
        try endTransaction()
        return try outcome(end, watch)
    }

    private func keep(_ sql: String, _ name: String, _ columns: [Column], _ parameterCount: Int) {
        if sql.utf8.count > PostgreSQLStatementCache.sqlBytesMax {
            discarded.append(name)
        } else {
            discarded += cache.insert(sql, name: name, columns: columns, parameterCount: parameterCount)
        }
    }

    func outcome(
        _ end: PostgreSQLRowsEnd, _ watch: StatementWatch, mode: AccessMode = .read
    ) throws(DatabaseError) -> StatementOutcome {
        if let error = end.sinkError { throw error }
        switch end.reply {
        case .done(let command, let affected):
            return StatementOutcome(command: command, affectedRows: affected, notices: session.notices.take())
        case .failed, .skipped:
            if end.wasEnough { return StatementOutcome(command: "SELECT", notices: session.notices.take()) }
            guard case .failed(let failure) = end.reply else { throw session.lost() }
            if session.isBroken || failure.endsConnection { session.abandon() }
            throw session.isBroken && failure.sqlState == nil
                ? session.lost() : watch.error(failure, phase: .execute, mode: mode)
        }
    }
}
