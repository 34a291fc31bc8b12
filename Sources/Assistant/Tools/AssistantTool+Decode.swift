extension AssistantTool {
    /// Checks a call as strictly as its schema says, before anything is done about it.
    ///
    /// No arguments at all, or white space, count as an empty object. An optional member may be null, which is as leaving it out:
    /// servers that enforce schemas make models write it so.
    ///
    /// - Parameters:
    ///   - name: the tool's name as the model wrote it.
    ///   - arguments: its arguments as the model wrote them: one JSON object of at most ``AssistantLimits/argumentBytes``.
    public static func decode(name: String, arguments: String) throws(ToolArgumentError) -> AssistantToolCall {
        guard let tool = AssistantTool(rawValue: name) else {
            let names = allCases.map(\.name).joined(separator: ", ")
            throw ToolArgumentError("There is no tool \(ToolArguments.shown(name)); the tools are \(names).")
        }
        return try tool.call(ToolArguments(tool: tool, text: arguments))
    }

    private func call(_ arguments: ToolArguments) throws(ToolArgumentError) -> AssistantToolCall {
        switch self {
        case .listTables:
            let kind = arguments.optional("kind").flatMap(AssistantToolCall.ListTables.Kind.init(rawValue:))
            return .listTables(
                .init(schema: arguments.optional("schema"), matching: arguments.optional("matching"), kind: kind ?? .all))
        case .describeTable: return .describeTable(table: try arguments.text("table"))
        case .searchSchema: return .searchSchema(query: try arguments.text("query"))
        case .relations: return .relations(table: try arguments.text("table"), to: arguments.optional("to"))
        case .explain: return .explain(sql: try arguments.text("sql"))
        case .runQuery: return .runQuery(sql: try arguments.text("sql"), maxRows: arguments.integer("max_rows"))
        case .summarizeResult:
            return .summarizeResult(result: try arguments.text("result"), columns: arguments.strings("columns"))
        case .proposeStatement:
            return .proposeStatement(sql: try arguments.text("sql"), reason: try arguments.text("reason"))
        }
    }
}
