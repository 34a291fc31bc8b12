/// Statements in a model's Markdown.
enum SQLBlocks {
    /// The content of each fenced block that says it is SQL, without the semicolon at its end; in order, none twice.
    static func find(in text: String) -> [String] {
        var blocks: [String] = []
        var lines: [Substring] = []
        var isIn = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let word = line.drop { $0 == " " }
            if word.hasPrefix("```") {
                if isIn {
                    let sql = trimmed(lines.joined(separator: "\n"))
                    if !sql.isEmpty, !blocks.contains(sql) { blocks.append(sql) }
                    lines = []
                    isIn = false
                } else {
                    isIn = languages.contains(word.dropFirst(3).lowercased().filter { $0.isLetter || $0.isNumber })
                }
            } else if isIn {
                lines.append(line)
            }
        }
        return blocks
    }

    private static let languages: Set<String> = ["sql", "postgresql", "postgres", "psql", "mysql", "mariadb", "sqlite"]

    /// A statement without white space around it and without the semicolons that end it.
    static func trimmed(_ sql: String) -> String {
        var sql = sql[...]
        while let last = sql.last, last.isWhitespace || last == ";" { sql.removeLast() }
        return String(sql.drop { $0.isWhitespace })
    }
}
