import Assistant
import Databases
import Protocol
import Security
import Store

/// What a turn works with: whose it is, about which project, and what a model may see of it.
struct TurnContext: Sendable {
    let services: Services
    let projects: ProjectHandlers
    let queries: QueryHandlers
    let schemas: SchemaHandlers
    let request: RequestContext
    let identity: Identity
    let project: StoredProject
    let mode: ChatMode
    let consent: Consent
    let masked: MaskedColumns

    var limits: Limits { services.limits }
    var engine: Databases.DatabaseType { project.databaseType }

    /// How a model is shown the schema.
    var style: SchemaStyle {
        SchemaStyle(engine: engine, masked: masked, includesLabels: consent.rows || consent.samples)
    }

    /// The user's latest statements on the project that did, the newest first.
    func recentSQL(max: Int) async throws -> [String] {
        let page = try await services.store.history(
            userID: identity.userID, filter: HistoryFilter(projectID: project.id, status: .success), page: PageRequest(limit: max)
        )
        return page.items.map(\.start.sql)
    }

    /// The whole schema: what is kept, or read now.
    func catalogue() async throws -> CatalogueCache.Loaded {
        try await schemas.catalogue(of: project, identity, isDetailed: true)
    }

    /// Runs a statement of the assistant's in the read-only path. Its rows are kept for the user, and it is in history as the chat's.
    func read(_ sql: String, pageRows: Int) async throws -> QueryResult {
        var statement = try queries.statement(sql, nil, timeoutMs: nil, .read)
        statement.scope = .data
        return try await run(statement, pageRows: pageRows, keep: true)
    }

    /// Runs what a person approved, and spends it. Errors: `conflict` where somebody was quicker; the proposal is not spent where
    /// nothing runs because the user has too many queries running.
    func write(_ statement: Statement, approvalID: String) async throws -> QueryResult {
        try await run(statement, approvalID: approvalID, pageRows: limits.pageRows, keep: false)
    }

    private func run(
        _ statement: Statement, approvalID: String? = nil, pageRows: Int, keep: Bool
    ) async throws -> QueryResult {
        let id = Identifier.make()
        let start = QueryStart(
            id: id, projectID: project.id, userID: identity.userID, sql: statement.sql, label: nil, mode: statement.mode,
            source: .chat, createdAtMs: Timestamp.now())
        let query = LiveQuery(
            start, projectName: project.name, sessionID: identity.sessionID, client: request.client,
            sqlBytesMax: limits.runningSqlBytes)
        let run = QueryRun(
            services: services, projects: projects, project: project, identity: identity, client: request.client, query: query,
            statement: statement.marked(user: identity.userID, project: project.id, query: id, in: engine),
            pageRows: pageRows, maxRows: nil, keep: keep, approvalID: approvalID)
        return try await run.start(isClientID: false)
    }
}

/// What of a project may be sent to a model. What its owner did not decide is yes for a model on this machine, and no for any other;
/// sample values only ever go out when the owner said so.
struct Consent: Sendable, Equatable {
    var schema: Bool
    var rows: Bool
    var samples: Bool
    /// Whether the model is on this machine.
    let isLocal: Bool

    init(_ settings: AssistantRecord, isLocal: Bool) {
        self.isLocal = isLocal
        schema = settings.shareSchema ?? isLocal
        rows = settings.shareRows ?? isLocal
        samples = settings.shareSamples ?? false
    }

    /// Whether it gives all that `other` gives.
    func covers(_ other: Consent) -> Bool {
        (schema || !other.schema) && (rows || !other.rows) && (samples || !other.samples)
    }
}
