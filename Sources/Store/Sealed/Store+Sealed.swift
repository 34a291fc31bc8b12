internal import Databases

/// Going through everything that is sealed, whoever it belongs to: for sealing it anew under another key.
extension Store {
    /// The records under any of `keyIDs` among the next `limit` rows of a table, by id.
    ///
    /// - Parameter id: the ``SealedPage/next`` of the page before; empty to begin.
    public func sealed(
        _ column: SealedColumn, under keyIDs: [[UInt8]], after id: String, limit: Int
    ) async throws(StoreError) -> SealedPage {
        guard !keyIDs.isEmpty else { return SealedPage(records: []) }
        return try await scanner.read { session throws(StoreError) in
            // Only what is wanted is read in full: most rows have been done, or have their record from later on.
            let keys = (3..<(3 + keyIDs.count)).map { "$\($0)" }.joined(separator: ", ")
            let rows = try session.rows(
                """
                SELECT id, user_id, CASE WHEN \(column.keyID) IN (\(keys)) THEN \(column.column) END
                FROM \(column.table) WHERE id > $1 ORDER BY id LIMIT $2
                """, [.text(id), .integer(Int64(limit))] + keyIDs.map(Parameter.bytes))
            var page = SealedPage(records: [])
            var last: String?
            for var row in rows {
                let (id, userID) = try (row.text(), row.text())
                last = id
                guard let sealed = try row.optionalBytes() else { continue }
                page.records.append(SealedRecord(column: column, id: id, userID: userID, sealed: sealed))
            }
            page.next = rows.count == limit ? last : nil
            return page
        }
    }

    /// Puts records that were sealed anew in the place of the old ones, in one transaction. One that was changed or deleted since it
    /// was read is left as it is now.
    ///
    /// - Returns: which were replaced.
    public func reseal(_ records: [(old: SealedRecord, new: [UInt8])]) async throws(StoreError) -> [SealedRecord] {
        guard !records.isEmpty else { return [] }
        defer { for (old, _) in records where old.column == .connectionString { knownProjects.forget(old.id) } }
        return try await write { session throws(StoreError) in
            var replaced: [SealedRecord] = []
            for (old, new) in records {
                let count = try session.change(
                    """
                    UPDATE \(old.column.table) SET \(old.column.column) = $3 WHERE id = $1 AND \(old.column.column) = $2
                    """, [.text(old.id), .bytes(old.sealed), .bytes(new)])
                if count > 0 { replaced.append(old) }
            }
            return replaced
        }
    }

    /// Forgets the projects in memory: what they were sealed with may not open any longer.
    public func forgetKnownProjects() { knownProjects.forgetAll() }

    /// What of a store depends on which key; it may be in use by a daemon. Takes a while where there is much history.
    ///
    /// - Parameter spans: of Unix milliseconds.
    public static func keyUse(_ location: StoreLocation, sessionsBegunIn spans: [Range<Int64>]) throws(StoreError) -> KeyUse {
        try look(location) { reader throws(StoreError) in
            var use = KeyUse(sealed: [], sessionsEndAtMs: [])
            for column in SealedColumn.allCases {
                let rows = try reader.rows(
                    """
                    SELECT \(column.keyID), count(*) FROM \(column.table) WHERE \(column.column) IS NOT NULL
                    GROUP BY \(column.keyID)
                    """)
                for var row in rows {
                    use.sealed.append(try SealedCount(keyID: row.bytes(), column: column, records: row.int()))
                }
            }
            for span in spans {
                var row = try reader.first(
                    "SELECT max(expires_at) FROM sessions WHERE revoked_at IS NULL AND created_at >= $1 AND created_at < $2",
                    [.integer(span.lowerBound), .integer(span.upperBound)])
                use.sessionsEndAtMs.append(try row?.optionalInteger())
            }
            return use
        }
    }
}
