/// A tool call whose arguments have been checked.
public enum AssistantToolCall: Sendable, Hashable {
    case listTables(ListTables)
    /// A relation's name as the model wrote it.
    case describeTable(table: String)
    case searchSchema(query: String)
    /// What one table is joined to; the way to `to` if that is given.
    case relations(table: String, to: String?)
    case explain(sql: String)
    /// `maxRows` is from 1 to ``AssistantLimits/promptRows``.
    case runQuery(sql: String, maxRows: Int?)
    /// Of an earlier result; all columns where none are named.
    case summarizeResult(result: String, columns: [String])
    case proposeStatement(sql: String, reason: String)

    public struct ListTables: Sendable, Hashable {
        public enum Kind: String, Sendable { case all, table, view }
        public var schema: String?
        public var matching: String?
        public var kind: Kind

        public init(schema: String? = nil, matching: String? = nil, kind: Kind = .all) {
            self.schema = schema
            self.matching = matching
            self.kind = kind
        }
    }

    /// The tool that is called.
    public var tool: AssistantTool {
        switch self {
        case .listTables: .listTables
        case .describeTable: .describeTable
        case .searchSchema: .searchSchema
        case .relations: .relations
        case .explain: .explain
        case .runQuery: .runQuery
        case .summarizeResult: .summarizeResult
        case .proposeStatement: .proposeStatement
        }
    }

    /// The SQL it carries, if any: for the record of the call.
    public var sql: String? {
        switch self {
        case .explain(let sql), .runQuery(let sql, _), .proposeStatement(let sql, _): sql
        case .listTables, .describeTable, .searchSchema, .relations, .summarizeResult: nil
        }
    }
}

/// Why a tool call cannot be carried out as it is.
public struct ToolArgumentError: Error, Sendable, Equatable {
    /// One sentence for the model that says what is right. What it quotes of the call is cut short.
    public var message: String

    public init(_ message: String) { self.message = message }
}
