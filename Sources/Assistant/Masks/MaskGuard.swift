public import Databases

/// Keeps statements of a model from showing a masked column under another name.
///
/// A result says what its columns are called, not where they are from: `SELECT email AS e`, `SELECT x.b FROM customers AS x (a, b)` and
/// `SELECT row_to_json(c) FROM customers c` all give it away. So a statement that names a relation with a masked column must
/// name the columns that it takes, and not that one; what could be the whole row, by whatever word, is refused. It looks at words alone, in
/// strings and comments too, and so refuses some statements that would show nothing.
public struct MaskGuard: Sendable {
    /// A relation that has a masked column, or shows one that has.
    private struct Masked: Sendable {
        var name: String
        /// Those that may not be named; nil: any may be one under another name.
        var columns: [String]?
    }

    private let masked: [Masked]

    /// What shows values of columns without naming them.
    private static let statistics = [
        "pg_stats", "pg_statistic", "pg_stats_ext", "pg_stats_ext_exprs", "pg_statistic_ext_data", "sqlite_stat4", "sqlite_stat3",
        "column_stats",
    ]

    public init(_ columns: MaskedColumns, in catalogue: Catalogue) {
        guard !columns.isEmpty else {
            masked = []
            return
        }
        var masked: [Masked] = []
        for relation in catalogue.relations where !relation.isSystem {
            let hidden = relation.columns.map(\.name).filter {
                columns.contains(schema: relation.schema, table: relation.name, column: $0)
            }
            if !hidden.isEmpty { masked.append(Masked(name: relation.name, columns: hidden)) }
        }
        let tables = masked.map(\.name)
        for relation in catalogue.relations where relation.kind == .view || relation.kind == .materializedView {
            guard !masked.contains(where: { $0.name == relation.name }) else { continue }
            // Where a view's definition cannot be read it may show anything.
            let words = relation.definition.map(StatementWords.init)
            if words.map({ words in tables.contains(where: words.has) }) ?? !tables.isEmpty {
                masked.append(Masked(name: relation.name, columns: nil))
            }
        }
        self.masked = masked
    }

    /// Why a statement may not run for a model; nil if it may. A sentence for the model.
    public func refusal(_ sql: String) -> String? {
        guard !masked.isEmpty else { return nil }
        let words = StatementWords(sql)
        if let name = Self.statistics.first(where: words.has) { return "\(name) shows values of masked columns; do not use it." }
        if sql.lowercased().contains("u&\"") { return "Write names without U&, so that masked columns can be told." }
        if sql.contains("/*!") || sql.lowercased().contains("/*m!") { return "Write the statement without executable comments." }
        let touched = masked.filter { words.has($0.name) }
        guard !touched.isEmpty else { return nil }
        for relation in touched {
            guard let columns = relation.columns else {
                return "The view \(relation.name) may show masked columns; use tables, and name the columns that you need."
            }
            if let column = columns.first(where: words.has) {
                return "The column \(column) of \(relation.name) is masked; write the statement without it."
            }
        }
        if takesEverything(words) {
            return "A table in the statement has masked columns: name the columns that you need instead of *."
        }
        for relation in touched {
            if let reason = wholeRow(of: relation.name, words) { return reason }
        }
        return nil
    }

    /// Whether a `*` stands for columns, and not for a product or `count(*)`.
    private func takesEverything(_ words: StatementWords) -> Bool {
        words.tokens.indices.contains { index in
            guard words.isSign(index, "*") else { return false }
            switch words[index - 1] {
            case nil: return true
            case .sign("("): return words.word(index - 2) != "count"
            case .sign("/"): return false
            case .sign(let sign): return sign == "." || sign == ","
            case .word(let word):
                return ["select", "distinct", "all", "returning", "distinctrow"].contains(word) && !words.isSign(index + 1, "/")
            }
        }
    }

    private static let before: Set<String> = ["from", "join", "only", "lateral", "straight_join"]
    private static let notAliases: Set<String> = [
        "where", "on", "using", "group", "order", "limit", "offset", "having", "join", "left", "right", "inner", "outer", "full",
        "cross", "natural", "union", "except", "intersect", "window", "fetch", "for", "tablesample", "set", "as", "straight_join",
        "use", "force", "ignore", "partition", "indexed", "not", "and", "or",
    ]

    /// Whether a relation, or the name it goes by, stands where it could be its whole row or have its columns renamed.
    private func wholeRow(of name: String, _ words: StatementWords) -> String? {
        let problem = "Take \(name) by FROM or JOIN, and write each of its columns with a dot, as in \(name).id."
        var aliases: [String] = []
        var taken: Set<Int> = []
        for place in words.places(of: name) {
            let (first, next) = (place.lowerBound, place.upperBound)
            if words.isSign(next, ".") { continue }
            // schema.name
            let start = words.isSign(first - 1, ".") ? first - 2 : first
            guard let word = words.word(start - 1), Self.before.contains(word) else { return problem }
            var after = next
            if words.word(after) == "as" { after += 1 }
            if let alias = words.word(after), !Self.notAliases.contains(alias) {
                aliases.append(alias)
                taken.insert(after)
                after += 1
            }
            if words.isSign(after, "("), words.word(after - 1) != "using", words.word(after - 1) != "partition" { return problem }
        }
        for (index, token) in words.tokens.enumerated() {
            guard case .word(let word) = token, aliases.contains(word), !taken.contains(index) else { continue }
            if !words.isSign(index + 1, "."), !words.isSign(index - 1, ".") { return problem }
        }
        return nil
    }
}
