internal import Databases

/// An index of the texts of history, as the engine has one. It may find too much, never too little: what it finds is looked at
/// again.
///
/// A query is put in once it has ended, with others, some time after its row: until then its `place` is NULL. What is written
/// there in one step is cheap; a step a query would cost more than the row itself.
protocol TextIndex: Sendable {
    /// The step of the migrations that makes it.
    var step: Int { get }
    /// What makes it, empty.
    var schema: String { get }
    /// Whether it gives the newest places first without going through the others.
    var isInOrder: Bool { get }
    func add(_ session: StoreSession, _ documents: [SearchDocument]) throws(StoreError)
    /// Takes out exactly what ``add(_:_:)`` put in.
    func remove(_ session: StoreSession, _ documents: [SearchDocument]) throws(StoreError)
    /// How queries that may match are found; nil where the index is of no use and every query must be looked at.
    ///
    /// - Parameter parameter: the number of the first placeholder it may use.
    func candidates(_ terms: SearchTerms, parameter: Int) -> TextCandidates?
    /// Where it and the rows do not agree, as far as that can be seen from outside.
    func problems(_ session: StoreSession) throws(StoreError) -> [String]
}

/// A FROM clause that begins with the index and ends with `queries`, its condition, and how it gives the newest places first.
struct TextCandidates {
    var from: String
    var condition: String
    var place: String
    var parameters: [Parameter]
}

/// A query as the index has it: immutable once it has ended.
struct SearchDocument {
    /// A longer text is a candidate for every search: to take it apart would hold up other writes.
    static let textBytesMax = 32_768

    var place: Int64
    var userID: String
    var projectID: String
    var status: QueryStatus
    var mode: AccessMode
    var source: QuerySource
    var text: String
    var error: String
}

extension SearchDocument {
    /// The columns that ``init(_:place:)`` reads.
    static let columns = "user_id, project_id, status, mode, source, coalesce(folded, query), coalesce(error, '')"

    init(_ row: inout Row, place: Int64) throws(StoreError) {
        self.place = place
        userID = try row.text()
        projectID = try row.text()
        status = try row.word(QueryStatus.self)
        mode = try row.word(AccessMode.self)
        source = try row.word(QuerySource.self)
        text = try row.text()
        error = try row.text()
    }
}

/// What a search is for.
struct SearchTerms {
    var userID: String
    var projectID: String?
    var status: QueryStatus?
    var mode: AccessMode?
    var source: QuerySource?
    /// As it occurs in the folded texts; empty for none.
    var text: String
    var error: String
}

/// Texts as they are compared.
enum Folding {
    /// In lower case. NUL, which ends a text for some of the engines' functions, becomes a character that means "not a character".
    static func folded(_ text: String) -> String {
        let lower = text.lowercased()
        guard lower.utf8.contains(0) else { return lower }
        return String(String.UnicodeScalarView(lower.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }))
    }

    /// The same of ASCII only: what both engines' `lower` does.
    static func foldedASCII(_ text: String) -> String {
        String(decoding: text.utf8.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    /// What is kept of a statement and its label to search in; nil where `lower(query)` is the same.
    static func kept(sql: String, label: String?) -> String? {
        if label == nil, sql.utf8.allSatisfy({ 0 < $0 && $0 < 0x80 }) { return nil }
        return folded((label.map { $0 + "\n" } ?? "") + sql)
    }
}
