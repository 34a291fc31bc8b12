import Foundation
import TestSupport

/// A database of its own with injections in everything that a model can read of it, used by an account that may do all there is.
struct InjectedDatabase {
    let engine: Engine
    let injections: [Injection]
    /// SQLite's.
    let file: String

    private static let name = "injected"

    init(_ engine: Engine, _ all: [Injection], file: String) throws {
        self.engine = engine
        self.file = file
        injections = all.filter { $0.engine == engine }
        switch engine {
        case .postgresql:
            try PostgreSQLServer.shared().psql("DROP DATABASE IF EXISTS \(Self.name) WITH (FORCE)", database: "postgres")
            try PostgreSQLServer.shared().psql("CREATE DATABASE \(Self.name)", database: "postgres")
            try PostgreSQLServer.shared().psql("CREATE EXTENSION dblink", database: Self.name)
        case .mysql: try engine.script("CREATE OR REPLACE DATABASE \(Self.name)", asAdministrator: true)
        case .sqlite: break
        }
        try script(schema + rows + names + views)
    }

    /// The connection string of the one who may do everything, and what that is.
    func connection() throws -> (string: String, rights: [JSONValue]) {
        switch engine {
        case .postgresql:
            (try PostgreSQLServer.shared().uri(role: PostgreSQLServer.superuser, database: Self.name), ["superuser"])
        case .mysql: (try MariaDBServer.shared.get().uri(MariaDBServer.root, database: Self.name), ["ALL PRIVILEGES"])
        case .sqlite: ("sqlite://\(file)", [])
        }
    }

    @discardableResult private func script(_ sql: String) throws -> String {
        switch engine {
        case .postgresql: try PostgreSQLServer.shared().psql(sql, database: Self.name)
        case .mysql: try engine.script("USE \(Self.name);\n" + sql, asAdministrator: true)
        case .sqlite: try engine.script(sql, file: file)
        }
    }

    // MARK: Planting

    private func payloads(_ place: Injection.Place) -> [String] { injections.filter { $0.place == place }.map(\.payload) }

    private func literal(_ text: String) -> String {
        let text = engine == .mysql ? text.replacing("\\", with: "\\\\") : text
        return "'" + text.replacing("'", with: "''") + "'"
    }

    private func quoted(_ name: String) -> String {
        engine == .mysql
            ? "`" + name.replacing("`", with: "``") + "`" : "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    private var schema: String {
        """
        CREATE TABLE victim (id INT PRIMARY KEY, name VARCHAR(200));
        INSERT INTO victim VALUES (1, 'a'), (2, 'b'), (3, 'c');
        CREATE TABLE notes (id INT PRIMARY KEY, body TEXT);
        CREATE TABLE complaints (id INT PRIMARY KEY, body TEXT);

        """
    }

    private var rows: String {
        let tables: [(String, Injection.Place)] = [("notes", .row), ("complaints", .error)]
        return tables.map { table, place in
            payloads(place).enumerated().map { "INSERT INTO \(table) VALUES (\($0), \(literal($1)));\n" }.joined()
        }.joined()
    }

    /// Tables and columns with injections for names, comments, labels and defaults.
    private var names: String {
        var columns = ["id INT PRIMARY KEY"] + payloads(.column).map { "\(quoted($0)) INT" }
        let isMySQL = engine == .mysql
        for (number, comment) in payloads(.columncomment).enumerated() {
            columns.append("noted\(number) INT" + (isMySQL ? " COMMENT \(literal(comment))" : ""))
        }
        var before = ""
        for (number, label) in payloads(.label).enumerated() {
            let labels = "ENUM (\(literal(label)), 'other')"
            if !isMySQL { before += "CREATE TYPE mood\(number) AS \(labels);\n" }
            columns.append("mood\(number) " + (isMySQL ? labels : "mood\(number)"))
        }
        for (number, text) in payloads(.default).enumerated() {
            columns.append("preset\(number) VARCHAR(200) DEFAULT \(literal(text))")
        }
        var script = before + "CREATE TABLE odd (\(columns.joined(separator: ", ")));\n"
        for name in payloads(.table) { script += "CREATE TABLE \(quoted(name)) (id INT PRIMARY KEY);\n" }
        for (number, comment) in payloads(.comment).enumerated() {
            script +=
                "CREATE TABLE commented\(number) (id INT PRIMARY KEY)" + (isMySQL ? " COMMENT \(literal(comment));\n" : ";\n")
            if engine == .postgresql { script += "COMMENT ON TABLE commented\(number) IS \(literal(comment));\n" }
        }
        guard engine == .postgresql else { return script }
        for (number, comment) in payloads(.columncomment).enumerated() {
            script += "COMMENT ON COLUMN odd.noted\(number) IS \(literal(comment));\n"
        }
        return script
    }

    private var views: String {
        var script = payloads(.view).enumerated().map {
            "CREATE VIEW remark\($0) AS SELECT id, \(literal($1)) AS remark FROM notes;\n"
        }.joined()
        guard engine == .mysql else { return script }
        script += """
            CREATE PROCEDURE wipe() DELETE FROM victim;
            DELIMITER //
            CREATE FUNCTION complain(n INT) RETURNS INT READS SQL DATA BEGIN
            DECLARE m VARCHAR(120);
            SELECT LEFT(body, 120) INTO m FROM complaints WHERE id = n;
            SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = m; RETURN 1; END//
            DELIMITER ;
            """
        return script
    }

    // MARK: Reading

    /// Calls that show a model all of it.
    var reads: [ObedientModel.Call] {
        func query(_ sql: String) -> ObedientModel.Call { ("run_query", ModelReply.arguments(["sql": .string(sql)])) }
        let tables = ["odd"] + payloads(.comment).indices.map { "commented\($0)" }
        var calls: [ObedientModel.Call] = [("list_tables", "{}")]
        calls += tables.map { ("describe_table", ModelReply.arguments(["table": .string($0)])) }
        calls.append(query("SELECT id, body FROM notes ORDER BY id"))
        switch engine {
        case .postgresql:
            calls.append(query("SELECT pg_get_viewdef(oid) FROM pg_class WHERE relkind = 'v' AND relname LIKE 'remark%'"))
        case .mysql:
            calls.append(query("SELECT view_definition FROM information_schema.views WHERE table_schema = '\(Self.name)'"))
        case .sqlite: calls.append(query("SELECT sql FROM sqlite_schema WHERE type = 'view'"))
        }
        for number in payloads(.error).indices {
            calls.append(
                query(
                    engine == .postgresql
                        ? "SELECT body::int FROM complaints WHERE id = \(number)" : "SELECT complain(\(number))"))
        }
        return calls
    }

    // MARK: Looking from outside

    /// Everything that a deed could have changed.
    func fingerprint() throws -> String {
        switch engine {
        case .postgresql:
            let server = try PostgreSQLServer.shared()
            let dump = try ChildProcess.run([
                "pg_dump", "-h", server.directory, "-p", "\(server.port)", "-U", PostgreSQLServer.superuser, Self.name,
            ])
            // Newer versions write a key of their own into each dump.
            let lines = dump.split(separator: "\n").filter { !$0.hasPrefix("\\") || $0 == "\\." }
            return lines.joined(separator: "\n")
                + (try script(
                    """
                    SELECT 'roles', string_agg(rolname || rolsuper, ',' ORDER BY oid) FROM pg_roles WHERE rolname !~ '^pg_';
                    SELECT 'locks', count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
                    """))
        case .mysql:
            let server = try MariaDBServer.shared.get()
            let dump = try ChildProcess.run([
                "mariadb-dump", "--no-defaults", "-S", server.socketPath, "-u", MariaDBServer.root.user,
                "-p" + MariaDBServer.root.password, "--skip-dump-date", "--routines", "--events", Self.name,
            ])
            return try dump
                + script(
                    "SELECT user, host FROM mysql.user ORDER BY 1, 2; SELECT @@general_log_file, IS_USED_LOCK('pwned')")
        case .sqlite:
            return try ChildProcess.run(["sh", "-c", "sha256sum \"$0\"; ls -A \"$0\"*; sqlite3 \"$0\" .dump", file])
        }
    }
}
