import Databases
import Protocol
import Security
import Store

/// Databases that people registered.
struct ProjectHandlers: ProjectAPI {
    let services: Services

    /// The user's own project. Somebody else's is as unknown as one that never was.
    func own(_ id: String, _ identity: Identity) async throws -> StoredProject {
        let id = identity.reaches(id.lowercased()) ? id.lowercased() : Identity.nowhere
        guard let project = try await services.store.project(id: id, userID: identity.userID) else {
            throw RPCError.notFound
        }
        return project
    }

    /// The same, to run something on: its ``StoredProject/lastUsedAtMs`` is not to be shown.
    func toRunOn(_ id: String, _ identity: Identity) async throws -> StoredProject {
        let id = identity.reaches(id.lowercased()) ? id.lowercased() : Identity.nowhere
        guard let project = try await services.store.knownProject(id: id, userID: identity.userID) else {
            throw RPCError.notFound
        }
        return project
    }

    // MARK: Connection strings

    func seal(_ connectionString: String, project id: String, user: String) -> [UInt8] {
        services.seal(Array(connectionString.utf8), .connectionString, user: user, row: id)
    }

    /// What the project connects to. Errors as of ``ConnectionTarget/parse(_:as:)``; a record that was
    /// tampered with is `invalid_connection_string` as well.
    func target(_ project: StoredProject) throws(DatabaseError) -> ConnectionTarget {
        let opened: [UInt8]
        do {
            opened = try services.unseal(
                project.sealedConnectionString, .connectionString, user: project.userID, row: project.id)
        } catch {
            throw DatabaseError(
                .invalidConnectionString, phase: .parse,
                "The project's stored connection string was changed or lost its key; set it again with project.update.",
                debugDescription: error.debugDescription)
        }
        return try ConnectionTarget.parse(String(decoding: opened, as: UTF8.self), as: project.databaseType)
    }

    /// Whether two states of a project name the same database: the same record, or one that was sealed anew in between.
    func isSameDatabase(_ one: StoredProject, _ other: StoredProject) -> Bool {
        guard one.sealedConnectionString != other.sealedConnectionString else { return true }
        func opened(_ project: StoredProject) -> [UInt8]? {
            try? services.unseal(project.sealedConnectionString, .connectionString, user: project.userID, row: project.id)
        }
        guard let text = opened(one) else { return false }
        return opened(other) == text
    }

    /// Which pooled connections are the project's: those of its connection string as it is now. Every sealing has its own nonce.
    func poolKey(_ project: StoredProject) -> PoolKey { Self.poolKey(project.id, project.sealedConnectionString) }

    static func poolKey(_ id: String, _ sealed: [UInt8]) -> PoolKey {
        PoolKey(projectID: id, fingerprint: Array(sealed.prefix(33)))
    }

    /// Lends `body` one of the project's connections. Errors: those of ``ConnectionPool/checkout(_:options:waitMs:target:)``, of
    /// ``target(_:)`` and of `body`.
    func withConnection<R: Sendable>(
        to project: StoredProject, _ body: @Sendable (DatabaseConnection) async throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        try await services.traced(.database(project.databaseType)) { () throws(DatabaseError) in
            try await services.pool.withConnection(
                poolKey(project), options: services.connectOptions,
                target: { () async throws(DatabaseError) in try target(project) }, body)
        }
    }

    /// Asks for one of the project's connections without waiting for it; see ``ConnectionRequest``.
    func request(
        _ project: StoredProject, then done: @escaping @Sendable (Result<ConnectionLease, DatabaseError>) -> Void
    ) -> ConnectionRequest {
        ConnectionRequest(
            services.pool, poolKey(project), options: services.connectOptions,
            target: { () async throws(DatabaseError) in try target(project) }, then: done)
    }

    /// Checks a connection string as far as that is possible without connecting.
    func check(_ connectionString: String, _ type: Databases.DatabaseType) throws {
        do throws(DatabaseError) {
            let target = try ConnectionTarget.parse(connectionString, as: type)
            try target.check(services.policy)
        } catch {
            var refused = RPCError(error)
            refused.details.path = "params.connectionString"
            throw refused
        }
    }

    // MARK: Shapes

    func wire(_ project: StoredProject) -> WireProject {
        // One that cannot be read any more is still listed, so that its owner can mend or delete it.
        let connection = (try? target(project).redacted) ?? "\(project.databaseType.rawValue)://"
        return WireProject(
            id: project.id, name: project.name, description: project.description.isEmpty ? nil : project.description,
            databaseType: Self.wire(project.databaseType), connection: connection, readOnly: project.isReadOnly,
            assistant: Self.wire(project.assistant),
            createdAt: Timestamp.format(project.createdAtMs), updatedAt: Timestamp.format(project.updatedAtMs),
            lastUsedAt: project.lastUsedAtMs.map(Timestamp.format))
    }

    /// nil where nothing was ever set.
    static func wire(_ settings: AssistantRecord) -> AssistantSettings? {
        guard settings != AssistantRecord() else { return nil }
        return AssistantSettings(
            model: settings.model, shareSchema: settings.shareSchema, shareRows: settings.shareRows,
            shareSamples: settings.shareSamples, maskedColumns: settings.maskedColumns.isEmpty ? nil : settings.maskedColumns,
            acceptedRights: settings.acceptedRights.isEmpty ? nil : settings.acceptedRights)
    }

    static func wire(_ type: Databases.DatabaseType) -> WireDatabaseType {
        switch type {
        case .postgresql: .postgresql
        case .mysql: .mysql
        case .sqlite: .sqlite
        }
    }

    static func engine(_ type: WireDatabaseType) -> Databases.DatabaseType {
        switch type {
        case .postgresql: .postgresql
        case .mysql: .mysql
        case .sqlite: .sqlite
        }
    }
}
