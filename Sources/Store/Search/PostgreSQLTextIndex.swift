internal import Databases

/// A GIN index over arrays of numbers, one for every three characters of a text. Nothing but core PostgreSQL is needed for it.
/// https://www.postgresql.org/docs/current/gin.html
///
/// The numbers are hashes that begin with the user: what others have is never gone through, and two texts that share a number by
/// chance are told apart in the rows. An index gives no order, so what fits is sorted by its place before its rows are looked at.
struct PostgreSQLTextIndex: TextIndex {
    let step = 6
    let isInOrder = false
    let schema = """
        CREATE TABLE query_texts (place BIGINT PRIMARY KEY, tokens INTEGER[] NOT NULL);
        CREATE INDEX query_texts_tokens ON query_texts USING gin (tokens)
        """

    func add(_ session: StoreSession, _ documents: [SearchDocument]) throws(StoreError) {
        try session.rows(
            "INSERT INTO query_texts (place, tokens) VALUES ($1, CAST($2 AS INTEGER[]))",
            forEach: documents.map { [.integer($0.place), Self.array(SearchTokens.of($0))] })
    }

    func remove(_ session: StoreSession, _ documents: [SearchDocument]) throws(StoreError) {
        try session.rows("DELETE FROM query_texts WHERE place = $1", forEach: documents.map { [.integer($0.place)] })
    }

    func candidates(_ terms: SearchTerms, parameter: Int) -> TextCandidates? {
        guard let (tokens, long) = SearchTokens.of(terms) else { return nil }
        // A sum, so that nobody thinks of going through the places in order until enough fit: where nothing does, that is all of them.
        return TextCandidates(
            from: """
                (SELECT place + 0 AS place FROM query_texts
                    WHERE tokens @> CAST($\(parameter) AS INTEGER[]) OR tokens @> CAST($\(parameter + 1) AS INTEGER[])
                    ORDER BY place + 0 DESC) AS found
                JOIN queries ON queries.place = found.place
                """,
            condition: "TRUE", place: "found.place", parameters: [Self.array(tokens), Self.array(long)])
    }

    func problems(_ session: StoreSession) throws(StoreError) -> [String] {
        var problems: [String] = []
        for (of, without, what) in [
            ("queries", "query_texts", "rows of history are missing in the index of texts"),
            ("query_texts", "queries", "entries of the index of texts have no row of history"),
        ] {
            var row = try session.first(
                """
                SELECT count(*) FROM \(of) a
                WHERE a.place IS NOT NULL AND NOT EXISTS (SELECT 1 FROM \(without) b WHERE b.place = a.place)
                """)
            if let count = try row?.integer(), count != 0 { problems.append("\(count) \(what)") }
        }
        return problems
    }

    private static func array(_ tokens: [Int32]) -> Parameter {
        .text("{" + tokens.map(String.init).joined(separator: ",") + "}")
    }
}
