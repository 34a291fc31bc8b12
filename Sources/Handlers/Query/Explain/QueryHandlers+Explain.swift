import Databases
import Protocol
import Store

/// query.explain: an engine's plan, and what is the same in all of them.
extension QueryHandlers {
    /// Plans larger than this are refused: nobody reads them, and they would fill a reply.
    private static let planBytesMax = 4 << 20

    /// How deep the plan stands in a reply: in `result`, in the message, in a batch.
    private static let replyDepth = 3

    func explain(_ params: QueryExplainParams, _ context: RequestContext) async throws -> QueryExplainResult {
        let identity = try context.identity()
        try services.rates.take(.queriesPerMinute, of: identity.userID)
        let statement = try statement(params.sql, params.parameters, timeoutMs: params.timeoutMs, .read)
        let project = try await projects.toRunOn(params.projectId, identity)
        if params.analyze, project.databaseType == .sqlite {
            throw RPCError.invalid("analyze", "must be false: SQLite cannot measure its plans.")
        }
        return try await plan(of: statement, on: project, identity, analyze: params.analyze)
    }

    /// The plan of a statement, which runs only if it is to be measured, and then in the read-only path.
    func plan(
        of statement: Statement, on project: StoredProject, _ identity: Identity, analyze: Bool
    ) async throws -> QueryExplainResult {
        var statement = statement
        statement.lead = Self.lead(project.databaseType, analyze: analyze)
        statement.cellBytesMax = Self.planBytesMax
        statement = statement.marked(user: identity.userID, project: project.id, in: project.databaseType)
        let sink = FirstPage()
        _ = try await projects.withConnection(to: project) { [statement] connection throws(DatabaseError) in
            try await connection.run(
                statement, pageBytes: Self.planBytesMax, rowsMax: 10_000, bytesMax: Self.planBytesMax, sink: sink)
        }
        return try result(sink.rows, project.databaseType, analyzed: analyze)
    }

    private static func lead(_ engine: Databases.DatabaseType, analyze: Bool) -> String {
        switch engine {
        case .postgresql: analyze ? "EXPLAIN (FORMAT JSON, VERBOSE, ANALYZE, BUFFERS) " : "EXPLAIN (FORMAT JSON, VERBOSE) "
        case .mysql: analyze ? "ANALYZE FORMAT=JSON " : "EXPLAIN FORMAT=JSON "
        case .sqlite: "EXPLAIN QUERY PLAN "
        }
    }

    private func result(
        _ rows: JSONText, _ engine: Databases.DatabaseType, analyzed: Bool
    ) throws -> QueryExplainResult {
        var plan = Plan(nodesMax: limits.planNodes)
        let text: JSONText
        do throws(JSONMismatch) {
            switch engine {
            case .sqlite:
                try rows.withUnsafeBytes { (bytes) throws(JSONMismatch) in try plan.readSQLite(bytes) }
                text = try rows.withUnsafeBytes { (bytes) throws(JSONMismatch) in try Plan.sqliteJSON(bytes) }
            case .postgresql, .mysql:
                guard let cell = try Self.cell(rows) else { throw JSONMismatch(at: 0, "must be a plan") }
                // Nested too deep for strict readers, ours among them, or not as JSON wants it: as text, then.
                let depthMax = limits.jsonDepth - Self.replyDepth
                let isJSON = cell.withUnsafeBytes { (try? JSONScanner.check($0, depthMax: depthMax)) != nil }
                if isJSON {
                    try cell.withUnsafeBytes { (bytes) throws(JSONMismatch) in
                        if engine == .mysql { try plan.readMySQL(bytes) } else { try plan.readPostgreSQL(bytes) }
                    }
                } else {
                    plan.truncate()
                }
                text = isJSON ? cell.onOneLine : .quoting(cell.string)
            }
        } catch {
            throw RPCError(.queryFailed, "The database's plan is larger than 4 MiB, or not one; look at a smaller statement.")
        }
        return QueryExplainResult(
            engine: WireDatabaseType(rawValue: engine.rawValue) ?? .sqlite, analyzed: analyzed, nodes: plan.nodes,
            costliest: plan.costliest, truncated: plan.isTruncated, planningMs: plan.planningMs, executionMs: plan.executionMs,
            plan: text)
    }

    /// The one cell of the one row: JSON as it is, or in a string.
    private static func cell(_ rows: JSONText) throws(JSONMismatch) -> JSONText? {
        try rows.withUnsafeBytes { (bytes) throws(JSONMismatch) in
            var reader = JSONReader(bytes)
            try reader.enterArray()
            guard reader.nextElement() else { return nil }
            try reader.enterArray()
            guard reader.nextElement() else { return nil }
            return reader.kind == .string ? JSONText(try reader.string()) : reader.raw()
        }
    }
}

extension JSONText {
    /// A text as a JSON string.
    fileprivate static func quoting(_ text: String) -> JSONText {
        var writer = JSONWriter(capacity: text.utf8.count + 64)
        writer.string(text)
        return writer.take()
    }
}
