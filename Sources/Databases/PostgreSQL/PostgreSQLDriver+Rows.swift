import CLibpq

/// How the rows of a statement ended.
struct PostgreSQLRowsEnd {
    var reply: PostgreSQLSession.Reply
    /// The sink wants no more; the statement was stopped early and its failure means nothing.
    var wasEnough = false
    var sinkError: DatabaseError?
}

extension PostgreSQLDriver {
    /// Reads the rows of the command that is next, into `pager`.
    ///
    /// Where the sink has enough, a read is cancelled at the server; a write is read to its end, for it must not be undone.
    func deliverRows(
        _ columns: [Column], cellBytesMax: Int, mode: AccessMode, into pager: inout RowPager
    ) throws(DatabaseError) -> PostgreSQLRowsEnd {
        var end = PostgreSQLRowsEnd(reply: .skipped)
        var isOpen = !columns.isEmpty
        if isOpen {
            do throws(DatabaseError) { try pager.begin(columns) } catch { end.sinkError = error }
        }
        func stop() {
            guard isOpen else { return }
            isOpen = false
            end.wasEnough = true
            if mode == .read { stopper.cancel() }
        }
        if end.sinkError != nil { stop() }
        try session.beginRows()
        let writer = PostgreSQLCellWriter(columns, cellBytesMax: cellBytesMax)
        while true {
            switch try session.nextRow() {
            case .row(let row):
                defer { PQclear(row) }
                guard isOpen else { continue }
                guard writer.fits(row) else {
                    session.abandon()
                    throw DatabaseError(.queryFailed, phase: .fetch, "The server sent another number of columns than it said.")
                }
                writer.writeRow(row, to: &pager)
                do throws(DatabaseError) {
                    if try pager.endRow() == .enough { stop() }
                } catch {
                    end.sinkError = error
                    stop()
                }
            case .end(let reply):
                end.reply = reply
                return end
            }
        }
    }
}
