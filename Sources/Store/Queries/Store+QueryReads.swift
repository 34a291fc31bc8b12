internal import Databases

extension Store {
    /// The query with its preview, if it is this owner's.
    public func query(id: String, userID: String) async throws(StoreError) -> QueryRecord? {
        await flush()
        return try await reader.read { session throws(StoreError) in
            let row = try session.first(
                "SELECT \(QueryRecord.columns), result FROM queries WHERE id = $1 AND user_id = $2", [.text(id), .text(userID)])
            guard var row else { return nil }
            return try QueryRecord(&row, hasPreview: true)
        }
    }

    /// Whether a query has or had this id, whoever's it is.
    public func isQueryIDUsed(_ id: String) async throws(StoreError) -> Bool {
        await flush()
        return try await reader.read { session throws(StoreError) in
            try session.first("SELECT 1 FROM queries WHERE id = $1", [.text(id)]) != nil
        }
    }

    /// An owner's queries, newest first, without previews. Throws `invalidCursor`.
    ///
    /// Quick for every filter. A text of one or two characters is looked for in each query in turn, until the page is full.
    public func history(
        userID: String, filter: HistoryFilter = HistoryFilter(), page: PageRequest = PageRequest()
    ) async throws(StoreError) -> ListPage<QueryRecord> {
        try await history(userID: userID, filter: filter, page: page, near: 500)
    }

    /// - Parameter near: how many queries a search looks at one by one before it asks the index of texts.
    func history(
        userID: String, filter: HistoryFilter, page: PageRequest, near: Int
    ) async throws(StoreError) -> ListPage<QueryRecord> {
        let cursor = try Cursor.of(page, list: .queries)
        await flush()
        return try await scanner.read { session throws(StoreError) in
            let items: [QueryRecord]
            if filter.text ?? "" != "" || filter.errorText ?? "" != "" {
                items = try session.snapshot { session throws(StoreError) in
                    try Store.search(session, userID, filter, cursor, limit: page.limit + 1, near: near)
                }
            } else {
                items = try Store.history(session, userID, filter, cursor, limit: page.limit + 1)
            }
            return ListPage(items, limit: page.limit) {
                Cursor(list: .queries, createdAtMs: $0.start.createdAtMs, id: $0.start.id)
            }
        }
    }

    static func history(
        _ session: StoreSession, _ userID: String, _ filter: HistoryFilter, _ cursor: Cursor, limit: Int
    ) throws(StoreError) -> [QueryRecord] {
        try walk(session, conditions(session, userID, filter, cursor), limit: limit)
    }
}
