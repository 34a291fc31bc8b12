/// A question and the statement that a person confirmed to answer it.
public struct ExampleRecord: Sendable, Equatable {
    public var id: String
    public var projectID: String
    public var question: String
    public var sql: String
    /// When it was confirmed, the last time.
    public var createdAtMs: Int64

    static let columns = "id, project_id, question, statement, created_at"

    init(_ row: inout Row) throws(StoreError) {
        id = try row.text()
        projectID = try row.text()
        question = try row.text()
        sql = try row.text()
        createdAtMs = try row.integer()
    }

    /// What two spellings of one question have in common: in lower case, spaces counted once, without the mark at its end.
    ///
    /// A long one ends in a fingerprint, since PostgreSQL indexes no text beyond 2,700 bytes.
    static func key(_ question: String) -> String {
        let folded = Folding.folded(question)
        let words = folded.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let end = words.lastIndex { !"?!. ".contains($0) }
        let key = end.map { String(words[...$0]) } ?? words
        guard key.utf8.count > keyBytesMax else { return key }
        let fingerprint = key.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return String(key.unicodeScalars.prefix(keyBytesMax / 4)) + "#" + String(fingerprint, radix: 16)
    }

    private static let keyBytesMax = 1_024
}
