import Assistant
import Databases
import Protocol
import Security
import Store

/// What is looked at before a statement of the assistant's runs, or is put before a person.
extension TurnContext {
    /// What is known of a statement that writes, without running it.
    struct Draft: Sendable {
        var command: String
        /// Relations that it names.
        var relations: [String]
        /// Rows that the database expects it to touch.
        var rowsEstimate: Int?
    }

    /// The plan of a statement that reads. Nothing of it runs. Errors: those of the gate, of the scope, and of the database.
    func plan(_ sql: String) async throws -> QueryExplainResult {
        var statement = try queries.statement(sql, nil, timeoutMs: nil, .read)
        statement.scope = .data
        return try await queries.plan(of: statement, on: project, identity, analyze: false)
    }

    /// Throws `policy` for a statement that could show a masked column.
    func checkMasks(_ sql: String) async throws {
        guard !masked.isEmpty else { return }
        let guardian = MaskGuard(masked, in: try await catalogue().catalogue)
        if let reason = guardian.refusal(sql) { throw RPCError(.policy, reason, .init(phase: "gate")) }
    }

    /// Prepares a statement that writes on the database, so that what a person is shown would do. Errors: the database's; `invalid_params` for
    /// one that only reads.
    func draft(of sql: String) async throws -> Draft {
        var statement = try queries.statement(sql, nil, timeoutMs: nil, .write)
        statement.preparesOnly = true
        let command = StatementWord.first(of: sql, .write)
        guard !Self.readers.contains(command) else {
            throw RPCError(.invalidParams, "The statement only reads; run it with run_query.", .init())
        }
        let marked = statement.marked(user: identity.userID, project: project.id, in: engine)
        _ = try await projects.withConnection(to: project) { connection throws(DatabaseError) in
            try await connection.run(marked, sink: DiscardingSink())
        }
        let relations = RelationsInSQL.find(sql, try await catalogue().catalogue)
        return Draft(command: command, relations: relations, rowsEstimate: await rowsEstimate(sql, command))
    }

    private static let readers: Set<String> = ["SELECT", "VALUES", "SHOW", "EXPLAIN", "DESCRIBE", "TABLE", ""]
    private static let planned: Set<String> = ["INSERT", "UPDATE", "DELETE", "MERGE", "WITH"]

    /// Only PostgreSQL plans a write without running any of it.
    private func rowsEstimate(_ sql: String, _ command: String) async -> Int? {
        guard engine == .postgresql, Self.planned.contains(command) else { return nil }
        let statement = try? queries.statement(sql, nil, timeoutMs: nil, .read)
        guard let statement, let plan = try? await queries.plan(of: statement, on: project, identity, analyze: false) else {
            return nil
        }
        // The root counts what it returns; what it changes comes from the node below it.
        return plan.nodes.dropFirst().first?.rows.map { Int($0) }
    }
}

extension AssistantToolCall {
    /// What it is about, on one line, without data.
    var summary: String {
        switch self {
        case .listTables: "list the tables"
        case .describeTable(let table): "describe \(SafeLine.text(table, bytesMax: 100))"
        case .searchSchema(let query): "search the schema for \(SafeLine.text(query, bytesMax: 100))"
        case .relations(let table, let to):
            "relations of \(SafeLine.text(table, bytesMax: 100))" + (to.map { " to \(SafeLine.text($0, bytesMax: 100))" } ?? "")
        case .explain: "plan a statement"
        case .runQuery: "run a statement that reads"
        case .summarizeResult: "summarize a result"
        case .proposeStatement: "propose a statement that writes"
        }
    }
}
