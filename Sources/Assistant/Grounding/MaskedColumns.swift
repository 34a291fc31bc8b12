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
}
