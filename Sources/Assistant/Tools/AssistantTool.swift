public import Protocol

/// What a model may ask for. None of them writes: ``proposeStatement`` only asks a person.
public enum AssistantTool: String, Sendable, CaseIterable {
    // What answers most questions first: models look at the beginning of a list more than at its end.
    case runQuery = "run_query"
    case proposeStatement = "propose_statement"
    case describeTable = "describe_table"
    case searchSchema = "search_schema"
    case listTables = "list_tables"
    case relations
    case explain
    case summarizeResult = "summarize_result"

    /// The name that the model calls it by.
    public var name: String { rawValue }

    /// What it does and when to use it, for the model.
    public var description: String {
        switch self {
        case .listTables: "Lists the database's tables and views by name, with their estimated rows."
        case .describeTable: "Shows one table or view: columns, types, keys, indexes, foreign keys, comments."
        case .searchSchema: "Finds tables and columns by words in their names and comments. Use it before guessing a name."
        case .relations: "Shows how a table is joined to others by foreign keys, or the shortest way from it to another table."
        case .explain: "Shows the database's plan for one statement without running it. Also checks that the statement is valid."
        case .runQuery: "Runs one SELECT that only reads, and shows its first rows. Statements that write are refused."
        case .summarizeResult:
            "Shows figures of each column of a result of run_query: nulls, distinct values, least, greatest, mean, most frequent."
        case .proposeStatement:
            "Puts one statement that writes before a person, who may approve it. It does not run it. Say in reason what it does."
        }
    }

    /// Whether it shows nothing but the schema.
    public var isLookup: Bool {
        switch self {
        case .listTables, .describeTable, .searchSchema, .relations: true
        case .explain, .runQuery, .summarizeResult, .proposeStatement: false
        }
    }

    /// The arguments it takes.
    var members: [ToolMember] {
        switch self {
        case .listTables:
            [
                ToolMember("schema", .string, "Only of this schema."),
                ToolMember("matching", .string, "Only names that contain this."),
                ToolMember("kind", .choice(["all", "table", "view"]), "Only tables or only views; all if left out."),
            ]
        case .describeTable:
            [ToolMember("table", .string, "Its name, with the schema before a dot if it needs one.", isRequired: true)]
        case .searchSchema: [ToolMember("query", .string, "The words to look for.", isRequired: true)]
        case .relations:
            [
                ToolMember("table", .string, "The table to start from.", isRequired: true),
                ToolMember("to", .string, "The table to get to."),
            ]
        case .explain: [ToolMember("sql", .string, "One statement, without a semicolon.", isRequired: true)]
        case .runQuery:
            [
                ToolMember("sql", .string, "One SELECT, without a semicolon.", isRequired: true),
                ToolMember(
                    "max_rows", .integer(1...AssistantLimits.promptRows),
                    "How many rows to show at most; all up to the limit if left out."),
            ]
        case .summarizeResult:
            [
                ToolMember("result", .string, "The result's id, as run_query gave it.", isRequired: true),
                ToolMember("columns", .strings, "Only these columns."),
            ]
        case .proposeStatement:
            [
                ToolMember("sql", .string, "One statement, without a semicolon.", isRequired: true),
                ToolMember("reason", .string, "One sentence for the person: what it changes and why.", isRequired: true),
            ]
        }
    }

    /// JSON Schema of its arguments: an object without further members.
    public var parameters: JSONText { ToolSchema.object(members) }

    /// Its entry in the list `tools` of a request in OpenAI's form.
    public var definition: JSONText {
        var writer = JSONWriter()
        writer.raw(#"{"type":"function","function":{"name":"#)
        writer.string(name)
        writer.raw(#","description":"#)
        writer.string(description)
        writer.raw(#","parameters":"#)
        parameters.encode(to: &writer)
        writer.raw("}}")
        return writer.take()
    }

    /// The list `tools` of a request, in the order of the cases.
    public static func definitions(_ tools: [AssistantTool] = allCases) -> JSONText {
        var writer = JSONWriter(capacity: 4096)
        writer.array(tools) { writer, tool in tool.definition.encode(to: &writer) }
        return writer.take()
    }
}

/// Limits of what goes into a prompt and comes out of a model.
public enum AssistantLimits {
    /// Rows of one result that a model sees at most.
    public static let promptRows = 200
    /// Bytes of one result that a model sees at most.
    public static let promptBytes = 64 * 1024
    /// Arguments of one tool call longer than this are refused unread.
    public static let argumentBytes = 64 * 1024
    /// Bytes of one cell that a model sees at most.
    public static let cellBytes = 1024
}
