/// Columns whose values a model must not see.
public struct MaskedColumns: Sendable, Equatable {
    private let names: Set<String>

    /// What stands for a masked value.
    public static let mark = "[masked]"

    /// - Parameter names: `column`, `table.column` or `schema.table.column`, in any case.
    public init(_ names: Set<String> = []) { self.names = Set(names.map { $0.lowercased() }) }

    public var isEmpty: Bool { names.isEmpty }

    /// Whether a column is masked. Names are compared without regard to case, so that no spelling gets by.
    public func contains(schema: String, table: String, column: String) -> Bool {
        guard !names.isEmpty else { return false }
        let (table, column) = (table.lowercased(), column.lowercased())
        return names.contains(column) || names.contains("\(table).\(column)")
            || names.contains("\(schema.lowercased()).\(table).\(column)")
    }

    /// Whether any column of this name is masked, in whatever table: for a result, whose columns do not tell where they are from.
    public func contains(column: String) -> Bool {
        guard !names.isEmpty else { return false }
        let column = column.lowercased()
        return names.contains { $0 == column || $0.hasSuffix(".\(column)") }
    }

    /// The masked columns that a statement names, as it spells them: a model has no business with them.
    ///
    /// Found by their letters, so that a value or an alias that is spelt so counts too, and a name in `U&"…"` counts whatever it is. A
    /// statement may reach a masked column without naming it, by `*` or by a whole row: cells are still to be masked by where
    /// they come from, which only the database knows.
    public func mentioned(in sql: String) -> [String] {
        guard !names.isEmpty else { return [] }
        var seen: Set<String> = []
        var found: [String] = []
        for name in SpeltNames.all(of: sql) {
            for part in SQLName.parts(name) where contains(column: part) && seen.insert(part.lowercased()).inserted {
                found.append(part)
            }
        }
        if sql.lowercased().contains("u&\"") { found.append("U&\"") }
        return found
    }
}
