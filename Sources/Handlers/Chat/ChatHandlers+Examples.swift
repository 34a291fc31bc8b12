import Databases
import Protocol
import Security
import Store

/// chat.confirm, chat.examples and chat.deleteExample.
extension ChatHandlers {
    func examples(_ params: ChatExamplesParams, _ context: RequestContext) async throws -> ChatExamplesResult {
        let identity = try context.identity()
        let page = try await services.store.examples(
            projectID: try identity.listed(params.projectId) ?? Identity.nowhere, userID: identity.userID,
            page: PageRequest(limit: params.limit, cursor: params.cursor))
        return ChatExamplesResult(items: page.items.map(Self.wire), nextCursor: page.nextCursor)
    }

    func deleteExample(_ params: ChatDeleteExampleParams, _ context: RequestContext) async throws -> Empty {
        try await services.store.deleteExample(params.exampleId.lowercased(), userID: context.identity().userID)
        return Empty()
    }

    func confirm(_ params: ChatConfirmParams, _ context: RequestContext) async throws -> ChatExample {
        let identity = try context.identity()
        guard !params.question.utf8.contains(0) else {
            throw RPCError.invalid("question", "must not contain a NUL character.")
        }
        let project = try await projects.toRunOn(params.projectId, identity)
        try await checkReads(params.sql, project, context)
        let nowMs = Timestamp.now()
        let example = try await services.store.confirmExample(
            id: Identifier.make(now: nowMs), projectID: project.id, userID: identity.userID, question: params.question,
            sql: params.sql, nowMs: nowMs, max: limits.chatExamples)
        guard let example else {
            throw RPCError(
                .conflict, "The project has \(limits.chatExamples) examples; take one back with chat.deleteExample first.",
                .init(limit: "chatExamples"))
        }
        return Self.wire(example)
    }

    static func wire(_ example: ExampleRecord) -> ChatExample {
        ChatExample(
            id: example.id, projectId: example.projectID, question: example.question, sql: example.sql,
            createdAt: Timestamp.format(example.createdAtMs))
    }

    // MARK: Whether it reads

    /// Has the database plan the statement, which runs nothing, however long the statement itself would take. Errors: those of
    /// `query.explain`; `read_only` for a statement that writes.
    private func checkReads(_ sql: String, _ project: StoredProject, _ context: RequestContext) async throws {
        if project.databaseType == .postgresql {
            let word = StatementWord.first(of: sql, .write)
            guard ["SELECT", "WITH", "VALUES", "TABLE", ""].contains(word) else { throw Self.writes }
        }
        let plan: QueryExplainResult
        do {
            plan = try await queries.explain(QueryExplainParams(projectId: project.id, sql: sql), context)
        } catch let error as DatabaseError where error.code == .invalidParameters {
            throw RPCError.invalid("sql", "must have its values written out: nobody would bind its placeholders.")
        }
        guard project.databaseType == .postgresql else { return }
        // PostgreSQL plans a write in a read-only transaction too, and refuses only to run it.
        guard !plan.nodes.contains(where: { Self.writingNodes.contains($0.operation) }) else { throw Self.writes }
        try await checkCursor(sql, project, context)
    }

    private static let writingNodes: Set<String> = ["ModifyTable", "LockRows"]

    /// A cursor takes only what reads: no INTO, and nothing that writes inside WITH, also where the plan was too long to be looked at.
    private func checkCursor(_ sql: String, _ project: StoredProject, _ context: RequestContext) async throws {
        var statement = try queries.statement(sql, nil, timeoutMs: nil, .read)
        statement.lead = "EXPLAIN DECLARE dbassistd_example CURSOR FOR "
        statement = statement.marked(user: try context.identity().userID, project: project.id, in: project.databaseType)
        do throws(DatabaseError) {
            _ = try await projects.withConnection(to: project) { [statement] connection throws(DatabaseError) in
                try await connection.run(statement, rowsMax: 1, sink: DiscardingSink())
            }
        } catch {
            throw error.code == .queryFailed ? Self.writes : error
        }
    }

    private static var writes: RPCError {
        RPCError(
            .readOnly, "Only a statement that reads can be an example: SELECT, or WITH and SELECT.", .init(phase: "gate"))
    }
}
