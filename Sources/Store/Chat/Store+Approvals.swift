public import Databases

extension Store {
    /// Adds a proposal. Throws `notFound` when its thread is not there any more, or not its user's and its project's.
    public func insertApproval(_ approval: ApprovalRecord) async throws(StoreError) {
        try await write { session throws(StoreError) in
            try session.change(
                """
                INSERT INTO approvals (\(ApprovalRecord.columns))
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
                """,
                [
                    .text(approval.id), .text(approval.threadID), .text(approval.projectID), .text(approval.userID),
                    .text(approval.messageID), .text(approval.sql), .optional(approval.reason), .text(approval.command),
                    .text(StoredJSON.text(approval.relations)), .optional(approval.rowsEstimate),
                    .text(approval.state.rawValue), .integer(approval.createdAtMs), .integer(approval.expiresAtMs),
                    .optional(approval.decidedAtMs), .optional(approval.queryID),
                ])
        }
    }

    /// The proposal, if it was made for this user.
    public func approval(_ id: String, userID: String) async throws(StoreError) -> ApprovalRecord? {
        try await reader.read { session throws(StoreError) in
            let row = try session.first(
                "SELECT \(ApprovalRecord.columns) FROM approvals WHERE id = $1 AND user_id = $2", [.text(id), .text(userID)])
            guard var row else { return nil }
            return try ApprovalRecord(&row)
        }
    }

    /// What these messages propose, oldest first, as far as it is this user's.
    public func approvals(messageIDs: [String], userID: String) async throws(StoreError) -> [ApprovalRecord] {
        guard !messageIDs.isEmpty else { return [] }
        return try await reader.read { session throws(StoreError) in
            var items: [ApprovalRecord] = []
            // By the hundred: engines limit how many parameters a statement has.
            for start in stride(from: 0, to: messageIDs.count, by: 100) {
                let ids = messageIDs[start..<min(start + 100, messageIDs.count)]
                let list = Store.approvalList(Array(ids), userID: userID)
                for var row in try session.rows(list.sql, list.parameters) { items.append(try ApprovalRecord(&row)) }
            }
            return items.sorted { ($0.createdAtMs, $0.id) < ($1.createdAtMs, $1.id) }
        }
    }

    static func approvalList(_ messageIDs: [String], userID: String) -> (sql: String, parameters: [Parameter]) {
        let marks = messageIDs.indices.map { "$\($0 + 2)" }.joined(separator: ", ")
        return (
            "SELECT \(ApprovalRecord.columns) FROM approvals WHERE user_id = $1 AND message_id IN (\(marks))",
            [.text(userID)] + messageIDs.map(Parameter.text)
        )
    }

    /// Spends a proposal for the query that is about to run it, and adds that to history as running: both or neither. Of all who ask,
    /// however many at once, one gets it; durable when this returns, so that no crash gives it back, and none leaves it spent without
    /// a query that says what became of it.
    ///
    /// Throws `notFound` when the project is not there or not this user's, `conflict` when the query's id was used.
    ///
    /// - Returns: the proposal as it is now; nil, and nothing is changed, when it is not there, not this user's, decided, or past its
    ///   time.
    public func redeemApproval(
        _ id: String, for start: QueryStart, shape: StatementShape
    ) async throws(StoreError) -> ApprovalRecord? {
        try await write { session throws(StoreError) in
            let approval = try Store.decide(
                session, id, userID: start.userID, .approved, queryID: start.id, nowMs: start.createdAtMs)
            guard let approval else { return nil }
            try Store.insert(session, [FinishedQuery(start: start, shape: .known(shape), end: QueryEnd(status: .running))])
            return approval
        }
    }

    /// Turns a proposal down, unless it is decided, or past its time.
    ///
    /// - Returns: whether it was pending.
    @discardableResult
    public func declineApproval(_ id: String, userID: String, nowMs: Int64) async throws(StoreError) -> Bool {
        try await write { session throws(StoreError) in
            try Store.decide(session, id, userID: userID, .declined, queryID: nil, nowMs: nowMs)
        } != nil
    }

    private static func decide(
        _ session: StoreSession, _ id: String, userID: String, _ state: ApprovalState, queryID: String?, nowMs: Int64
    ) throws(StoreError) -> ApprovalRecord? {
        let row = try session.first(
            """
            UPDATE approvals SET status = $3, decided_at = $4, query_id = $5
            WHERE id = $1 AND user_id = $2 AND status = 'pending' AND expires_at > $4
            RETURNING \(ApprovalRecord.columns)
            """, [.text(id), .text(userID), .text(state.rawValue), .integer(nowMs), .optional(queryID)])
        guard var row else { return nil }
        return try ApprovalRecord(&row)
    }

    /// Housekeeping: what is past its time is expired.
    ///
    /// - Returns: how many.
    @discardableResult
    public func expireApprovals(nowMs: Int64) async throws(StoreError) -> Int {
        try await write { session throws(StoreError) in
            try session.change(
                "UPDATE approvals SET status = 'expired' WHERE status = 'pending' AND expires_at <= $1", [.integer(nowMs)])
        }
    }
}
