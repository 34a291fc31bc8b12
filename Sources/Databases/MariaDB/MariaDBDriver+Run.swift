internal import CMariaDB
internal import Protocol

extension MariaDBDriver {
    func run(_ statement: Statement, into pager: inout RowPager) throws(DatabaseError) -> StatementOutcome {
        guard isUsable else {
            throw DatabaseError(.connectionLost, phase: .execute, "The connection is closed.", retryable: true)
        }
        let text = statement.text
        if statement.scope == .data { try MariaDBScope.check(statement, gate, schema: stopper.schema) }
        let shape = try statement.mode == .read ? gate.read(text) : gate.write(text)
        stopper.begin()
        let result: Result<StatementOutcome, DatabaseError>
        do throws(DatabaseError) {
            try setUp(mode: statement.mode, timeoutMs: statement.timeoutMs, phase: .execute)
            // The one thing a reset keeps: FOUND_ROWS() of the statement before. It becomes that of this.
            if shape.readsFoundRows { _ = try session.rows("SELECT 1") }
            result = .success(try execute(statement, shape, &pager))
        } catch {
            result = .failure(error)
        }
        return try finish(statement, shape, result, stopper.end())
    }

    /// Ends the transaction and leaves nothing of the statement in the session.
    private func finish(
        _ statement: Statement, _ shape: MariaDBGate.Shape, _ result: Result<StatementOutcome, DatabaseError>,
        _ kill: MariaDBCanceller.Kill?
    ) throws(DatabaseError) -> StatementOutcome {
        guard !isBroken else { return try result.get() }
        // A kill may have arrived between the statement's last answer and now; it hits this one instead of the next.
        if kill != nil { try? session.execute("DO 0") }
        switch result {
        // SLEEP and BENCHMARK answer a kill with a value. A write that came through is committed and says so.
        case .success where kill == .asked && statement.mode == .read:
            try own("ROLLBACK", .execute)
            try reset()
            throw DatabaseError(.cancelled, phase: .fetch, "The statement was cancelled.")
        case .success(let outcome):
            try own(statement.mode == .write ? "COMMIT" : "ROLLBACK", .execute)
            try reset()
            if shape.command == "DROP DATABASE" || shape.command == "DROP SCHEMA" { isBroken = true }
            return outcome
        case .failure(let error):
            try? own("ROLLBACK", .execute)
            if !isBroken { try? reset() }
            throw error
        }
    }

    private func execute(
        _ statement: Statement, _ shape: MariaDBGate.Shape, _ pager: inout RowPager
    ) throws(DatabaseError) -> StatementOutcome {
        guard let prepared = mysql_stmt_init(session.handle) else {
            throw DatabaseError(.internal, phase: .prepare, "There is no memory for a statement.")
        }
        defer { mysql_stmt_close(prepared) }
        guard mysql_stmt_prepare(prepared, statement.text, UInt(shape.length)) == 0 else {
            throw failure(prepared, .prepare, statement.sql)
        }
        // Some SHOW statements tell their columns only when they run; by its first word it is a read already.
        if statement.mode == .read, shape.command != "SHOW", mysql_stmt_field_count(prepared) == 0 {
            throw DatabaseError(
                .readOnly, phase: .gate,
                "Refused by the read-only gate: \(shape.command) gives no rows here, so it does not read.")
        }
        let expected = Int(mysql_stmt_param_count(prepared))
        guard expected == statement.parameters.count else {
            throw DatabaseError(
                .invalidParameters, phase: .prepare,
                "The statement has \(expected) placeholders, but \(statement.parameters.count) parameters were given.")
        }
        if statement.preparesOnly { return StatementOutcome(command: shape.command) }
        let parameters = MariaDBParameters(statement.parameters)
        guard parameters.bind(to: prepared), mysql_stmt_execute(prepared) == 0 else {
            throw failure(prepared, .execute, statement.sql)
        }
        let hasRows = mysql_stmt_field_count(prepared) > 0
        var affected = hasRows ? UInt64.max : mysql_stmt_affected_rows(prepared)
        let warnings: Int
        if hasRows {
            let (count, rowCount) = try fetch(prepared, statement, &pager)
            warnings = count
            // RETURNING answers every row it changed, if it was read to the end; REPLACE counts twice what it replaced.
            if let rowCount, MariaDBDriver.returnsRows.contains(shape.command) { affected = UInt64(rowCount) }
        } else {
            warnings = Int(mysql_warning_count(session.handle))
        }
        return StatementOutcome(
            command: shape.command,
            affectedRows: MariaDBDriver.countsRows.contains(shape.command) ? Int(exactly: affected) : nil,
            notices: warnings > 0 ? try notices() : [])
    }

    private static let countsRows: Set<String> = ["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "LOAD DATA", "CALL"]
    /// Those whose rows are the rows they changed.
    private static let returnsRows: Set<String> = ["INSERT", "DELETE"]

    /// Writes the rows; answers how many warnings the server has, and how many rows there were if all were read.
    private func fetch(
        _ prepared: UnsafeMutablePointer<MYSQL_STMT>, _ statement: Statement, _ pager: inout RowPager
    ) throws(DatabaseError) -> (warnings: Int, rowCount: Int?) {
        guard let metadata = mysql_stmt_result_metadata(prepared), let fields = mysql_fetch_fields(metadata) else {
            throw failure(prepared, .execute, nil)
        }
        let columns = (0..<Int(mysql_num_fields(metadata))).map { MariaDBColumn(fields[$0]) }
        mysql_free_result(metadata)
        let writer = MariaDBRowWriter(columns, cellBytesMax: statement.cellBytesMax)
        var rowCount = 0
        do throws(DatabaseError) {
            try pager.begin(columns.map(\.column))
            while true {
                let status = mysql_stmt_fetch(prepared)
                guard status == 0 else {
                    if status == MYSQL_NO_DATA { return (warningsAtEnd(), rowCount) }
                    throw failure(prepared, .fetch, nil)
                }
                guard let cells = prepared.pointee.bind else { throw failure(prepared, .fetch, nil) }
                writer.write(cells, into: &pager)
                rowCount += 1
                if try pager.endRow() == .enough { break }
            }
        } catch {
            stop(prepared)
            throw error
        }
        stop(prepared)
        return (0, nil)
    }

    /// The count in the packet that ended the rows (0xFE, then two bytes), which the library does not take over when rows
    /// are not buffered.
    private func warningsAtEnd() -> Int {
        guard let packet = session.handle.pointee.net.read_pos, packet[0] == 0xFE else { return 0 }
        return Int(packet[1]) | Int(packet[2]) << 8
    }

    /// Ends a result early: a short rest is read, a long one is killed at the server first, so that it is not sent at all.
    private func stop(_ prepared: UnsafeMutablePointer<MYSQL_STMT>) {
        guard !isBroken else { return }
        for _ in 0..<256 where mysql_stmt_fetch(prepared) != 0 { return }
        stopper.killForDriver()
        while mysql_stmt_fetch(prepared) == 0 {}
        if lastFailure(prepared).endsConnection { isBroken = true }
    }

    private func failure(
        _ prepared: UnsafeMutablePointer<MYSQL_STMT>, _ phase: DatabaseError.Phase, _ sql: String?
    ) -> DatabaseError {
        let failure = lastFailure(prepared)
        if failure.endsConnection { isBroken = true }
        return failure.running(phase, sql: sql)
    }

    /// What broke a fetch that is not buffered is noted with the connection only.
    ///
    /// The library says "lost" also of a row that is longer than it may hold, and drops the connection then; what is left to
    /// see is the buffer, which grew by packets of 16 MiB until the next would not fit.
    private func lastFailure(_ prepared: UnsafeMutablePointer<MYSQL_STMT>) -> MariaDBFailure {
        var failure = MariaDBFailure(statement: prepared)
        if failure.number == 0 { failure = session.failure() }
        let isFull = Int(session.handle.pointee.net.max_packet) >= MariaDBSession.rowBytesMax - (17 << 20)
        if failure.number == 2013, isFull { failure.number = 2020 }
        return failure
    }

    /// The warnings of the statement, before anything else clears them.
    private func notices() throws(DatabaseError) -> [Notice] {
        try session.rows("SHOW WARNINGS LIMIT 100").map { row in
            Notice(
                severity: row.first.flatMap { $0 }?.uppercased() ?? "NOTE", message: row.last.flatMap { $0 } ?? "",
                code: row.count > 1 ? row[1] : nil)
        }
    }
}
