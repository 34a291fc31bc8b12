import Databases
import Protocol
import Store

/// What a project's database user may do beyond its database: reasons for an assistant not to have it.
///
/// The read-only path holds for such a user too, but a hole in it would reach the server's files or its other databases.
struct DatabaseRights {
    private let names: [String]

    /// The rights that the engine itself names, as it names them.
    init(_ rows: JSONText, _ engine: Databases.DatabaseType) throws(JSONMismatch) {
        let lines = try RowTexts.firstColumn(rows)
        names = engine == .mysql ? Self.dangerous(inGrants: lines) : lines
    }

    private init() { names = [] }

    static let none = DatabaseRights()

    /// Those that `accepted` does not name.
    func unaccepted(_ accepted: [String]) -> [String] {
        names.filter { name in !accepted.contains { $0.lowercased() == name.lowercased() } }
    }

    /// The statement that asks for them; nil where the engine has none.
    static func statement(_ engine: Databases.DatabaseType) -> String? {
        switch engine {
        case .postgresql:
            """
            SELECT v.name FROM pg_catalog.pg_roles r,
                LATERAL (VALUES ('superuser', r.rolsuper), ('replication', r.rolreplication), ('bypassrls', r.rolbypassrls))
                    AS v (name, has)
            WHERE r.rolname = current_user AND v.has AND (v.name = 'superuser' OR NOT r.rolsuper)
            UNION ALL
            SELECT m.rolname::text FROM pg_catalog.pg_roles r, pg_catalog.pg_roles m
            WHERE r.rolname = current_user AND NOT r.rolsuper
                AND m.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
                AND pg_catalog.pg_has_role(r.oid, m.oid, 'MEMBER')
            """
        case .mysql: "SHOW GRANTS"
        case .sqlite: nil
        }
    }

    /// Of MySQL's global privileges those that reach the server's files, its accounts or other people's statements.
    private static let dangerousPrivileges: Set<String> = [
        "ALL PRIVILEGES", "FILE", "SUPER", "SHUTDOWN", "RELOAD", "PROCESS", "CREATE USER", "REPLICATION SLAVE",
        "REPLICATION SLAVE ADMIN", "BINLOG ADMIN", "SET USER", "CONNECTION ADMIN", "READ_ONLY ADMIN",
    ]

    /// `GRANT SELECT, FILE ON *.* TO …`: the dangerous ones among global privileges.
    private static func dangerous(inGrants lines: [String]) -> [String] {
        var found: [String] = []
        for line in lines where line.hasPrefix("GRANT ") {
            guard let end = line.firstRange(of: " ON *.* TO ") else { continue }
            for privilege in line[..<end.lowerBound].dropFirst("GRANT ".count).split(separator: ",") {
                let name = privilege.drop { $0 == " " }.uppercased()
                if dangerousPrivileges.contains(name), !found.contains(name) { found.append(name) }
            }
        }
        return found
    }
}

extension ProjectHandlers {
    /// What the project's database user may do beyond its database. Errors: those of ``withConnection(to:_:)`` and of the database.
    func rights(of project: StoredProject, marked mark: (Statement) -> Statement) async throws -> DatabaseRights {
        guard let sql = DatabaseRights.statement(project.databaseType) else { return .none }
        let statement = mark(Statement(sql: sql, mode: .read, timeoutMs: services.limits.connectTimeoutMs))
        let rows = FirstPage()
        _ = try await withConnection(to: project) { connection throws(DatabaseError) in
            try await connection.run(statement, rowsMax: 1000, sink: rows)
        }
        do throws(JSONMismatch) {
            return try DatabaseRights(rows.rows, project.databaseType)
        } catch {
            throw DatabaseError(.internal, phase: .fetch, "The database's list of rights cannot be read.")
        }
    }
}
