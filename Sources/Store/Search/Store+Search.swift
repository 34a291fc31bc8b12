internal import Databases

extension Store {
    /// Rows that a search looks at one by one where the nearest had so much of the text that sorting all there is of it takes longer.
    private static let lookMax = 5_000

    /// The queries that a filter with a text lets through, newest first, at most `limit` after `cursor`. Wants one view of the data.
    ///
    /// The newest `near` of those that fit but for the text are looked at one by one: a text that is common is found there, and a
    /// short history needs no more. Beyond them the index of texts is asked; one that must sort all it finds only if what the nearest
    /// had does not promise the rest soon.
    static func search(
        _ session: StoreSession, _ userID: String, _ filter: HistoryFilter, _ cursor: Cursor, limit: Int, near: Int
    ) throws(StoreError) -> [QueryRecord] {
        var others = filter
        (others.text, others.errorText) = (nil, nil)
        var (found, cursor, near): ([QueryRecord], Cursor, Int?) = ([], cursor, near)
        while let count = near {
            let all = conditions(session, userID, others, cursor)
            let edge = try session.first(
                "SELECT created_at, id FROM queries WHERE \(all.sql) ORDER BY created_at DESC, id DESC LIMIT 1 OFFSET \(all.next)",
                all.parameters + [.integer(Int64(count))])
            guard var edge else {
                return found + (try walk(session, conditions(session, userID, filter, cursor), limit: limit - found.count))
            }
            let nearest = try look(session, all, filter, count)
            found += nearest
            guard found.count < limit else { return Array(found.prefix(limit)) }
            // The edge itself is the first of the others: no id begins with another.
            cursor = Cursor(list: .queries, createdAtMs: try edge.integer(), id: try edge.text() + "~")
            guard !session.engine.textIndex.isInOrder, !nearest.isEmpty else { break }
            let promised = count * (limit - found.count) / nearest.count
            near = promised <= lookMax ? min(2 * promised + 1, lookMax) : nil
        }
        return found + (try searchIndex(session, userID, filter, cursor, limit: limit - found.count))
    }

    /// Those of the first `count` that have the text.
    private static func look(
        _ session: StoreSession, _ all: Conditions, _ filter: HistoryFilter, _ count: Int
    ) throws(StoreError) -> [QueryRecord] {
        guard count > 0 else { return [] }
        var text = all
        addText(&text, session, filter)
        let rows = try session.rows(
            """
            SELECT \(QueryRecord.columns) FROM (
                SELECT \(QueryRecord.columns), folded FROM queries WHERE \(all.sql)
                ORDER BY created_at DESC, id DESC LIMIT \(text.next)) AS queries
            WHERE \(text.sql) ORDER BY created_at DESC, id DESC
            """, text.parameters + [.integer(Int64(count))])
        var found: [QueryRecord] = []
        for var row in rows { found.append(try QueryRecord(&row, hasPreview: false)) }
        return found
    }

    /// Those the index of texts finds, and those that are not in it yet.
    private static func searchIndex(
        _ session: StoreSession, _ userID: String, _ filter: HistoryFilter, _ cursor: Cursor, limit: Int
    ) throws(StoreError) -> [QueryRecord] {
        let terms = SearchTerms(
            userID: userID, projectID: filter.projectID, status: filter.status, mode: filter.mode, source: filter.source,
            text: Folding.folded(filter.text ?? ""), error: Folding.foldedASCII(filter.errorText ?? ""))
        guard session.engine.textIndex.candidates(terms, parameter: 1) != nil else {
            return try walk(session, conditions(session, userID, filter, cursor), limit: limit)
        }
        var waiting = conditions(session, userID, filter, cursor)
        waiting.add("place IS NULL")
        var found = try walk(session, waiting, limit: limit)
        let from = Place.first(ofMs: filter.sinceMs ?? 0)
        var to = cursor.createdAtMs == .max ? Int64.max : Place.end(ofMs: cursor.createdAtMs)
        if let untilMs = filter.untilMs { to = min(to, Place.end(ofMs: untilMs)) }
        let query = conditions(session, userID, filter, cursor)
        var placed = try candidates(session, terms, query, places: from..<max(from, to), limit: limit)
        // Within a millisecond places are in another order than ids: the last one is wanted whole.
        if placed.count == limit, let last = placed.last?.start.createdAtMs {
            let isLast = { (record: QueryRecord) in record.start.createdAtMs == last }
            placed.removeAll(where: isLast)
            let places = max(from, Place.first(ofMs: last))..<min(to, Place.end(ofMs: last))
            placed += try candidates(session, terms, query, places: places, limit: nil)
        }
        found += placed
        found.sort { ($0.start.createdAtMs, $0.start.id) > ($1.start.createdAtMs, $1.start.id) }
        return Array(found.prefix(limit))
    }

    private static func candidates(
        _ session: StoreSession, _ terms: SearchTerms, _ query: Conditions, places: Range<Int64>, limit: Int?
    ) throws(StoreError) -> [QueryRecord] {
        let number = query.parameters.count + 1
        guard let found = session.engine.textIndex.candidates(terms, parameter: number) else { return [] }
        let next = number + found.parameters.count
        var items: [QueryRecord] = []
        for var row in try session.rows(
            """
            SELECT \(QueryRecord.columns) FROM \(found.from)
            WHERE \(query.sql) AND \(found.condition) AND \(found.place) >= $\(next) AND \(found.place) < $\(next + 1)
            ORDER BY \(found.place) DESC LIMIT $\(next + 2)
            """,
            query.parameters + found.parameters
                + [.integer(places.lowerBound), .integer(places.upperBound), .integer(limit.map(Int64.init) ?? .max)])
        {
            items.append(try QueryRecord(&row, hasPreview: false))
        }
        return items
    }

    /// The same by looking at each query in turn, newest first, until there are enough.
    static func walk(_ session: StoreSession, _ query: Conditions, limit: Int) throws(StoreError) -> [QueryRecord] {
        var items: [QueryRecord] = []
        let rows = try session.rows(
            """
            SELECT \(QueryRecord.columns) FROM queries WHERE \(query.sql)
            ORDER BY created_at DESC, id DESC LIMIT \(query.next)
            """, query.parameters + [.integer(Int64(limit))])
        for var row in rows { items.append(try QueryRecord(&row, hasPreview: false)) }
        return items
    }

    /// What a filter asks of a row.
    static func conditions(_ session: StoreSession, _ userID: String, _ filter: HistoryFilter, _ cursor: Cursor) -> Conditions {
        var query = Conditions(userID: userID)
        // One upper end: given two, the planner would begin at either and step over what the other keeps out.
        var end = (cursor.createdAtMs, cursor.id)
        if let untilMs = filter.untilMs, (untilMs, "") < end { end = (untilMs, "") }
        query.add("(created_at, id) < (#, #)", .integer(end.0), .text(end.1))
        if let projectID = filter.projectID { query.add("project_id = #", .text(projectID)) }
        if let status = filter.status { query.add("status = #", .text(status.rawValue)) }
        if let mode = filter.mode { query.add("mode = #", .text(mode.rawValue)) }
        if let source = filter.source { query.add("source = #", .text(source.rawValue)) }
        if let shape = filter.shape { query.add("shape = #", .integer(Int64(bitPattern: shape))) }
        if let sinceMs = filter.sinceMs { query.add("created_at >= #", .integer(sinceMs)) }
        addText(&query, session, filter)
        return query
    }

    private static func addText(_ query: inout Conditions, _ session: StoreSession, _ filter: HistoryFilter) {
        if let text = filter.text, !text.isEmpty {
            query.add(session.engine.contains("coalesce(folded, lower(query))", "#"), .text(Folding.folded(text)))
        }
        if let text = filter.errorText, !text.isEmpty {
            query.add(session.engine.contains("lower(error)", "#"), .text(Folding.foldedASCII(text)))
        }
    }
}
