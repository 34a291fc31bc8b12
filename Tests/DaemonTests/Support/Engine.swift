import TestSupport
import Testing

/// The three kinds of database a project can have, each with a real one behind it.
enum Engine: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case postgresql, mysql, sqlite

    var testDescription: String { rawValue }

    /// A placeholder of this engine's own kind for parameter `number`, from 1.
    func placeholder(_ number: Int) -> String {
        switch self {
        case .postgresql: "$\(number)"
        case .mysql: "?"
        case .sqlite: "?\(number)"
        }
    }

    /// A statement that runs for a minute unless it is stopped.
    var slowStatement: String {
        switch self {
        case .postgresql: "SELECT pg_sleep(61)"
        case .mysql: "SELECT SLEEP(61)"
        case .sqlite: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        }
    }

    /// Counts from 1 to `count`, in a column `i`.
    func series(_ count: Int) -> String {
        switch self {
        case .postgresql: "SELECT i FROM generate_series(1, \(count)) AS g (i)"
        case .mysql: "SELECT seq AS i FROM seq_1_to_\(count)"
        case .sqlite: "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count)) SELECT i FROM n"
        }
    }

    /// The password that connection strings of tests hold, as it is written in one. Empty for SQLite.
    var passwordInURI: String {
        switch self {
        case .postgresql: "canary-p%40ss%2Fword%3A1"
        case .mysql: MariaDBServer.plain.password
        case .sqlite: ""
        }
    }

    /// A connection string of a database that is there; `file` for SQLite.
    func connectionString(file: String) throws -> String {
        switch self {
        case .postgresql: try PostgreSQLServer.shared().uri()
        case .mysql: try MariaDBServer.shared.get().uri(MariaDBServer.plain)
        case .sqlite: "sqlite://\(file)"
        }
    }

    /// Runs a script on the database beside the daemon, and answers its output without headings. `file` for SQLite.
    @discardableResult func script(_ sql: String, file: String = "", asAdministrator: Bool = false) throws -> String {
        switch self {
        case .postgresql:
            return try PostgreSQLServer.shared().psql(
                sql, role: asAdministrator ? PostgreSQLServer.superuser : PostgreSQLServer.plainRole)
        case .mysql:
            let account = asAdministrator ? MariaDBServer.root : MariaDBServer.plain
            return try ChildProcess.run([
                "mariadb", "--no-defaults", "-S", MariaDBServer.shared.get().socketPath, "-u", account.user,
                "-p" + account.password, "--batch", "-N", "app", "-e", sql,
            ])
        case .sqlite: return try ChildProcess.run(["sqlite3", "-batch", file, sql])
        }
    }
}
