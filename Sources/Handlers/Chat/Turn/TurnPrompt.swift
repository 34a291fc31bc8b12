import Assistant
import Databases
import Models
import Protocol
import Security
import Store

/// What a model is given at the beginning of a turn, and what was chosen for it.
struct TurnPrompt: Sendable {
    var messages: [Models.ChatMessage]
    var tools: [AssistantTool]
    var relations: [String]
    var relationsOmitted: Int
    var maskedColumns: Int
    var examplesUsed: Int
    var messagesCompacted: Int
    /// What schema, examples and older messages may take.
    var budgetTokens: Int

    /// What this conversation needs.
    struct Request: Sendable {
        var question: String
        /// Older messages of the thread, the oldest first.
        var conversation: [ChatMessageRecord]
        /// Whether the model says each step as one JSON object.
        var isJSON: Bool
        /// The model's window and its longest reply.
        var contextTokens: Int
        var replyTokens: Int
    }

    /// Examples that a prompt has at most.
    private static let examplesMax = 3
    /// A schema of no more tokens is shown whole: nothing has to be looked up, nor be guessed.
    private static let wholeTokens = 1_500
    /// Statements of history that say what the user works with.
    private static let recentMax = 30

    /// What stands before the question where data does.
    private static let questionHeading = "The question:\n"

    init(_ request: Request, _ context: TurnContext) async throws {
        tools = AssistantTool.offered(in: context)
        // Added once there is a result that is not shown whole; what is offered before is called before.
        if !request.isJSON { tools.removeAll { $0 == .summarizeResult } }
        var system = SystemPrompt(
            mode: SystemPrompt.Mode(rawValue: context.mode.rawValue) ?? .answer, engine: context.engine,
            date: String(Timestamp.format(Timestamp.now()).prefix(10)), isReadOnly: context.project.isReadOnly,
            tools: request.isJSON ? .json(tools) : .native)
        // Half of the window is for what the tools answer and the model writes.
        let fixed = TokenEstimate.tokens(system.text) + TokenEstimate.tokens(request.question)
        let room = max(0, (request.contextTokens - request.replyTokens) / 2 - fixed)
        budgetTokens = room
        let boundary = Boundary()
        var data: [String] = []

        if context.consent.schema {
            let loaded = try await context.catalogue()
            let recent = try await context.recentSQL(max: Self.recentMax)
            let grounding = loaded.index.choose(
                GroundingRequest(
                    question: request.question, recentSQL: recent,
                    budgetTokens: min(room * 2 / 3, context.limits.chatSchemaTokens),
                    wholeTokens: Self.wholeTokens, maskedColumns: Set(context.project.assistant.maskedColumns),
                    includesLabels: context.consent.samples || context.consent.rows, engine: context.engine))
            relations = grounding.relations.map { loaded.catalogue.relations[$0.place] }.map { "\($0.schema).\($0.name)" }
            (relationsOmitted, maskedColumns) = (grounding.total - grounding.relations.count, grounding.maskedCount)
            // What the model was shown whole it need not look for.
            if grounding.isWhole { tools.removeAll { $0.isLookup && $0 != .describeTable } }
            let heading = grounding.isWhole ? "The whole schema" : "The schema, as far as it seems to matter"
            data.append("\(heading):\n" + boundary.wrap(grounding.text))
        } else {
            (relations, relationsOmitted, maskedColumns) = ([], 0, 0)
        }

        let examples = ExampleChoice.nearest(
            to: request.question,
            try await context.services.store.allExamples(
                projectID: context.project.id, userID: context.identity.userID, limit: context.limits.chatExamples),
            max: Self.examplesMax)
        examplesUsed = examples.count
        if !examples.isEmpty {
            let text = examples.map { "Question: \($0.question)\nStatement: \($0.sql)" }.joined(separator: "\n\n")
            data.append("Questions that the user has confirmed statements for:\n" + boundary.wrap(text.limited(toBytes: room)))
        }

        let messages = request.conversation.map(Self.message)
        let older = ThreadCompaction(messages, systemTokens: 0, windowTokens: room / 3, replyTokens: 0)
        let kept = older.isTooLong ? [] : messages[older.kept]
        messagesCompacted = messages.count - kept.count
        let said = ([older.digest].compactMap { $0 } + kept.map(Self.text)).joined(separator: "\n\n")
        if !said.isEmpty {
            data.append("The conversation so far, of which only the last question is to be answered:\n" + boundary.wrap(said))
        }

        if request.isJSON { system.tools = .json(tools) }
        // Data is with the question, not with the rules: it has no more to say than the user, and servers keep what they read of the rules.
        let question = data.isEmpty ? request.question : Self.questionHeading + request.question
        self.messages = [.system(system.text), .user((data + [question]).joined(separator: "\n\n"))]
    }

    private static func message(_ record: ChatMessageRecord) -> ThreadMessage {
        ThreadMessage(
            role: record.role == .user ? .user : .assistant, text: record.content,
            sql: (ChatDetail(record.detail).statements ?? []).map(\.sql))
    }

    private static func text(_ message: ThreadMessage) -> String {
        let statement = message.sql.last.map { "\nStatement: \($0)" } ?? ""
        return "\(message.role == .user ? "User" : "Assistant"): \(message.text)\(statement)"
    }
}

extension AssistantTool {
    /// As the model's server wants it.
    var specification: ToolSpecification { ToolSpecification(name: name, description: description, parameters: parameters) }

    /// What a model may use in a turn: nothing that shows what the owner did not allow, and nothing that the mode is not for.
    static func offered(in context: TurnContext) -> [AssistantTool] {
        allCases.filter { tool in
            switch tool {
            case .listTables, .describeTable, .searchSchema, .relations: context.consent.schema
            case .explain: true
            case .runQuery: context.mode != .sql
            case .summarizeResult: context.mode == .answer && context.consent.rows
            case .proposeStatement: !context.project.isReadOnly && context.mode != .explain
            }
        }
    }
}
