internal import Databases

/// SQLite's full-text search with a token for every three characters, so that any part of a text is found. https://sqlite.org/fts5.html
///
/// It keeps neither the texts nor the places of the tokens in them, which makes it about as large as the texts. Whose a query is and
/// how it ended are tokens too, of characters that nothing else uses: a search then goes through the rows that fit, newest first, and
/// not through everybody's.
struct SQLiteTextIndex: TextIndex {
    let step = 2
    let isInOrder = true
    let schema = """
        CREATE VIRTUAL TABLE query_texts USING fts5(
            t_user, t_project, t_status, t_mode, t_source, t_text, t_error,
            content = '', columnsize = 0, detail = none, tokenize = 'trigram')
        """

    /// Of a long search text so many groups of three are asked for; the rest is looked at in the rows.
    private static let tokensMax = 6
    private static let long = token(UInt32(0xF8F0))

    func add(_ session: StoreSession, _ documents: [SearchDocument]) throws(StoreError) {
        try session.rows(
            """
            INSERT INTO query_texts (rowid, t_user, t_project, t_status, t_mode, t_source, t_text, t_error)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """, forEach: documents.map(values))
    }

    func remove(_ session: StoreSession, _ documents: [SearchDocument]) throws(StoreError) {
        try session.rows(
            """
            INSERT INTO query_texts (query_texts, rowid, t_user, t_project, t_status, t_mode, t_source, t_text, t_error)
            VALUES ('delete', $1, $2, $3, $4, $5, $6, $7, $8)
            """, forEach: documents.map(values))
    }

    /// It knows itself whether it is whole, but not what it holds.
    func problems(_ session: StoreSession) -> [String] { [] }

    private func values(_ document: SearchDocument) -> [Parameter] {
        [
            .integer(document.place), .text(Self.token(id: document.userID)), .text(Self.token(id: document.projectID)),
            .text(Self.token(document.status)), .text(Self.token(document.mode)), .text(Self.token(document.source)),
            .text(Self.indexed(document.text)), .text(Self.indexed(document.error)),
        ]
    }

    private static func indexed(_ text: String) -> String {
        guard text.utf8.count <= SearchDocument.textBytesMax else { return long }
        return text.utf8.contains(0) ? Folding.folded(text) : text
    }

    func candidates(_ terms: SearchTerms, parameter: Int) -> TextCandidates? {
        let texts = [Self.tokens(terms.text), Self.tokens(terms.error)].filter { !$0.isEmpty }
        guard !texts.isEmpty else { return nil }
        var words = [Self.token(id: terms.userID)]
        if let projectID = terms.projectID { words.append(Self.token(id: projectID)) }
        if let status = terms.status { words.append(Self.token(status)) }
        if let mode = terms.mode { words.append(Self.token(mode)) }
        if let source = terms.source { words.append(Self.token(source)) }
        var all = words.map(Self.quoted)
        for tokens in texts {
            all.append("((\(tokens.map(Self.quoted).joined(separator: " AND "))) OR \(Self.quoted(Self.long)))")
        }
        return TextCandidates(
            from: "query_texts CROSS JOIN queries ON queries.place = query_texts.rowid",
            condition: "query_texts MATCH $\(parameter)",
            place: "query_texts.rowid", parameters: [.text(all.joined(separator: " AND "))])
    }

    private static func quoted(_ token: String) -> String {
        "\"" + token.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// The groups of three characters of a search text, at most ``tokensMax`` of them, spread over it.
    static func tokens(_ text: String) -> [String] {
        let scalars = Array(text.unicodeScalars)
        var tokens: [String] = []
        for start in TextGroups.starts(count: scalars.count, max: tokensMax) {
            let token = String(String.UnicodeScalarView(scalars[start..<(start + 3)]))
            if !tokens.contains(token) { tokens.append(token) }
        }
        return tokens
    }

    // MARK: Tokens for what is no text, of the private use area U+E000 to U+F8FF

    /// The last six hexadecimal digits of an id, which are random, as three characters.
    private static func token(id: String) -> String {
        let digits = id.utf8.suffix(6).map { UInt32($0 & 0x3F) }
        guard digits.count == 6 else { return token(0xF8E0) }
        var scalars = String.UnicodeScalarView()
        for pair in stride(from: 0, to: 6, by: 2) {
            if let scalar = Unicode.Scalar(0xE000 + digits[pair] << 6 + digits[pair + 1]) { scalars.append(scalar) }
        }
        return String(scalars)
    }

    private static func token(_ code: UInt32) -> String {
        let one = String(Character(Unicode.Scalar(code) ?? "\u{F8FF}"))
        return one + one + one
    }

    private static func token(_ status: QueryStatus) -> String {
        switch status {
        case .running: token(0xF800)
        case .success: token(0xF801)
        case .error: token(0xF802)
        case .cancelled: token(0xF803)
        }
    }

    private static func token(_ mode: AccessMode) -> String { mode == .read ? token(0xF810) : token(0xF811) }

    private static func token(_ source: QuerySource) -> String {
        switch source {
        case .editor: token(0xF820)
        case .script: token(0xF821)
        case .chat: token(0xF822)
        }
    }
}
