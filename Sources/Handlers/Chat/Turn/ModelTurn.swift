import Assistant
import Databases
import Models
import Protocol
import Security
import Store
import Threads

/// A turn with a model: asks it, does what it asks for, and asks again, until it answers.
///
/// It is the tools that keep a database safe from a model, and the limits that keep a turn from going on for ever: whatever a model says,
/// there are at most so many steps, corrections and tokens.
struct ModelTurn {
    let context: TurnContext
    let model: any ChatModel
    let events: TurnEvents
    let log: TurnLog
    let request: ChatSendParams

    private var messages: [Models.ChatMessage] = []
    /// Whether the model says its steps as JSON instead of calling tools.
    private var isJSON: Bool
    /// What can be called; nothing once the model has all it will get.
    private var tools: [AssistantTool] = []
    private var calls = CallsMade()
    private var window: ResultWindow
    /// Whether the model was told that its answer stands on nothing that was read.
    private var wasSentToRead = false
    private var answer = TurnAnswer()
    private var lastText: TurnText?
    /// Replies that were no step where a step was asked for.
    private var misreads = 0
    /// What to answer instead of going on.
    private var over: String?

    private static let misreadsMax = 2
    /// Calls of tools in one reply that are carried out.
    private static let callsMax = 8
    private var limits: Limits { context.limits }

    init(_ context: TurnContext, _ model: any ChatModel, _ events: TurnEvents, _ log: TurnLog, _ request: ChatSendParams) {
        self.context = context
        self.model = model
        self.events = events
        self.log = log
        self.request = request
        isJSON = model.settings.toolStyle == .json
        window = ResultWindow(model.settings, bytesMax: context.limits.chatResultBytes)
    }

    private var toolRun: ToolRun {
        ToolRun(context: context, threadID: log.threadID, messageID: log.messageID, resultBytes: window.bytesMax)
    }

    /// What came of it so far: also after ``run()`` has thrown.
    var soFar: TurnAnswer {
        var answer = answer
        if answer.text.isEmpty, let lastText { answer.text = lastText.shown }
        return answer
    }

    /// Runs the turn. Throws `model_failed`, `budget_exceeded`, `cancelled`, and what is wrong with the database or the daemon.
    mutating func run() async throws {
        try await begin()
        while answer.usage.steps < limits.chatSteps {
            let isLast = tools.isEmpty || answer.usage.steps == limits.chatSteps - 1
            if isLast { messages.append(.user("Answer now, with what you have. No tool can be called any more.")) }
            let (reply, text) = try await ask(isLast ? [] : tools)
            switch step(in: reply, isLast: isLast) {
            case .answer(let words):
                if isLast, isCall(words) { return finish(noWords, nil) }
                if !isLast, sendsToRead(words) { continue }
                if try await isChecked(words) {
                    noteIfUnread(words)
                    return finish(words, text)
                }
            case .calls(let calls):
                try await perform(calls, reply)
            case .call(let call):
                messages.append(.assistant(text: reply.text, toolCalls: []))
                let result = try await perform(call.tool.name, .success(call))
                window.willAppend(to: messages)
                messages.append(.user("The result of \(call.tool.name):\n" + result))
            case .misread(let problem):
                messages.append(.assistant(text: reply.text, toolCalls: []))
                messages.append(.user("The reply cannot be carried out.\n" + (try await perform("?", .failure(problem)))))
            }
            if let over { return finish(over, nil) }
            await events.room()
        }
        finish("The turn came to its limit of \(limits.chatSteps) steps without an answer; ask for less at once.", nil)
    }

    private mutating func begin() async throws {
        let settings = model.settings
        let prompt = try await TurnPrompt(
            TurnPrompt.Request(
                question: request.content, conversation: log.conversation, isJSON: isJSON,
                contextTokens: settings.contextTokens, replyTokens: settings.maxReplyTokens), context)
        (messages, tools) = (prompt.messages, prompt.tools)
        answer.model = settings.name
        if prompt.messagesCompacted > 0 {
            answer.note = "\(prompt.messagesCompacted) older messages of this thread were shortened to fit the model's window."
        }
    }

    // MARK: The model

    private mutating func ask(_ tools: [AssistantTool]) async throws -> (ChatReply, TurnText) {
        let text = TurnText(events, holds: isJSON || context.mode == .sql ? .all : mayBeSentToRead ? .figures : .code)
        var chat = ChatRequest(
            messages: messages, tools: isJSON ? [] : tools.map(\.specification),
            responseSchema: isJSON ? JSONStep.schema(tools) : nil)
        if window.fit(&chat) {
            messages = chat.messages
            calls.forget()
        }
        lastText = text
        try await context.checkConsent()
        answer.usage.steps += 1
        let reply: ChatReply
        do throws(ModelError) {
            reply = try await context.services.traced(.model(model.settings.name)) {
                [model] () throws(ModelError) in try await model.reply(to: chat) { text.add($0) }
            }
        } catch {
            // A server that knows nothing of tools: from here on, one JSON object a step.
            guard error.kind == .rejected, model.settings.toolStyle == .auto, !isJSON, !tools.isEmpty, answer.usage.steps == 1
            else {
                throw RPCError(error)
            }
            isJSON = true
            try await begin()
            return try await ask(self.tools)
        }
        try await count(reply.usage)
        return (reply, text)
    }

    private mutating func count(_ usage: TokenUsage) async throws {
        answer.usage.promptTokens += usage.promptTokens
        answer.usage.completionTokens += usage.completionTokens
        answer.usage.estimated = answer.usage.estimated || usage.isEstimated
        events.usage(answer.usage)
        await context.services.store.addTokens(
            userID: context.identity.userID, day: Day.of(Timestamp.now()), prompt: usage.promptTokens,
            completion: usage.completionTokens)
        guard answer.usage.promptTokens + answer.usage.completionTokens <= limits.chatTurnTokens else {
            throw RPCError(
                .budgetExceeded, "The turn has used up its \(limits.chatTurnTokens) tokens; ask for less at once.",
                .init(limit: "chatTurnTokens"))
        }
    }

    // MARK: A reply

    private enum Step {
        case answer(String)
        case calls([ToolCall])
        /// Written as text.
        case call(AssistantToolCall)
        /// No step at all: what to tell the model.
        case misread(ToolArgumentError)
    }

    private mutating func step(in reply: ChatReply, isLast: Bool) -> Step {
        if !reply.toolCalls.isEmpty { return isLast ? .answer(reply.text) : .calls(reply.toolCalls) }
        // Models whose server knows no tools write calls as text, asked or not.
        guard isJSON || reply.text.first(where: { !$0.isWhitespace }) == "{" else { return .answer(reply.text) }
        do throws(ToolArgumentError) {
            switch try JSONStep.parse(reply.text) {
            case .answer(let text): return .answer(text)
            case .call(let call, let said): return isLast ? .answer(said) : .call(call)
            }
        } catch {
            misreads += 1
            return isJSON && !isLast && misreads <= Self.misreadsMax ? .misread(error) : .answer(reply.text)
        }
    }

    private mutating func perform(_ calls: [ToolCall], _ reply: ChatReply) async throws {
        messages.append(.assistant(text: reply.text, toolCalls: calls))
        for (index, call) in calls.enumerated() where over == nil {
            let checked: Result<AssistantToolCall, ToolArgumentError>
            do throws(ToolArgumentError) {
                guard index < Self.callsMax else {
                    throw ToolArgumentError("At most \(Self.callsMax) tools can be called at once; call this one again.")
                }
                checked = .success(try AssistantTool.decode(name: call.name, arguments: call.arguments))
            } catch {
                checked = .failure(error)
            }
            let result = try await perform(call.name, checked)
            window.willAppend(to: messages)
            messages.append(.tool(callID: call.id, content: result))
        }
    }

    /// Carries out one call and records it. Answers what the model is told.
    private mutating func perform(_ name: String, _ call: Result<AssistantToolCall, ToolArgumentError>) async throws -> String {
        let (beganNs, name) = (Monotonic.nowNs, SafeLine.text(name, bytesMax: 100))
        let asked = try? call.get()
        let sql = asked?.sql.map(SQLBlocks.trimmed)
        let summary = asked?.summary ?? "a call that cannot be carried out"
        answer.usage.toolCalls += 1
        events.toolCall(name, summary)
        var failure: (any Error)?
        var outcome: ToolOutcome
        do {
            outcome = try await self.outcome(of: call)
        } catch {
            let code = RPCError(any: error).code
            outcome = ToolOutcome(text: "", outcome: code == .cancelled ? .cancelled : .failed, errorCode: code.rawValue)
            failure = error
        }
        let use = outcome.record(of: name, summary, sql: sql, sinceNs: beganNs)
        try await log.tool(use)
        events.toolResult(use)
        if let failure { throw failure }
        keep(outcome)
        if outcome.isFaultOfSQL { countFault(outcome.text) }
        return Boundary().wrap(outcome.text)
    }

    private func nextStep(after tool: AssistantTool) -> String {
        tool.isLookup && tools.contains(.runQuery)
            ? "Now run the statement that answers the question." : "Answer the question now."
    }

    private mutating func outcome(of call: Result<AssistantToolCall, ToolArgumentError>) async throws -> ToolOutcome {
        try await context.checkConsent()
        switch call {
        case .success(let call) where calls.hasDone(call):
            // It would get the same again, and ask again.
            tools.removeAll { call.tool.isLookup ? $0.isLookup : true }
            return ToolOutcome(
                text: "This was called before with the same arguments; its result stands above. \(nextStep(after: call.tool))",
                outcome: .refused, errorCode: ErrorCode.conflict.rawValue)
        case .success(let call) where tools.contains(call.tool):
            let outcome = try await toolRun.perform(call)
            if outcome.outcome == .ok { calls.note(call) }
            return outcome
        case .success(let call):
            return ToolOutcome(
                text: "The tool \(call.tool.name) is not offered in this turn.", outcome: .refused,
                errorCode: ErrorCode.policy.rawValue)
        case .failure(let error):
            return ToolOutcome(text: error.message, outcome: .refused, errorCode: ErrorCode.invalidParams.rawValue)
        }
    }

    private mutating func keep(_ outcome: ToolOutcome) {
        if let statement = outcome.statement {
            keep(statement)
            if statement.truncated == true, !tools.isEmpty, !tools.contains(.summarizeResult),
                AssistantTool.offered(in: context).contains(.summarizeResult)
            {
                tools.append(.summarizeResult)
            }
        }
        if let proposal = outcome.proposal {
            answer.proposals.append(proposal)
            events.approvalNeeded(proposal)
        }
    }

    private mutating func keep(_ statement: ChatStatement) {
        // One that was prepared and then run is one statement.
        answer.statements.removeAll { $0.sql == statement.sql }
        answer.statements.append(statement)
        events.sql(statement)
    }

    /// Counts a statement that did not do; after too many the turn is over.
    private mutating func countFault(_ text: String) {
        if answer.usage.corrections < limits.chatCorrections {
            answer.usage.corrections += 1
        } else {
            over =
                "No statement did, also after \(limits.chatCorrections) corrections. The last error: \(SafeText.neutralised(text))"
        }
    }

    // MARK: The answer

    /// Whether an answer with figures that nothing stands behind is still to be questioned.
    private var mayBeSentToRead: Bool {
        context.mode == .answer && !wasSentToRead && answer.proposals.isEmpty && tools.contains(.runQuery)
            && !answer.statements.contains { $0.queryId != nil }
    }

    /// Whether an answer claims what only the database can know, though nothing was read. The model is told so, once.
    private mutating func sendsToRead(_ words: String) -> Bool {
        guard mayBeSentToRead, UnreadClaims.areIn(words, question: request.content) else { return false }
        wasSentToRead = true
        messages.append(.assistant(text: words, toolCalls: []))
        messages.append(
            .user(
                """
                Nothing was read from the database for this answer. If it needs rows or figures of theirs, call run_query with the \
                statement that gets them, then answer. If it does not, give the same answer again.
                """))
        return true
    }

    /// Says of an answer that claims still what nothing was read for that it does.
    private mutating func noteIfUnread(_ words: String) {
        guard wasSentToRead, answer.proposals.isEmpty, !answer.statements.contains(where: { $0.queryId != nil }),
            UnreadClaims.areIn(words, question: request.content)
        else { return }
        let note = "Nothing was read from the database for this answer: what it says of rows is the model's own."
        answer.note = answer.note.map { $0 + " " + note } ?? note
    }

    /// Whether every statement in an answer did on the database; else the model is told what is wrong. One that writes becomes a
    /// proposal.
    private mutating func isChecked(_ words: String) async throws -> Bool {
        let tools = toolRun
        for sql in SQLBlocks.find(in: words) {
            let isKnown = answer.statements.contains { $0.sql == sql } || answer.proposals.contains { $0.sql == sql }
            guard !isKnown else { continue }
            let outcome = try await tools.check(sql)
            keep(outcome)
            guard outcome.isFaultOfSQL else { continue }
            countFault(outcome.text)
            messages.append(.assistant(text: words, toolCalls: []))
            messages.append(
                .user("A statement in your answer does not do. Answer again with it corrected.\n" + Boundary().wrap(outcome.text))
            )
            return false
        }
        return true
    }

    /// Whether a model that can call no tool any more writes a call all the same, or nothing.
    private func isCall(_ words: String) -> Bool {
        if words.allSatisfy(\.isWhitespace) { return true }
        if case .call = try? JSONStep.parse(words) { return true }
        return JSONStep.isBareCall(words)
    }

    private var noWords: String {
        answer.statements.contains { $0.queryId != nil }
            ? "The model put no answer into words; see the rows of its statement."
            : "The model gave no answer; ask in other words."
    }

    private mutating func finish(_ words: String, _ text: TurnText?) {
        let shown = text.map { $0.shown.isEmpty || !words.hasPrefix($0.shown) ? $0.finish(with: words) : $0.finish() }
        answer.text = shown ?? SafeText.neutralised(words)
    }
}

/// What a turn has come to.
struct TurnAnswer: Sendable {
    var text = ""
    var statements: [ChatStatement] = []
    var proposals: [ChatProposal] = []
    var usage = ChatUsage(
        promptTokens: 0, completionTokens: 0, estimated: false, steps: 0, toolCalls: 0, corrections: 0, durationMs: 0)
    /// The model that was asked.
    var model: String?
    var note: String?
}
