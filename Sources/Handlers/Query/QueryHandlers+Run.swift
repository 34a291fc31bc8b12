import Databases
import Protocol
import Security
import Store

/// query.run: one statement, its first page, and the rest kept for query.fetch.
extension QueryHandlers {
    func run(_ params: QueryRunParams, _ context: RequestContext) async throws -> QueryResult {
        let identity = try context.identity()
        try services.rates.take(.queriesPerMinute, of: identity.userID)
        let mode: AccessMode = params.mode == .write ? .write : .read
        guard mode == .read || !identity.scope.isReadOnly else { throw RPCError.tokenReadsOnly }
        let statement = try statement(params.sql, params.parameters, timeoutMs: params.timeoutMs, mode)
        if let rows = params.pageRows, rows > limits.pageRows {
            throw RPCError.invalid("pageRows", "may be at most \(limits.pageRows).", limit: "pageRows")
        }
        let project = try await projects.toRunOn(params.projectId, identity)
        guard mode == .read || !project.isReadOnly else { throw RPCError.projectIsReadOnly }
        let start = QueryStart(
            id: params.queryId?.lowercased() ?? Identifier.make(), projectID: project.id, userID: identity.userID,
            sql: params.sql,
            label: params.label, mode: mode, source: context.client.isInitialized ? .editor : .script,
            createdAtMs: Timestamp.now())
        let query = LiveQuery(
            start, projectName: project.name, sessionID: identity.sessionID, client: context.client,
            sqlBytesMax: limits.runningSqlBytes)
        let run = QueryRun(
            services: services, projects: projects, project: project, identity: identity, client: context.client, query: query,
            statement: statement.marked(
                user: identity.userID, project: project.id, query: start.id, in: project.databaseType),
            pageRows: params.pageRows ?? limits.pageRows, maxRows: params.maxRows, keep: params.keep)
        guard let token = params.partialResultToken else { return try await run.start(isClientID: params.queryId != nil) }
        guard token.isProgressToken else { throw RPCError.invalid("partialResultToken", "must be a string or an integer.") }
        return try await run.start(pushingUnder: token, isClientID: params.queryId != nil)
    }

    /// The statement, once everything about it that needs no database has been checked.
    func statement(
        _ sql: String, _ values: [JSONText]?, timeoutMs: Int?, _ mode: AccessMode
    ) throws(RPCError) -> Statement {
        guard sql.utf8.count <= limits.sqlBytes else {
            throw .invalid("sql", "may have at most \(limits.sqlBytes) bytes.", limit: "sqlBytes")
        }
        guard !sql.utf8.contains(0) else { throw .invalid("sql", "must not contain a NUL character.") }
        if let timeoutMs, timeoutMs > limits.queryTimeoutMaxMs {
            throw .invalid("timeoutMs", "may be at most \(limits.queryTimeoutMaxMs).", limit: "queryTimeoutMaxMs")
        }
        var parameters: [Parameter] = []
        for (index, text) in (values ?? []).enumerated() {
            guard let parameter = Parameter(json: text) else {
                throw .invalid(
                    "parameters[\(index)]", "must be null, a boolean, a number, a string or {\"$base64\": \"…\"}.")
            }
            parameters.append(parameter)
        }
        return Statement(
            sql: sql, parameters: parameters, mode: mode, timeoutMs: timeoutMs ?? limits.queryTimeoutMs,
            cellBytesMax: limits.cellBytes)
    }
}

extension JSONText {
    /// Whether it is what LSP has for a token: a string or an integer.
    var isProgressToken: Bool {
        withUnsafeBytes { bytes in
            let reader = JSONReader(bytes)
            if reader.kind == .string { return true }
            return reader.kind == .number && bytes.allSatisfy { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }
        }
    }
}
