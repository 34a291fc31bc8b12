import Assistant
import Databases
import Protocol
import Security
import Store
import Threads

/// A turn without a model: what can be answered by fixed rules from the schema, the statistics, the history and plans.
struct PlainTurn {
    let context: TurnContext
    let events: TurnEvents
    let log: TurnLog
    let request: ChatSendParams
    /// What came of it so far.
    private(set) var answer = TurnAnswer()

    /// Failed statements that an answer lists.
    private static let failuresMax = 20

    init(_ context: TurnContext, _ events: TurnEvents, _ log: TurnLog, _ request: ChatSendParams) {
        self.context = context
        self.events = events
        self.log = log
        self.request = request
    }

    /// Throws `cancelled`, and what is wrong with the database or the daemon.
    mutating func run() async throws {
        answer.note = """
            No model is configured, so this is what can be said by fixed rules. A model would answer free questions and write SQL. \
            \(ChatHandlers.howToConfigure)
            """
        let index = try await context.catalogue().index
        let intent = PlainIntent.recognise(request.content, index: index, engine: context.engine)
        let outcome = try await outcome(of: intent, index)
        answer.text = PlainAnswer(index, engine: context.engine).text(intent, outcome)
        events.text(answer.text)
    }

    private mutating func outcome(of intent: PlainIntent, _ index: SchemaIndex) async throws -> PlainOutcome {
        do {
            switch intent {
            case .rowCount, .sample:
                guard let sql = PlainSQL.statement(for: intent, in: index.catalogue, context.engine) else { return .none }
                return try await rows(of: sql)
            case .slowestQueries(let limit): return .statements(try await statements(limit) { $0.slowest })
            case .mostFrequentQueries(let limit): return .statements(try await statements(limit) { $0.mostFrequent })
            case .recentErrors(let limit): return .failures(try await failures(max: min(limit, Self.failuresMax)))
            case .lastFailure: return .failures(try await failures(max: 1))
            case .explain(let sql): return try await plan(of: sql)
            case .statement(let sql) where context.mode != .answer: return try await plan(of: sql)
            case .listRelations, .describe, .columns, .relationsWithColumn, .related, .relationsOf, .largestRelations, .statement,
                .capabilities, .noSuchRelation, .needsSchema, .unknown:
                return .none
            }
        } catch let error as DatabaseError where error.code != .cancelled {
            return .failed(error)
        }
    }

    // MARK: The database

    private mutating func rows(of sql: String) async throws -> PlainOutcome {
        guard context.mode != .sql else {
            _ = try await context.plan(sql)
            keep(ChatStatement(sql: sql))
            return .none
        }
        let result = try await used(.runQuery, "run a statement that reads", sql) { context in
            try await context.read(sql, pageRows: context.limits.pageRows)
        }
        keep(
            ChatStatement(
                sql: sql, queryId: result.queryId, resultId: result.resultId, columns: result.columns,
                rowCount: result.rowCount, truncated: result.hasMore ? true : nil))
        return .rows(
            columns: result.columns.map { ResultColumn(name: $0.name, type: $0.type) }, rows: result.rows,
            hasMore: result.hasMore)
    }

    private mutating func plan(of sql: String) async throws -> PlainOutcome {
        let sql = SQLBlocks.trimmed(sql)
        let plan = try await used(.explain, "plan a statement", sql) { context in try await context.plan(sql) }
        keep(ChatStatement(sql: sql))
        return .plan(text: PlanText.lines(plan), remarks: PlanText.remarks(plan))
    }

    /// Does something, and records it as a call of a tool.
    private mutating func used<Value: Sendable>(
        _ tool: AssistantTool, _ summary: String, _ sql: String, _ body: (TurnContext) async throws -> Value
    ) async throws -> Value {
        let beganNs = Monotonic.nowNs
        answer.usage.toolCalls += 1
        events.toolCall(tool.name, summary)
        do {
            let value = try await body(context)
            try await record(ToolOutcome(text: "", queryID: (value as? QueryResult)?.queryId), tool, summary, sql, beganNs)
            return value
        } catch {
            let code = RPCError(any: error).code
            let outcome: ChatToolOutcome =
                code == .cancelled ? .cancelled : [.readOnly, .policy].contains(code) ? .refused : .failed
            try? await record(
                ToolOutcome(text: "", outcome: outcome, errorCode: code.rawValue), tool, summary, sql, beganNs)
            throw error
        }
    }

    private func record(
        _ outcome: ToolOutcome, _ tool: AssistantTool, _ summary: String, _ sql: String, _ beganNs: UInt64
    ) async throws {
        let use = outcome.record(of: tool.name, summary, sql: sql, sinceNs: beganNs)
        try await log.tool(use)
        events.toolResult(use)
    }

    private mutating func keep(_ statement: ChatStatement) {
        answer.statements.append(statement)
        events.sql(statement)
    }

    // MARK: The history

    private func statements(
        _ limit: Int, _ list: (StoredQueryStatistics) -> [ShapeFigures]
    ) async throws -> [PlainStatementFigures] {
        let nowMs = Timestamp.now()
        let statistics = try await context.services.store.statistics(
            userID: context.identity.userID, projectID: context.project.id, fromMs: (Day.of(nowMs) - 29) * Day.ms, toMs: nowMs,
            statements: min(limit, context.limits.statisticsStatements))
        return list(statistics).map { shape in
            PlainStatementFigures(
                sql: shape.sql, count: Int(shape.figures.counts.total), meanMs: shape.figures.meanMs,
                p95Ms: shape.figures.latency.p95Ms, totalMs: shape.figures.totalMs)
        }
    }

    private func failures(max: Int) async throws -> [PlainFailure] {
        let page = try await context.services.store.history(
            userID: context.identity.userID, filter: HistoryFilter(projectID: context.project.id, status: .error),
            page: PageRequest(limit: max))
        return page.items.map { item in
            PlainFailure(
                sql: item.start.sql, time: Timestamp.format(item.start.createdAtMs),
                error: DatabaseError(
                    DatabaseError.Code(item.end.errorCode ?? "query_failed"), phase: .execute, item.end.errorMessage ?? ""))
        }
    }
}

/// A plan in words.
enum PlanText {
    private static let linesMax = 60

    /// A line a node, deeper ones further in.
    static func lines(_ plan: QueryExplainResult) -> String {
        var depths: [Int: Int] = [:]
        return plan.nodes.prefix(linesMax).map { node in
            let depth = node.parentId.flatMap { depths[$0] }.map { $0 + 1 } ?? 0
            depths[node.id] = depth
            var line = String(repeating: "  ", count: depth) + node.operation
            if let relation = node.relation { line += " on \(relation)" }
            var figures: [String] = []
            if let rows = node.rows { figures.append("~\(Int(min(rows, 1e15))) rows") }
            if let cost = node.cost { figures.append("cost \(Int(min(cost, 1e15)))") }
            return figures.isEmpty ? line : line + " (" + figures.joined(separator: ", ") + ")"
        }.joined(separator: "\n")
    }

    /// What is remarkable: the nodes that cost most.
    static func remarks(_ plan: QueryExplainResult) -> [String] {
        plan.costliest.compactMap { place in
            guard plan.nodes.indices.contains(place) else { return nil }
            let node = plan.nodes[place]
            return "\(node.operation)\(node.relation.map { " on \($0)" } ?? "") is among the most expensive steps."
        }
    }
}
