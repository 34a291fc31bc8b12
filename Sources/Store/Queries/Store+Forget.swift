internal import Databases

/// Which rows of a user's history are to go.
public enum ForgottenQueries: Sendable {
    /// These, as far as they are the user's.
    case queries([String])
    /// Those of a project, or of all of them, accepted before a time, if one is given.
    case all(projectID: String?, beforeMs: Int64?)
}

extension Store {
    /// Rows taken away in one step: between steps others write.
    static let forgetBatch = 200

    /// Deletes rows of history and what statistics count of them. Those that still run stay. In steps, each durable by itself: what
    /// fails half way has forgotten a part and can be asked for again.
    ///
    /// - Returns: how many rows.
    public func forgetHistory(userID: String, _ which: ForgottenQueries) async throws -> Int {
        await flush()
        let count =
            switch which {
            case .queries(let ids): try await forgetQueries(ids, userID: userID)
            case .all(let projectID, let beforeMs): try await forgetAll(userID: userID, projectID: projectID, beforeMs: beforeMs)
            }
        try Task.checkCancellation()
        return count
    }

    /// Until the task is cancelled.
    private func forgetQueries(_ ids: [String], userID: String) async throws(StoreError) -> Int {
        var count = 0
        for start in stride(from: 0, to: ids.count, by: Store.forgetBatch) where !Task.isCancelled {
            count += try await forgetSome(userID: userID, ids: Array(ids[start..<min(start + Store.forgetBatch, ids.count)]))
        }
        return count
    }

    /// Until the task is cancelled.
    private func forgetAll(userID: String, projectID: String?, beforeMs: Int64?) async throws(StoreError) -> Int {
        var (count, done) = (0, Store.forgetBatch)
        while done == Store.forgetBatch, !Task.isCancelled {
            done = try await forgetSome(userID: userID, projectID: projectID, beforeMs: beforeMs)
            count += done
        }
        return count
    }

    /// Takes away what is too old or too much: of each user all that is older than `days`, and the oldest of what is more than
    /// `rowsPerUser`; 0 of either for no end. At most `steps` steps in all; the rest is for the next time.
    ///
    /// - Returns: how many rows.
    @discardableResult
    public func pruneHistory(rowsPerUser: Int, days: Int, nowMs: Int64, steps: Int = 100) async throws(StoreError) -> Int {
        await flush()
        let counts = try await scanner.read { session throws(StoreError) in
            var counts: [(userID: String, total: Int, firstDay: Int64)] = []
            for var row in try session.rows(
                """
                SELECT user_id, CAST(sum(success + error + cancelled + running) AS BIGINT), min(day) FROM query_days
                GROUP BY user_id ORDER BY user_id
                """)
            {
                counts.append((try row.text(), try row.int(), try row.integer()))
            }
            return counts
        }
        var left = steps
        var removed = 0
        for (userID, total, firstDay) in counts {
            var isOver = rowsPerUser > 0 ? total - rowsPerUser : 0
            let oldestMs = nowMs - Int64(days) * Day.ms
            while isOver > 0, left > 0 {
                let done = try await forgetSome(
                    userID: userID, projectID: nil, beforeMs: nil, limit: min(isOver, Store.forgetBatch))
                (isOver, left, removed) = (done == 0 ? 0 : isOver - done, left - 1, removed + done)
            }
            while days > 0, firstDay <= Day.of(oldestMs), left > 0 {
                let done = try await forgetSome(userID: userID, projectID: nil, beforeMs: oldestMs)
                (left, removed) = (left - 1, removed + done)
                guard done == Store.forgetBatch else { break }
            }
        }
        return removed
    }

    private func forgetSome(userID: String, ids: [String]) async throws(StoreError) -> Int {
        try await write { session throws(StoreError) in try Store.forget(session, userID: userID, ids: ids) }
    }

    /// One step, the oldest first.
    private func forgetSome(
        userID: String, projectID: String?, beforeMs: Int64?, limit: Int = forgetBatch
    ) async throws(StoreError) -> Int {
        try await write { session throws(StoreError) in
            try Store.forget(session, userID: userID, projectID: projectID, beforeMs: beforeMs, limit: limit)
        }
    }

    static func forget(
        _ session: StoreSession, userID: String, projectID: String?, beforeMs: Int64? = nil, limit: Int
    ) throws(StoreError) -> Int {
        var query = Conditions(userID: userID)
        query.add("status <> 'running'")
        if let projectID { query.add("project_id = #", .text(projectID)) }
        if let beforeMs { query.add("created_at < #", .integer(beforeMs)) }
        let rows = try session.rows(
            """
            SELECT \(ForgottenRow.columns) FROM queries WHERE \(query.sql)
            ORDER BY created_at, id LIMIT \(query.next)
            """, query.parameters + [.integer(Int64(limit))])
        return try remove(session, rows)
    }

    private static func forget(_ session: StoreSession, userID: String, ids: [String]) throws(StoreError) -> Int {
        var rows: [Row] = []
        for id in Set(ids).sorted() {
            rows += try session.rows(
                "SELECT \(ForgottenRow.columns) FROM queries WHERE user_id = $1 AND id = $2 AND status <> 'running'",
                [.text(userID), .text(id)])
        }
        return try remove(session, rows)
    }

    /// Deletes rows, their documents in the index of texts, and their part of the tallies.
    private static func remove(_ session: StoreSession, _ rows: [Row]) throws(StoreError) -> Int {
        var gone: [TallyKey: [QueryEnd]] = [:]
        var (ids, documents): ([[Parameter]], [SearchDocument]) = ([], [])
        for var row in rows {
            let row = try ForgottenRow(&row)
            if let document = row.document { documents.append(document) }
            ids.append([.text(row.id)])
            gone[row.key, default: []].append(row.end)
        }
        try session.engine.textIndex.remove(session, documents)
        try session.rows("DELETE FROM queries WHERE id = $1", forEach: ids)
        for (key, ends) in gone {
            for table in TallyTable.all(key) {
                var tally = try table.read(session)
                for end in ends { tally.add(end, times: -1) }
                let longest = ends.compactMap { $0.status == .success ? $0.durationMs : nil }.max()
                if let longest, let maxMs = tally.maxMs, longest >= maxMs {
                    tally.maxMs = try longestMs(session, key, table)
                }
                try table.write(session, tally, userID: key.userID)
            }
            try session.change(
                """
                DELETE FROM query_shapes WHERE project_id = $1 AND shape = $2
                    AND NOT EXISTS (SELECT 1 FROM shape_spans d WHERE d.project_id = $1 AND d.shape = $2)
                """, [.text(key.projectID), .integer(key.shape)])
        }
        return rows.count
    }

    /// The longest success that is left of those a tally counts.
    private static func longestMs(_ session: StoreSession, _ key: TallyKey, _ table: TallyTable) throws(StoreError) -> Double? {
        var row = try session.first(
            """
            SELECT max(duration_ms) FROM queries
            WHERE project_id = $1 AND created_at >= $2 AND created_at < $3 AND status = 'success'
            """ + (table.isOfShape ? " AND user_id = $4 AND shape = $5" : ""),
            [.text(key.projectID), .integer(table.days.lowerBound * Day.ms), .integer(table.days.upperBound * Day.ms)]
                + (table.isOfShape ? [.text(key.userID), .integer(key.shape)] : []))
        return try row?.optionalDouble()
    }
}

/// What must be known of a row to take it away.
private struct ForgottenRow {
    static let columns = """
        id, created_at, shape, place, row_count, duration_ms, \(SearchDocument.columns)
        """

    var id: String
    var key: TallyKey
    var end: QueryEnd
    /// What the index of texts has of it, if it is in there.
    var document: SearchDocument?

    init(_ row: inout Row) throws(StoreError) {
        id = try row.text()
        let (createdAtMs, shape, place) = try (row.integer(), row.integer(), row.optionalInteger())
        let (rowCount, durationMs) = try (row.optionalInteger(), row.optionalDouble())
        let document = try SearchDocument(&row, place: place ?? 0)
        key = TallyKey(userID: document.userID, projectID: document.projectID, createdAtMs: createdAtMs, shape: shape)
        end = QueryEnd(status: document.status, rowCount: rowCount, durationMs: durationMs)
        self.document = place == nil ? nil : document
    }
}
