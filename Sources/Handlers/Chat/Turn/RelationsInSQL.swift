import Assistant
import Databases

/// Which relations a statement names, as far as words tell: for a person to read, and for no rule.
enum RelationsInSQL {
    private static let max = 20

    static func find(_ sql: String, _ catalogue: Catalogue) -> [String] {
        let words = StatementWords(sql)
        return catalogue.relations.filter { !$0.isSystem && words.has($0.name) }.prefix(max).map { "\($0.schema).\($0.name)" }
    }
}
