import Databases
import Testing

@testable import Store

/// Search by the index of texts against looking at each row.
@Suite struct SearchTests {
    private static let words = [
        "SELECT", "select", "name", "FROM", "Orders", "größe", "GRÖSSE", "straße", "İstanbul", "ΑΣ", "100%", "a_b", "\"q\"", "\"",
        "'",
        "\\", "\n", "\u{0}", "🐈", "🐈‍⬛", "e\u{301}", "\u{E000}\u{E001}\u{E002}", "\u{FFFD}", "x", "--", "  ", "AND", "OR", "NOT",
        "*",
    ]

    private func text(_ count: ClosedRange<Int>, _ random: inout SystemRandomNumberGenerator) -> String {
        (0..<Int.random(in: count, using: &random)).map { _ in Self.words.randomElement(using: &random) ?? "" }
            .joined(separator: Bool.random(using: &random) ? " " : "")
    }

    /// Whether a row is found, by the contract.
    private func matches(_ record: QueryRecord, _ filter: HistoryFilter) -> Bool {
        let start = record.start
        if let text = filter.text {
            let folded = Array(Folding.folded((start.label.map { $0 + "\n" } ?? "") + start.sql).utf8)
            guard folded.firstRange(of: Array(Folding.folded(text).utf8)) != nil else { return false }
        }
        if let text = filter.errorText {
            let error = Array(Folding.foldedASCII(record.end.errorMessage ?? "").utf8)
            guard record.end.errorMessage != nil, error.firstRange(of: Array(Folding.foldedASCII(text).utf8)) != nil else {
                return false
            }
        }
        return (filter.projectID ?? start.projectID) == start.projectID
            && (filter.status ?? record.end.status) == record.end.status
            && (filter.mode ?? start.mode) == start.mode && (filter.source ?? start.source) == start.source
            && (filter.shape ?? record.shape) == record.shape && start.createdAtMs >= filter.sinceMs ?? .min
            && start.createdAtMs < filter.untilMs ?? .max
    }

    private func scalars(_ text: String, _ range: Range<Int>) -> String {
        String(String.UnicodeScalarView(Array(text.unicodeScalars)[range]))
    }

    @Test func theIndexFindsWhatLookingAtEachRowFinds() async throws {
        try await withStore { store, _ in
            let mine = try await store.makeProject()
            var other = mine
            (other.id, other.name) = (Sample.id(), "other")
            try await store.createProject(other)
            let foreign = try await store.makeProject(email: "grace@example.org")
            var random = SystemRandomNumberGenerator()
            for number in 0..<500 {
                let project = [mine, other, foreign][number % 3]
                var start = Sample.start(
                    project, sql: text(1...8, &random), mode: number % 7 == 0 ? .write : .read,
                    source: QuerySource.allCases[number % 2], atMs: Sample.nowMs + Int64(number / 20))
                if number % 5 == 0 { start.label = text(1...3, &random) }
                if number == 77 { start.sql += String(repeating: " filler", count: 10_000) + " needle" }
                // Not as long, but with more to find than an index takes in.
                if number == 78 {
                    start.sql += String(String.UnicodeScalarView((0x4E00..<0x6400).compactMap(Unicode.Scalar.init)))
                }
                let isError = number % 4 == 0
                let end = QueryEnd(
                    status: isError ? .error : .success, errorMessage: isError ? text(1...5, &random).filter { $0 != "\0" } : nil)
                if start.mode == .write {
                    try await store.insertRunning(start)
                    if number < 480 { try await store.finishQuery(id: start.id, end) }
                } else {
                    await store.recordFinished(start, end)
                }
                // Some of the rows are in the index, the last are not.
                if number == 300 || number == 450 { try await store.indexHistory() }
            }
            let all = try await store.all(limit: 100) { try await store.history(userID: mine.userID, page: $0) }
            for round in 0..<300 {
                var filter = HistoryFilter()
                let record = all.randomElement(using: &random) ?? all[0]
                let source = (record.start.label.map { $0 + "\n" } ?? "") + record.start.sql
                let count = source.unicodeScalars.count
                let start = Int.random(in: 0..<count, using: &random)
                let length = Int.random(in: 1...min(30, count - start), using: &random)
                filter.text = round % 10 == 9 ? nil : scalars(source, start..<(start + length))
                if round % 10 >= 8 {
                    filter.errorText = round % 20 == 9 ? "select" : text(1...1, &random).replacing("\0", with: store.nul)
                }
                if round % 3 == 0 { filter.projectID = [mine.id, other.id, foreign.id].randomElement(using: &random) }
                if round % 4 == 0 { filter.status = QueryStatus.allCases.randomElement(using: &random) }
                if round % 5 == 0 { filter.mode = Bool.random(using: &random) ? .read : .write }
                if round % 6 == 0 { filter.source = QuerySource.allCases.randomElement(using: &random) }
                if round % 7 == 0 { filter.sinceMs = Sample.nowMs + Int64.random(in: 0...25, using: &random) }
                if round % 8 == 0 { filter.untilMs = Sample.nowMs + Int64.random(in: 0...25, using: &random) }
                let limit = [1, 2, 7, 200].randomElement(using: &random) ?? 1
                let asked = filter
                let found = try await store.all(limit: limit) {
                    try await store.history(userID: mine.userID, filter: asked, page: $0, near: [0, 1, 30, 1_000][round % 4])
                }
                #expect(found == all.filter { matches($0, filter) }, "\(filter)")
            }
            #expect(try await store.history(userID: mine.userID, filter: HistoryFilter(text: "NEEDLE")).items.count <= 1)
            let long = try await store.history(userID: foreign.userID, filter: HistoryFilter(text: "FILLER NEEDLE")).items
            let longMine = try await store.history(userID: mine.userID, filter: HistoryFilter(text: "FILLER NEEDLE")).items
            #expect(long.count + longMine.count == 1)
        }
    }

    @Test func whatIsForgottenIsNotFoundAndLeavesNothingInTheIndex() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let odd = ["SELECT 'Größe\u{0}x'", "select 1 /* \u{1F408} */", String(repeating: "SELECT 'long' ", count: 5_000)]
            for sql in odd {
                for _ in 0..<3 {
                    await store.recordFinished(
                        Sample.start(project, sql: sql), QueryEnd(status: .error, errorMessage: "Ungültig \u{0}"))
                }
            }
            await store.flush()
            #expect(try await store.indexHistory() == 9)
            #expect(try await store.history(userID: project.userID, filter: HistoryFilter(text: "select")).items.count == 9)
            #expect(
                try await store.history(userID: project.userID, filter: HistoryFilter(errorText: "UNGüLTIG")).items.count == 9)
            _ = try await store.forgetHistory(userID: project.userID, .all(projectID: project.id, beforeMs: nil))
            #expect(try await store.history(userID: project.userID, filter: HistoryFilter(text: "select")).items.isEmpty)
            #expect(try await store.integrityProblems() == [])
            // FTS5 knows by a word of its own whether any token is left.
            let tokens = try await store.write { session throws(StoreError) in
                if store.engine is PostgreSQLEngine {
                    var row = try session.first("SELECT count(*) FROM query_texts")
                    return try row?.integer()
                }
                try session.execute("INSERT INTO query_texts (query_texts) VALUES ('optimize')")
                try session.execute("CREATE VIRTUAL TABLE temp.tokens USING fts5vocab('main', 'query_texts', 'row')")
                var row = try session.first("SELECT count(*) FROM temp.tokens")
                return try row?.integer()
            }
            #expect(tokens == 0)
        }
    }

    /// The same in PostgreSQL, which rather reads small tables whole, and an index whose latest entries were not sorted in.
    @Test func aSearchInPostgreSQLAsksTheIndex() async throws {
        try await withStore(on: [.postgresql]) { store, _ in
            let project = try await store.makeProject()
            for number in 0..<1_000 {
                await store.recordFinished(Sample.start(project, sql: "SELECT \(number)"), Sample.success())
            }
            await store.flush()
            try await store.indexHistory()
            let plan = try await store.write { session throws(StoreError) in
                var lines: [String] = []
                try session.execute(
                    """
                    INSERT INTO query_texts SELECT n, ARRAY[n % 1000, n % 77, n % 13] FROM generate_series(1, 30000) AS n;
                    SELECT gin_clean_pending_list('query_texts_tokens'); ANALYZE queries; ANALYZE query_texts
                    """)
                let terms = SearchTerms(userID: project.userID, status: .error, text: "needle", error: "")
                guard let index = session.engine.textIndex.candidates(terms, parameter: 1) else { return lines }
                try session.execute(
                    "SET LOCAL enable_seqscan = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashjoin = off")
                let search = """
                    SELECT id FROM \(index.from) WHERE user_id = $5 AND \(index.condition) AND \(index.place) >= $3
                        AND \(index.place) < $4 ORDER BY \(index.place) DESC LIMIT 5
                    """
                // By a plan for any parameters, which the server comes to after some calls, and by one for these.
                try session.execute(
                    """
                    PREPARE search (TEXT, TEXT, BIGINT, BIGINT, TEXT) AS \(search);
                    SET LOCAL plan_cache_mode = force_generic_plan
                    """)
                for (sql, parameters) in [
                    ("EXECUTE search ('{1}', '{2}', 0, 9, 'u')", []),
                    (search, index.parameters + [.integer(0), .integer(.max), .text(project.userID)]),
                    ("SELECT 1 FROM queries WHERE user_id = 'u' AND place IS NULL ORDER BY created_at DESC, id DESC LIMIT 5", []),
                    ("SELECT max(place) FROM queries WHERE place >= 1 AND place < 2", []),
                ] as [(String, [Parameter])] {
                    for var row in try session.rows("EXPLAIN \(sql)", parameters) { lines.append(try row.text()) }
                }
                return lines
            }
            for name in ["query_texts_tokens", "queries_by_place", "queries_without_place"] {
                #expect(plan.contains { $0.contains(name) }, "\(plan)")
            }
            // What is asked for first is found first: the rows of a search are not sorted, only what the index found.
            #expect(plan.prefix(3).contains { $0.contains("Nested Loop") }, "\(plan)")
            #expect(plan.count { $0.contains("Bitmap Index Scan on query_texts_tokens") } == 4, "\(plan)")
            #expect(!plan.contains { $0.contains("Seq Scan") || $0.contains("query_texts_pkey") }, "\(plan)")
        }
    }

    @Test func nulIsFoundInPostgreSQLWithTheIndexAndWithout() async throws {
        try await withStore(on: [.postgresql]) { store, _ in
            let project = try await store.makeProject()
            await store.recordFinished(
                Sample.start(project, sql: "SELECT 'a\u{0}b'"), QueryEnd(status: .error, errorMessage: "at a\u{0}b"))
            await store.flush()
            for isIndexed in [false, true] {
                if isIndexed { #expect(try await store.indexHistory() == 1) }
                for filter in [HistoryFilter(text: "'A\u{0}B'"), HistoryFilter(errorText: "T A\u{0}b")] {
                    let found = try await store.history(
                        userID: project.userID, filter: filter, page: PageRequest(limit: 5), near: 0)
                    #expect(found.items.count == 1, "\(isIndexed) \(filter)")
                }
            }
        }
    }

    @Test func anIndexThatDoesNotAgreeWithHistoryIsTold() async throws {
        try await withStore(on: [.postgresql]) { store, _ in
            let project = try await store.makeProject()
            for _ in 0..<3 { await store.recordFinished(Sample.start(project), Sample.success()) }
            await store.flush()
            #expect(try await store.indexHistory() == 3)
            #expect(try await store.integrityProblems() == [])
            try await store.write { session throws(StoreError) in
                try session.change(
                    "UPDATE query_texts SET place = place + 1000000000 WHERE place = (SELECT min(place) FROM query_texts)")
            }
            #expect(
                try await store.integrityProblems() == [
                    "1 rows of history are missing in the index of texts",
                    "1 entries of the index of texts have no row of history",
                ])
        }
    }

    @Test func aSearchForShapesAndTextsIsQuickWhateverOthersHave() async throws {
        // Not a measurement: the plans are what makes it quick.
        try await withStore(on: [.sqlite]) { store, _ in
            let plan = try await store.write { session throws(StoreError) in
                var lines: [String] = []
                let index = session.engine.textIndex.candidates(SearchTerms(userID: "u", text: "select", error: ""), parameter: 1)
                guard let index else { return lines }
                for sql in [
                    "SELECT 1 FROM \(index.from) WHERE \(index.condition) AND \(index.place) >= $2 AND \(index.place) < $3 ORDER BY \(index.place) DESC LIMIT 5",
                    "SELECT 1 FROM queries WHERE place IS NULL AND status <> 'running' LIMIT 5",
                    "SELECT 1 FROM queries WHERE user_id = 'u' AND place IS NULL ORDER BY created_at DESC, id DESC LIMIT 5",
                    "SELECT 1 FROM queries WHERE user_id = 'u' AND shape = 1 ORDER BY created_at DESC, id DESC LIMIT 5",
                    "SELECT max(place) + 1 FROM queries WHERE place >= 1 AND place < 2",
                ] {
                    let parameters: [Parameter] = sql.contains("$3") ? [.text("\"a\""), .integer(0), .integer(1)] : []
                    for var row in try session.rows("EXPLAIN QUERY PLAN \(sql)", parameters) {
                        _ = try (row.integer(), row.integer(), row.integer())
                        lines.append(try row.text())
                    }
                }
                return lines
            }
            #expect(!plan.contains { $0.contains("TEMP B-TREE") || $0 == "SCAN queries" }, "\(plan)")
            #expect(
                plan.contains { $0.contains("queries_without_place") } && plan.contains { $0.contains("queries_of_shape") },
                "\(plan)")
        }
    }
}
