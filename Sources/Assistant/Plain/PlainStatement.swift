import Databases

/// A statement that a message has, alone or with words about it.
struct PlainStatement {
    var sql: String
    /// Whether the words ask what it does rather than for its rows.
    var isToExplain: Bool

    private static let objects: Set<String> = [
        "table", "view", "index", "schema", "database", "function", "trigger", "sequence", "user", "role", "unique", "or",
        "materialized", "temporary", "temp", "type", "extension",
    ]
    private static let runners: Set<String> = ["run", "execute", "exec", "evaluate"]
    /// So far into a message a statement may begin.
    private static let wordsBefore = 14

    init?(in message: String, _ engine: Databases.DatabaseType) {
        guard message.utf8.count <= 1 << 20 else { return nil }
        let parts = message.split(separator: "```", maxSplits: 2, omittingEmptySubsequences: false)
        if parts.count >= 2 {
            var inside = parts[1]
            if let line = inside.firstIndex(where: \.isNewline), !inside[..<line].contains(" ") {
                inside = inside[inside.index(after: line)...]
            }
            guard let sql = Self.statement(inside) else { return nil }
            self.init(sql: sql, about: String(parts[0]) + " " + (parts.count > 2 ? String(parts[2]) : ""))
            return
        }
        guard let (start, end) = Self.find(message), let sql = Self.statement(message[start..<end]) else { return nil }
        let about = String(message[..<start]) + " " + String(message[end...])
        self.init(sql: sql, about: about)
    }

    private init(sql: String, about: String) {
        let words = Words.of(about)
        let explained = Self.withoutExplain(sql)
        self.sql = explained ?? sql
        isToExplain =
            explained != nil || (!words.isEmpty && !words.contains(where: Self.runners.contains)) || words.contains("explain")
    }

    /// Where a statement begins among the first words, and ends: at the end, or where its quotes do.
    private static func find(_ message: String) -> (String.Index, String.Index)? {
        var index = message.startIndex
        var words = 0
        while index < message.endIndex, words <= wordsBefore {
            guard message[index].isLetter else {
                index = message.index(after: index)
                continue
            }
            if looksLikeSQL(message[index...]) {
                if index > message.startIndex {
                    let quote = message[message.index(before: index)]
                    if quote == "`" || quote == "\"", let end = message[index...].lastIndex(of: quote) { return (index, end) }
                }
                return (index, message.endIndex)
            }
            while index < message.endIndex, message[index].isLetter || message[index].isNumber || message[index] == "_" {
                index = message.index(after: index)
            }
            words += 1
        }
        return nil
    }

    /// Whether text begins as a statement does, and not merely with a word that English has too.
    static func looksLikeSQL(_ text: Substring) -> Bool {
        let words = text.prefix(4_000).split(maxSplits: 6, whereSeparator: { $0.isWhitespace || $0 == "(" }).map {
            $0.lowercased()
        }
        guard let first = words.first else { return false }
        let second = words.count > 1 ? words[1] : ""
        let folded = text.prefix(4_000).lowercased()
        switch first {
        case "select":
            let isList = second.first.map { !$0.isLetter || second.contains(",") || second.contains(".") } ?? false
            return isList || text.dropFirst(6).first == "(" || hasWord("from", folded) || (second == "distinct")
        case "with": return folded.contains("select") && hasWord("as", folded) && folded.contains("(")
        case "values": return folded.dropFirst(6).drop(while: \.isWhitespace).first == "("
        case "insert", "replace", "merge": return second == "into" || (first == "insert" && second == "ignore")
        case "update": return hasWord("set", folded)
        case "delete": return second == "from"
        case "create", "drop", "alter": return objects.contains(second)
        case "truncate": return words.count == 2 || second == "table"
        case "explain": return withoutExplain(String(text)) != nil
        case "pragma", "grant", "revoke", "vacuum": return words.count > 1
        default: return false
        }
    }

    private static func hasWord(_ word: String, _ folded: String) -> Bool {
        folded.split(whereSeparator: { $0.isWhitespace || $0 == "(" || $0 == ")" }).contains { $0 == word }
    }

    /// The statement behind EXPLAIN and its options; nil without EXPLAIN.
    private static func withoutExplain(_ sql: String) -> String? {
        var rest = Substring(sql)
        guard rest.prefix(8).lowercased() == "explain " else { return nil }
        rest = rest.dropFirst(8).drop(while: \.isWhitespace)
        for option in ["query plan ", "analyze ", "verbose ", "format=json ", "extended "]
        where rest.prefix(option.count).lowercased() == option {
            rest = rest.dropFirst(option.count).drop(while: \.isWhitespace)
        }
        if rest.first == "(", let end = rest.firstIndex(of: ")"),
            looksLikeSQL(rest[rest.index(after: end)...].drop(while: \.isWhitespace))
        {
            rest = rest[rest.index(after: end)...].drop(while: \.isWhitespace)
        }
        // Once is enough: a text of nothing but EXPLAIN must not go deep.
        guard rest.prefix(7).lowercased() != "explain" else { return nil }
        return looksLikeSQL(rest) ? String(rest) : nil
    }

    /// Without blanks and semicolons around it; nil if it is no statement.
    private static func statement(_ text: Substring) -> String? {
        var text = text.drop(while: \.isWhitespace)
        while let last = text.last, last.isWhitespace || last == ";" { text = text.dropLast() }
        return looksLikeSQL(text) ? String(text) : nil
    }
}
