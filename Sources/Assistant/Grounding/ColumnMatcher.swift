import Databases

/// Which columns of a relation have words of a question.
struct ColumnMatcher {
    private let stems: Set<String>

    init(_ stems: Set<String>) {
        var all = stems
        for stem in stems { all.formUnion(Synonyms.of(stem)) }
        self.stems = all
    }

    /// Places of the columns whose names, comments or labels have one of the words.
    func columns(of relation: CatalogueRelation) -> [Int] { relation.columns.indices.filter { matches(relation.columns[$0]) } }

    func matches(_ column: CatalogueColumn) -> Bool {
        if Words.stems(column.name).contains(where: stems.contains) { return true }
        if let comment = column.comment, Words.stems(String(comment.utf8Prefix(600))).contains(where: stems.contains) {
            return true
        }
        return column.labels?.prefix(32).contains { Words.stems(String($0.utf8Prefix(100))).contains(where: stems.contains) }
            ?? false
    }
}
