import Databases
import Protocol
import Security
import Store

/// project.test: how far one gets towards a database.
extension ProjectHandlers {
    func test(_ params: ProjectTestParams, _ context: RequestContext) async throws -> ProjectTestResult {
        let identity = try context.identity()
        try services.rates.take(.queriesPerMinute, of: identity.userID)
        guard params.projectId != nil || !identity.isOfProjects else { throw RPCError.tokenWantsProject }
        var report = TestReport()
        do throws(DatabaseError) {
            let target: ConnectionTarget
            switch (params.projectId, params.databaseType, params.connectionString) {
            case (let id?, nil, nil):
                let project = try await ownForTest(id, identity)
                target = try self.target(project)
            case (nil, let type?, let text?):
                target = try ConnectionTarget.parse(text, as: Self.engine(type))
            default:
                throw DatabaseError(.invalidParameters, phase: .parse, "")
            }
            report.passed(.parse)
            let metadata = try await probe(target, &report)
            return ProjectTestResult(ok: true, steps: report.steps, serverVersion: metadata.serverVersion)
        } catch {
            if error.code == .invalidParameters {
                throw RPCError.invalid("projectId", "or databaseType and connectionString must be given, and not both.")
            }
            if error.code == Self.notOwn { throw RPCError.notFound }
            if error.code == .cancelled || error.code == .internal { throw error }
            report.failed(error)
            return ProjectTestResult(ok: false, steps: report.steps)
        }
    }

    private static let notOwn = DatabaseError.Code("not_own")

    private func ownForTest(_ id: String, _ identity: Identity) async throws(DatabaseError) -> StoredProject {
        do {
            return try await own(id, identity)
        } catch {
            throw DatabaseError(
                error is RPCError ? Self.notOwn : .internal, phase: .parse, "", debugDescription: debugText(error))
        }
    }

    /// Connects, asks for the version, and checks that a write is refused.
    private func probe(_ target: ConnectionTarget, _ report: inout TestReport) async throws(DatabaseError) -> DatabaseMetadata {
        try target.check(services.policy)
        report.passed(.policy)
        let beganMs = Timestamp.now()
        let connection = try await DatabaseConnection.open(target, services.connectOptions)
        defer { connection.close() }
        report.connected(target, durationMs: Double(Timestamp.now() - beganMs))
        let metadata = try await connection.metadata(timeoutMs: services.limits.connectTimeoutMs)
        report.passed(.database)
        do throws(DatabaseError) {
            let write = Statement(sql: "CREATE TABLE dbassistd_read_only_check (x INTEGER)", mode: .read, timeoutMs: 5_000)
            try await connection.run(write, sink: DiscardingSink())
        } catch {
            guard error.code == .readOnly else { throw error }
            report.passed(.readOnlyCheck)
            return metadata
        }
        throw DatabaseError(
            .policy, phase: .readOnlyCheck, "The database accepted a write on a read-only connection; do not trust it with one.")
    }
}

/// The steps of `project.test` as they are taken.
private struct TestReport {
    private var outcomes: [TestStepName: TestStep] = [:]

    mutating func passed(_ name: TestStepName, durationMs: Double? = nil) {
        outcomes[name] = TestStep(step: name, status: .passed, durationMs: durationMs)
    }

    /// The client libraries connect, encrypt and log in at one go; what the target does not have is skipped.
    mutating func connected(_ target: ConnectionTarget, durationMs: Double) {
        switch target.location {
        case .file: break
        case .unixSocket:
            passed(.connect)
            passed(.login, durationMs: durationMs)
        case .tcp:
            passed(.resolve)
            passed(.connect)
            if target.tls != .disable, target.tls != .prefer { passed(.tls) }
            passed(.login, durationMs: durationMs)
        }
    }

    mutating func failed(_ error: DatabaseError) {
        let name = TestStepName(rawValue: error.phase.rawValue) ?? .database
        // Steps before the one that failed were passed, where the failure proves it.
        let network: [TestStepName] = [.resolve, .connect, .tls, .login, .database]
        if let index = network.firstIndex(of: name) {
            if outcomes[.policy] == nil { passed(.policy) }
            if error.phase != .database || error.sqlState != nil {
                for step in network[..<index] where step != .tls && outcomes[step] == nil { passed(step) }
            }
        }
        outcomes[name] = TestStep(
            step: name, status: .failed, code: error.code.description, message: error.message, hint: error.hint)
    }

    var steps: [TestStep] {
        TestStepName.allCases.map { outcomes[$0] ?? TestStep(step: $0, status: .skipped) }
    }
}

/// Takes rows and forgets them.
final class DiscardingSink: RowSink, Sendable {
    func columns(_ columns: [Databases.Column]) throws(DatabaseError) {}
    func page(_ page: Databases.Page) throws(DatabaseError) -> Demand { .enough }
}
