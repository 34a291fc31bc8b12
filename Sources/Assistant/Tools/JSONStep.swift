public import Protocol

/// One step of a model without tool calling: it writes one JSON object that names a tool or gives the answer.
public enum JSONStep: Sendable, Equatable {
    /// The turn ends with this text.
    case answer(String)
    /// A tool is to be called; `text` is what the model says about it, often nothing.
    case call(AssistantToolCall, text: String)

    /// The longest reply that is looked at.
    public static let replyBytesMax = 256 * 1024

    /// JSON Schema of a step with one of these tools, for `response_format`.
    ///
    /// Which arguments belong to which tool is left to ``parse(_:)``: servers turn a schema into a grammar, and one for each tool
    /// is more than small ones take.
    public static func schema(_ tools: [AssistantTool]) -> JSONText {
        var writer = JSONWriter()
        writer.raw(#"{"type":"object","properties":{"tool":{"type":"string","enum":"#)
        writer.array(tools.map(\.name) + ["answer"]) { writer, name in writer.string(name) }
        writer.raw(#"},"arguments":{"type":"object"},"text":{"type":"string"}},"required":["tool","arguments","text"],"#)
        writer.raw(#""additionalProperties":false}"#)
        return writer.take()
    }

    /// How to write a step, for the system prompt: the form and the tools with their arguments.
    public static func instructions(_ tools: [AssistantTool]) -> String {
        let tools = tools.map { "- \($0.name) \(ToolArguments.form($0)): \($0.description)" }
        return """
            Reply with one JSON object and nothing else, in one of these two forms:
            {"tool": "run_query", "arguments": {"sql": "SELECT ..."}, "text": ""}
            {"tool": "answer", "arguments": {}, "text": "the answer for the user"}
            The tools:
            \(tools.joined(separator: "\n"))
            """
    }

    /// Whether a reply is nothing but a call as model servers write it: `{"name": …, "arguments": …}`, fenced or not.
    public static func isBareCall(_ reply: String) -> Bool {
        guard reply.utf8.count <= replyBytesMax, let object = StepObject.find(in: reply) else { return false }
        return AssistantTool.allCases.contains {
            object.contains("\"name\": \"\($0.name)\"") || object.contains("\"name\":\"\($0.name)\"")
        }
    }

    /// Reads one step, strictly. Around the object only white space, one fenced code block and a `<think>` part before it may stand.
    public static func parse(_ reply: String) throws(ToolArgumentError) -> JSONStep {
        guard reply.utf8.count <= replyBytesMax else {
            throw ToolArgumentError(
                "The reply is \(reply.utf8.count) bytes; at most \(replyBytesMax) are read. Reply with one JSON object.")
        }
        guard let object = StepObject.find(in: reply) else {
            throw ToolArgumentError("The reply is not one JSON object. Reply with \(StepObject.form) and nothing else.")
        }
        let step = try StepObject(object)
        guard step.tool != "answer" else {
            guard !step.text.utf8.allSatisfy({ $0 <= 0x20 }) else {
                throw ToolArgumentError("\"text\" is empty; with the tool \"answer\" it must hold the answer for the user.")
            }
            return .answer(step.text)
        }
        return .call(try AssistantTool.decode(name: step.tool, arguments: step.arguments), text: step.text)
    }
}
