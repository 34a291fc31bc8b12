import Databases
import Logging
import Protocol
import Security
import Store
import Synchronization

/// One query from its acceptance to its row in history.
///
/// The statement is a ``QueryJob``, because the rest of a large result is still read after the reply has gone out. The job ends the
/// query exactly once: connection given back, history written, registration removed.
struct QueryRun: Sendable {
    let services: Services
    let projects: ProjectHandlers
    let project: StoredProject
    let identity: Identity
    let client: ClientSession
    let query: LiveQuery
    let statement: Statement
    let pageRows: Int
    let maxRows: Int?
    let keep: Bool
    /// The proposal that running it spends; nil where a person wrote it.
    var approvalID: String?

    private var limits: Limits { services.limits }
    private var id: String { query.id }

    /// Runs the query and answers its first page; the rest is kept.
    func start(isClientID: Bool) async throws -> QueryResult {
        let history = try await accept(isClientID)
        let spool = ResultSpool(
            limits: SpoolLimits(directory: services.spoolDirectory, bytesMax: limits.spoolPerResultBytes),
            quota: services.results.quota(ofUser: identity.userID), engine: project.databaseType)
        let job = QueryJob(
            self, CountingSink(query, spool), rowsMax: maxRows ?? limits.resultRows,
            bytesMax: maxRows == nil ? limits.resultBytes : limits.spoolPerResultBytes
        ) { result in
            let (rowCount, columns, rows) = spool.beginning
            return history.end(result, rowCount: rowCount, rows.map { (columns, $0) })
        } ended: {
            spool.ended($0)
        }
        services.running.began(id) { job.stop() }
        spool.onClose { job.stop() }
        job.begin()
        return try await withTaskCancellationHandler {
            try await answer(spool, history)
        } onCancel: {
            job.stop()
        }
    }

    /// Runs the query, pushes its rows under `token`, and answers what it came to.
    func start(pushingUnder token: JSONText, isClientID: Bool) async throws -> QueryResult {
        let history = try await accept(isClientID)
        let stream = ResultStream(channel: client.channel, token: token, queryID: id)
        let ended = Promise<Result<StatementOutcome, DatabaseError>>()
        let job = QueryJob(self, CountingSink(query, stream), rowsMax: maxRows ?? .max, bytesMax: .max) { result in
            history.end(result, rowCount: stream.rowCount, stream.preview)
        } ended: {
            ended.fulfil($0)
        }
        services.running.began(id) { job.stop() }
        job.begin()
        let result = await withTaskCancellationHandler {
            await ended.value()
        } onCancel: {
            job.stop()
        }
        // An error too comes after the pages before it.
        await stream.waitUntilSent()
        let outcome = try result.get()
        return QueryResult(
            queryId: id, columns: stream.columns.map(QueryHandlers.wire), rows: JSONText("[]"), rowCount: stream.rowCount,
            hasMore: false, command: outcome.command, affectedRows: outcome.affectedRows, durationMs: query.elapsedMs,
            mode: statement.mode == .write ? .write : .read, truncated: stream.isTruncated, notices: notices(outcome))
    }

    /// Takes the query on: registered, and where it writes, in history.
    private func accept(_ isClientID: Bool) async throws -> QueryHistory {
        // Registered before history is asked: a query leaves the running ones only when its row is on its way there.
        try register()
        var mayRun = true
        do throws(StoreError) {
            if isClientID, try await services.store.isQueryIDUsed(id) {
                throw StoreError(.conflict, "The id has been used.")
            }
            if statement.mode == .write { mayRun = try await insertRunning() }
        } catch {
            services.running.ended(query)
            throw error.code == .conflict ? Self.idInUse : RPCError(error)
        }
        guard mayRun else {
            services.running.ended(query)
            throw ChatHandlers.decided
        }
        services.running.started(query)
        return QueryHistory(query, project.databaseType, parameters: statement.parameters, services)
    }

    /// Puts a write into history before it runs. Answers false where it is a proposal that somebody decided meanwhile.
    private func insertRunning() async throws(StoreError) -> Bool {
        let shape = StatementShape(of: query.start.sql, project.databaseType)
        guard let approvalID else {
            try await services.store.insertRunning(query.start, shape: shape)
            return true
        }
        guard try await services.store.redeemApproval(approvalID, for: query.start, shape: shape) != nil else { return false }
        services.logger.info(
            "approved", metadata: ["approval": "\(approvalID)", "user": "\(identity.userID)", "query": "\(id)"])
        return true
    }

    private func register() throws(RPCError) {
        do throws(RunningQueries.Refusal) {
            try services.running.register(
                query, elsewhere: services.store.countLiveQueriesElsewhere(userID: query.start.userID))
        } catch {
            switch error {
            case .idInUse: throw Self.idInUse
            case .tooMany:
                throw RPCError(
                    .busy, "You have \(limits.queriesPerUser) queries running; wait for one or cancel one.",
                    .init(limit: "queriesPerUser", retryAfterMs: 1_000))
            }
        }
    }

    private static var idInUse: RPCError {
        RPCError(.conflict, "A query has had this id; make a new one.", .init(path: "params.queryId"))
    }

    // MARK: The reply

    /// Does not end early when it is cancelled: what the statement came to is the answer, also when it was stopped.
    private func answer(_ spool: ResultSpool, _ history: QueryHistory) async throws -> QueryResult {
        let first: SpooledFirst
        do throws(DatabaseError) {
            first = try await spool.firstPage()
        } catch {
            spool.close()
            throw error
        }
        // What has ended is in history already, preview and all.
        if first.end == nil, let page = first.page { history.keepPreview((first.columns, page.rows)) }
        let hasMore = first.page?.hasMore ?? false
        var resultID: String?
        if hasMore || (keep && !first.columns.isEmpty) {
            let id = Identifier.make()
            services.results.insert(
                spool, id: id, userID: identity.userID, connectionID: client.channel.connectionID, projectID: project.id,
                keep: keep)
            resultID = id
        }
        defer { if resultID == nil { spool.close() } }
        return QueryResult(
            queryId: id, columns: first.columns.map(QueryHandlers.wire), rows: first.page?.rows ?? JSONText("[]"),
            rowCount: first.page?.rowCount ?? 0, hasMore: hasMore, resultId: resultID,
            nextCursor: hasMore ? ResultCursor(page: 1).text : nil,
            command: first.end?.outcome.command ?? StatementWord.first(of: statement.sql, statement.mode),
            affectedRows: first.end?.outcome.affectedRows, durationMs: query.elapsedMs,
            mode: statement.mode == .write ? .write : .read, truncated: first.end?.truncated != nil,
            notices: first.end.map { notices($0.outcome) } ?? [])
    }

    private func notices(_ outcome: StatementOutcome) -> [WireNotice] {
        outcome.notices.prefix(limits.noticesPerQuery).map(QueryHandlers.wire)
    }
}

/// The word a statement begins with, for a reply that goes out while the statement runs.
enum StatementWord {
    static func first(of sql: String, _ mode: AccessMode) -> String {
        let word = first(of: sql)
        // What follows WITH and reads is a SELECT, as the engine will call it when it has ended.
        return word == "WITH" && mode == .read ? "SELECT" : word
    }

    private static func first(of sql: String) -> String {
        var rest = Substring(sql)
        while true {
            rest = rest.drop { $0.isWhitespace || $0 == "(" }
            if rest.hasPrefix("--") || rest.hasPrefix("#") {
                rest = rest.drop { !$0.isNewline }
            } else if rest.hasPrefix("/*") {
                guard let end = rest.firstRange(of: "*/") else { return "" }
                rest = rest[end.upperBound...]
            } else {
                return rest.prefix { $0.isASCII && $0.isLetter }.uppercased()
            }
        }
    }
}

/// Where a page of a kept result begins, as clients hold it.
struct ResultCursor {
    var page: Int

    init(page: Int) { self.page = page }

    init?(_ text: String) {
        guard text.hasPrefix("p"), let page = Int(text.dropFirst()), page >= 0 else { return nil }
        self.page = page
    }

    var text: String { "p\(page)" }
}
