import Assistant
import Databases
import Protocol
import Security
import Store
import Threads

/// What a tool call came to.
struct ToolOutcome: Sendable {
    /// For the model: data of the database's, not yet within a boundary.
    var text: String
    var outcome: ChatToolOutcome = .ok
    var queryID: String?
    var errorCode: String?
    /// A statement that was checked.
    var statement: ChatStatement?
    var proposal: ChatProposal?
    /// Whether a statement did not do on the database, so that writing it anew would be a correction.
    var isFaultOfSQL = false
}

/// Carries out what a model asks for, with no more rights than a reader has.
struct ToolRun: Sendable {
    let context: TurnContext
    let threadID: String
    let messageID: String
    /// Bytes that the model is given of one result at most.
    let resultBytes: Int

    private var limits: Limits { context.limits }

    /// Does what a checked call says. Throws only what ends the turn: `cancelled`, and what is wrong with the daemon itself.
    func perform(_ call: AssistantToolCall) async throws -> ToolOutcome {
        do {
            return try await context.services.traced(.tool(call.tool.name)) {
                try await outcome(of: call)
            }
        } catch {
            let failure = RPCError(any: error)
            if Task.isCancelled || failure.code == .cancelled { throw failure }
            if [.internal, .busy, .shuttingDown, .unauthenticated].contains(failure.code) { throw failure }
            return try await failed(failure, error, call)
        }
    }

    private func outcome(of call: AssistantToolCall) async throws -> ToolOutcome {
        switch call {
        case .listTables(let wanted): return ToolOutcome(text: try await listTables(wanted))
        case .describeTable(let table): return ToolOutcome(text: try await describe(table))
        case .searchSchema(let query): return ToolOutcome(text: try await search(query))
        case .relations(let table, let to): return ToolOutcome(text: try await relations(table, to))
        case .explain(let sql): return try await explain(SQLBlocks.trimmed(sql))
        case .runQuery(let sql, let maxRows): return try await runQuery(SQLBlocks.trimmed(sql), maxRows)
        case .summarizeResult(let id, let columns): return ToolOutcome(text: try await summarize(id, columns))
        case .proposeStatement(let sql, let reason): return try await propose(SQLBlocks.trimmed(sql), reason)
        }
    }

    // MARK: The schema

    private func listTables(_ wanted: AssistantToolCall.ListTables) async throws -> String {
        SchemaText.list(try await context.catalogue().index, wanted, style: context.style)
    }

    private func describe(_ table: String) async throws -> String {
        let index = try await context.catalogue().index
        guard let place = index.find(table).first else { return SchemaText.notFound(table, in: index) }
        var text = SchemaText.describe(place, in: index.catalogue, style: context.style)
        if context.consent.samples, let samples = try? await samples(index.catalogue.relations[place]) { text += "\n" + samples }
        return text
    }

    /// A few rows of a relation, without its masked columns.
    private func samples(_ relation: CatalogueRelation) async throws -> String? {
        let columns = relation.columns.filter {
            !context.masked.contains(schema: relation.schema, table: relation.name, column: $0.name)
        }
        guard !columns.isEmpty else { return nil }
        let names = columns.prefix(40).map { SQLName.quoted($0.name, context.engine) }.joined(separator: ", ")
        let table = SQLName.quoted(relation, context.engine)
        let result = try await context.read("SELECT \(names) FROM \(table) LIMIT 3", pageRows: 3)
        return "Sample rows:\n" + text(of: result, rowsMax: 3)
    }

    private func search(_ query: String) async throws -> String {
        SchemaText.search(try await context.catalogue().index, query, style: context.style)
    }

    private func relations(_ table: String, _ to: String?) async throws -> String {
        let index = try await context.catalogue().index
        guard let place = index.find(table).first else { return SchemaText.notFound(table, in: index) }
        guard let to else { return SchemaText.relations(of: place, in: index.catalogue, style: context.style) }
        guard let end = index.find(to).first else { return SchemaText.notFound(to, in: index) }
        return SchemaText.path(from: place, to: end, in: index, style: context.style)
    }

    // MARK: Statements

    private func explain(_ sql: String) async throws -> ToolOutcome {
        let plan = try await context.plan(sql)
        return ToolOutcome(
            text: "The statement is valid. Its plan: " + json(plan), statement: ChatStatement(sql: sql))
    }

    private func runQuery(_ sql: String, _ maxRows: Int?) async throws -> ToolOutcome {
        try await context.checkMasks(sql)
        let rowsMax = min(maxRows ?? limits.chatRows, limits.chatRows)
        let result = try await context.read(sql, pageRows: rowsMax)
        let statement = ChatStatement(
            sql: sql, queryId: result.queryId, resultId: result.resultId, columns: result.columns, rowCount: result.rowCount,
            truncated: result.hasMore ? true : nil)
        return ToolOutcome(text: text(of: result, rowsMax: rowsMax), queryID: result.queryId, statement: statement)
    }

    private func text(of result: QueryResult, rowsMax: Int) -> String {
        guard context.consent.rows else {
            let names = result.columns.map(\.name).joined(separator: ", ")
            return """
                \(result.hasMore ? "More than " : "")\(result.rowCount) rows with the columns \(names). The user sees them; the \
                project does not let you see rows. Say what the statement answers, and no figures.
                """
        }
        let columns = result.columns.map {
            ResultColumn(name: $0.name, type: $0.type, isMasked: context.masked.contains(column: $0.name))
        }
        let text = ResultText(
            columns: columns, rows: result.rows, totalRows: result.hasMore ? nil : result.rowCount,
            isTruncated: result.truncated, rowsMax: rowsMax, bytesMax: resultBytes
        ).text
        return result.resultId.map { "Result \($0).\n\(text)" } ?? text
    }

    private func summarize(_ id: String, _ columns: [String]) async throws -> String {
        guard context.consent.rows else {
            throw RPCError(.policy, "The project does not let you see rows, and figures are made of them.", .init())
        }
        for name in columns where context.masked.contains(column: name) {
            throw RPCError(.policy, "The column is masked.", .init())
        }
        let params = QuerySummarizeParams(resultId: id, columns: columns.isEmpty ? nil : columns, topValues: 5)
        var summary = try await context.queries.summarize(params, context.request)
        summary.columns.removeAll { context.masked.contains(column: $0.name) }
        return json(summary)
    }

    // MARK: Proposals

    /// Puts a statement that writes before the person. It is prepared on the database, and does not run.
    func propose(_ sql: String, _ reason: String) async throws -> ToolOutcome {
        guard !context.project.isReadOnly else {
            throw RPCError(
                .readOnly, "The project is read-only: nothing can be proposed until its owner allows writes.",
                .init(phase: "gate"))
        }
        let draft = try await context.draft(of: sql)
        let nowMs = Timestamp.now()
        let approval = ApprovalRecord(
            id: Identifier.make(), threadID: threadID, projectID: context.project.id, userID: context.identity.userID,
            messageID: messageID, sql: sql, reason: reason.isEmpty ? nil : SafeText.neutralised(reason), command: draft.command,
            relations: draft.relations, rowsEstimate: draft.rowsEstimate.map(Int64.init), state: .pending, createdAtMs: nowMs,
            expiresAtMs: nowMs + Int64(limits.approvalMs), decidedAtMs: nil, queryID: nil)
        try await context.services.store.insertApproval(approval)
        do {
            try await context.checkConsent()
        } catch {
            // Prepared on a database that is not the project's any more: it must not wait for that one.
            try await context.services.store.declineApproval(approval.id, userID: approval.userID, nowMs: Timestamp.now())
            throw error
        }
        return ToolOutcome(
            text:
                "The statement was put before the user, who decides. It has not run. Say what it would do; do not say that it was done.",
            proposal: ChatHandlers.wire(approval, nowMs: nowMs))
    }

    /// Prepares a statement that stands in an answer: one that reads is valid or at fault, one that writes becomes a proposal.
    func check(_ sql: String) async throws -> ToolOutcome {
        do {
            try await context.checkMasks(sql)
            return try await explain(sql)
        } catch {
            let failure = RPCError(any: error)
            if failure.code == .readOnly, !context.project.isReadOnly {
                return try await perform(.proposeStatement(sql: sql, reason: ""))
            }
            if failure.code == .cancelled || [.internal, .busy].contains(failure.code) { throw failure }
            var outcome = try await failed(failure, error, .explain(sql: sql))
            // What would write is for a person to see all the same: it cannot run from here.
            if failure.code == .readOnly { outcome.isFaultOfSQL = false }
            return outcome
        }
    }

    // MARK: Failures

    private func failed(_ failure: RPCError, _ error: any Error, _ call: AssistantToolCall) async throws -> ToolOutcome {
        let isRefused = [.readOnly, .policy].contains(failure.code)
        let text: String
        if let error = error as? DatabaseError, let sql = call.sql {
            let index = context.consent.schema ? try? await context.catalogue().index : nil
            text = ToolFailureText.text(shown(error), sql: SQLBlocks.trimmed(sql), index: index)
        } else {
            text = [failure.message, failure.details.hint].compactMap { $0 }.joined(separator: " ")
        }
        return ToolOutcome(
            text: text, outcome: isRefused ? .refused : .failed, errorCode: failure.code.rawValue,
            isFaultOfSQL: call.sql != nil && failure.code != .notFound)
    }

    /// The error as a model may see it. What a database says while a statement runs can quote a row; where rows may not be sent, that
    /// is not either.
    private func shown(_ error: DatabaseError) -> DatabaseError {
        guard !context.consent.rows || !context.masked.isEmpty, error.phase == .execute || error.phase == .fetch else {
            return error
        }
        var shown = error
        shown.message = "The database refused it while it ran; it is valid, but a value does not do."
        shown.hint = nil
        return shown
    }

    private func json(_ value: some JSONEncodable) -> String {
        var writer = JSONWriter(capacity: 2048)
        value.encode(to: &writer)
        return writer.take().string.limited(toBytes: resultBytes)
    }
}

extension ToolOutcome {
    /// What is recorded of the call.
    func record(of tool: String, _ summary: String, sql: String?, sinceNs: UInt64) -> ChatToolUse {
        ChatToolUse(
            tool: tool.limited(toBytes: 100), outcome: outcome, summary: summary, sqlHash: sql.map(SQLHash.hexadecimal),
            queryId: queryID, errorCode: errorCode, durationMs: Double((Monotonic.nowNs - sinceNs) / 1000) / 1000)
    }
}
