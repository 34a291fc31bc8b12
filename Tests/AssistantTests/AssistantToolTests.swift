import Assistant
import Protocol
import Testing

@Suite struct AssistantToolTests {
    static let good: [(String, String, AssistantToolCall)] = [
        ("list_tables", "", .listTables(.init())),
        ("list_tables", "  \n", .listTables(.init())),
        ("list_tables", "{}", .listTables(.init())),
        ("list_tables", #"{"kind":"view","schema":null,"matching":"ord"}"#, .listTables(.init(matching: "ord", kind: .view))),
        ("describe_table", #"{"table":"public.\"Order\""}"#, .describeTable(table: "public.\"Order\"")),
        ("search_schema", #"{"query":"money"}"#, .searchSchema(query: "money")),
        ("relations", #"{"table":"a"}"#, .relations(table: "a", to: nil)),
        ("relations", #"{"to":"b","table":"a"}"#, .relations(table: "a", to: "b")),
        ("explain", #"{"sql":"SELECT 1"}"#, .explain(sql: "SELECT 1")),
        ("run_query", #"{"sql":"SELECT 1","max_rows":2e2}"#, .runQuery(sql: "SELECT 1", maxRows: 200)),
        ("summarize_result", #"{"result":"r1","columns":["a","b"]}"#, .summarizeResult(result: "r1", columns: ["a", "b"])),
        ("propose_statement", #"{"sql":"DELETE FROM t","reason":"old"}"#, .proposeStatement(sql: "DELETE FROM t", reason: "old")),
    ]

    @Test(arguments: good) func aGoodCallIsDecoded(_ name: String, _ arguments: String, _ call: AssistantToolCall) throws {
        let decoded = try AssistantTool.decode(name: name, arguments: arguments)
        #expect(decoded == call)
        #expect(decoded.tool.name == name)
    }

    /// Each with words that its error must have.
    static let bad: [(String, String, String)] = [
        ("drop_table", "{}", "the tools are run_query"),
        ("Run_Query", "{}", "There is no tool"),
        ("run_query", "", #"needs "sql", a string"#),
        ("run_query", "{}", #"{"sql": string, "max_rows"?: integer}"#),
        ("run_query", #"{"sql":1}"#, #""sql" of run_query must be a string"#),
        ("run_query", #"{"sql":null}"#, "must be a string"),
        ("run_query", #"{"sql":"  "}"#, "may not be empty"),
        ("run_query", #"{"sql":"SELECT 1","mode":"write"}"#, #"no argument "mode""#),
        ("run_query", #"{"sql":"SELECT 1","max_rows":201}"#, "an integer from 1 to 200"),
        ("run_query", #"{"sql":"SELECT 1","max_rows":"5"}"#, "an integer"),
        ("run_query", #"{"sql":"a","sql":"b"}"#, "a key that this object already has"),
        ("run_query", #"{"sql":"a"} {}"#, "are not JSON"),
        ("run_query", #"{"sql":"a""#, "at byte"),
        ("run_query", #"["a"]"#, "must be an object"),
        ("run_query", "SELECT 1", "are not JSON"),
        ("list_tables", #"{"kind":"index"}"#, #"one of "all", "table", "view""#),
        ("summarize_result", #"{"result":"r1","columns":["a",1]}"#, "an array of strings"),
        ("summarize_result", #"{"result":"r1","columns":"a"}"#, "an array of strings"),
        ("propose_statement", #"{"sql":"DELETE FROM t"}"#, #"needs "reason""#),
        ("explain", #"{"sql":[[[[[[[[[1]]]]]]]]]}"#, "nesting deeper"),
    ]

    @Test(arguments: bad) func aBadCallSaysWhatIsRight(_ name: String, _ arguments: String, _ part: String) {
        let error = #expect(throws: ToolArgumentError.self) { try AssistantTool.decode(name: name, arguments: arguments) }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        #expect(error.map { !$0.message.contains("\n") } == true)
    }

    @Test func longArgumentsAreRefusedUnread() {
        let sql = String(repeating: "x", count: AssistantLimits.argumentBytes)
        let error = #expect(throws: ToolArgumentError.self) {
            try AssistantTool.decode(name: "explain", arguments: #"{"sql":"\#(sql)"}"#)
        }
        #expect(error.map { $0.message.utf8.count < 200 } == true)
        let name = String(repeating: "n", count: 1_000_000)
        let unknown = #expect(throws: ToolArgumentError.self) { try AssistantTool.decode(name: name, arguments: "") }
        #expect(unknown.map { $0.message.utf8.count < 400 } == true)
    }

    @Test func definitionsAreJSON() throws {
        try AssistantTool.definitions().withUnsafeBytes { try JSONScanner.check($0) }
        try JSONStep.schema(AssistantTool.allCases).withUnsafeBytes { try JSONScanner.check($0) }
        #expect(AssistantTool.definitions().string.hasPrefix(#"[{"type":"function","function":{"name":"run_query""#))
        for tool in AssistantTool.allCases { #expect(tool.parameters.string.hasSuffix(#""additionalProperties":false}"#)) }
    }

    @Test func noToolWrites() {
        let names = Set(AssistantTool.allCases.map(\.name))
        #expect(
            names == [
                "list_tables", "describe_table", "search_schema", "relations", "explain", "run_query", "summarize_result",
                "propose_statement",
            ])
    }
}

@Suite struct JSONStepTests {
    static let object = #"{"tool":"run_query","arguments":{"sql":"SELECT 1"},"text":"look"}"#

    @Test(arguments: [
        object, "  \(object)\n", "```json\n\(object)\n```", "```\n\(object)\n```", "Here it is:\n```json\n\(object)\n```\nDone.",
        "<think>maybe {}</think>\n\(object)", "```\(object)```",
    ]) func aStepIsRead(_ reply: String) throws {
        #expect(try JSONStep.parse(reply) == .call(.runQuery(sql: "SELECT 1", maxRows: nil), text: "look"))
    }

    @Test func anAnswerIsRead() throws {
        #expect(try JSONStep.parse(#"{"tool":"answer","text":"42"}"#) == .answer("42"))
        #expect(try JSONStep.parse(#"{"tool":"answer","arguments":null,"text":"42"}"#) == .answer("42"))
    }

    @Test(arguments: [
        "", "42", "The answer is 42", "\(object)\(object)", "```json\n\(object)\n```\n```json\n\(object)\n```", "[\(object)]",
        #"{"tool":"answer","text":""}"#, #"{"text":"x"}"#, #"{"tool":"run_query","arguments":"{}","text":""}"#,
        #"{"tool":"answer","text":"x","more":1}"#, #"{"tool":1}"#, #"{"tool":"delete","arguments":{}}"#, "{\"tool\":\"answer\"",
    ]) func anythingElseIsRefused(_ reply: String) {
        let error = #expect(throws: ToolArgumentError.self) { try JSONStep.parse(reply) }
        #expect(error.map { !$0.message.isEmpty } == true)
    }
}
