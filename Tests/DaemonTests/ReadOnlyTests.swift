import Foundation
import TestSupport
import Testing

/// A sample of the drivers' attack corpora (`Tests/DatabasesTests/Corpora`), sent through query.run in read mode: pool, history and
/// all. After each one the next query finds the connection as it should be, and nothing has changed.
@Suite(.serialized) struct ReadOnlyTests {
    /// The statements of a corpus: the field that holds them, every `stride`th.
    static func statements(_ name: String, field: Int, stride: Int) throws -> [String] {
        let file = Repository.root.appending(path: "Tests/DatabasesTests/Corpora/" + name)
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Swift.stride(from: 0, to: lines.count, by: stride).compactMap { index -> String? in
            let fields = lines[index].split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.indices.contains(field) else { return nil }
            return String(fields[field]).replacing("\\n", with: "\n").replacing("\\t", with: "\t")
        }
    }

    static func filled(_ attack: String) -> String {
        attack.replacing("@DIR@", with: "/tmp").replacing("@PORT@", with: "1").replacing("@LO@", with: "1")
    }

    private static let postgresqlSchema = """
        DROP SCHEMA IF EXISTS wire CASCADE; CREATE SCHEMA wire; SET search_path = wire;
        CREATE TABLE victim (id int PRIMARY KEY, name text); INSERT INTO victim VALUES (1, 'a'), (2, 'b'), (3, 'c');
        CREATE SEQUENCE victim_seq; SELECT nextval('victim_seq');
        CREATE VIEW victim_updatable AS SELECT * FROM victim;
        CREATE MATERIALIZED VIEW victim_view AS SELECT * FROM victim;
        CREATE FUNCTION invoker_delete() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM wire.victim; RETURN 1; END';
        CREATE FUNCTION definer_delete() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN DELETE FROM wire.victim; RETURN 1; END';
        CREATE FUNCTION committing() RETURNS int LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM wire.victim; RETURN 1; END';
        CREATE PROCEDURE deleting() LANGUAGE sql AS 'DELETE FROM wire.victim';
        CREATE PROCEDURE committing_delete() LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM wire.victim; COMMIT; END';
        CREATE PROCEDURE committing_result(INOUT x int) LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM wire.victim; COMMIT; END';
        CREATE VIEW deleting_view AS SELECT invoker_delete() AS n;
        """
    private static let mysqlSchema = """
        CREATE OR REPLACE TABLE victim (id INT PRIMARY KEY, v VARCHAR(20));
        INSERT INTO victim VALUES (1,'a'),(2,'b'),(3,'c');
        CREATE OR REPLACE SEQUENCE counter;
        DELIMITER //
        CREATE OR REPLACE FUNCTION destroy_function() RETURNS INT BEGIN DELETE FROM victim; RETURN 1; END//
        CREATE OR REPLACE PROCEDURE destroy() BEGIN COMMIT; DELETE FROM victim; SELECT 1; END//
        DELIMITER ;
        CREATE OR REPLACE VIEW plain_view AS SELECT v FROM victim;
        CREATE OR REPLACE VIEW destroying_view AS SELECT destroy_function() AS d;
        """
    private static let sqliteSchema = """
        DROP TABLE IF EXISTS t; CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'one'), (2, 'two');
        CREATE INDEX t_b ON t (b); CREATE VIEW v AS SELECT b FROM t; CREATE VIRTUAL TABLE f5 USING fts5 (x);
        INSERT INTO f5 VALUES ('hello world');
        """

    /// What an attack would have changed.
    func state(_ engine: Engine, _ bench: Workbench) throws -> String {
        switch engine {
        case .postgresql:
            try engine.script(
                """
                SELECT 'rows', count(*), md5(string_agg(v::text, ',' ORDER BY id)) FROM wire.victim v;
                SELECT 'class', md5(string_agg(relname || relkind::text || coalesce(relacl::text, ''), ',' ORDER BY oid)) FROM pg_class
                  WHERE relnamespace = 'wire'::regnamespace;
                SELECT 'proc', count(*) FROM pg_proc WHERE pronamespace = 'wire'::regnamespace;
                SELECT 'seq', last_value, is_called FROM wire.victim_seq;
                SELECT 'role', string_agg(rolname || rolsuper, ',' ORDER BY oid) FROM pg_roles WHERE rolname !~ '^pg_';
                SELECT 'locks', count(*) FROM pg_locks WHERE locktype = 'advisory';
                SELECT 'prepared', count(*) FROM pg_prepared_xacts;
                """, asAdministrator: true)
        case .mysql:
            try engine.script(
                """
                CHECKSUM TABLE victim; SELECT * FROM victim; SHOW DATABASES; SELECT next_not_cached_value FROM counter;
                SELECT table_name FROM information_schema.tables WHERE table_schema = 'app' AND table_name IN ('victim', 'made', 'gone');
                SELECT routine_name FROM information_schema.routines WHERE routine_schema = 'app';
                SELECT trigger_name FROM information_schema.triggers; SELECT event_name FROM information_schema.events;
                SELECT @@global.read_only, @@global.local_infile, IS_USED_LOCK('x');
                """, asAdministrator: true)
        case .sqlite:
            try ChildProcess.run([
                "sh", "-c", "sha256sum \"$0\"; ls -A \"$1\" | grep -v -e '^command' ", bench.file, bench.daemon.directory.path,
            ])
        }
    }

    /// - Parameter stride: 1 for the whole corpus.
    func prepare(
        _ engine: Engine, _ bench: Workbench, stride: Int = 2
    ) throws -> (attacks: [String], probe: String, rows: JSONValue) {
        switch engine {
        case .postgresql:
            try engine.script(Self.postgresqlSchema)
            try engine.script("ALTER ROLE plain_role SET search_path = wire, public", asAdministrator: true)
            let probe = "SELECT current_setting('transaction_read_only'), current_user::text, (SELECT count(*) FROM wire.victim)"
            return (try Self.statements("postgresql-attacks.tsv", field: 1, stride: stride), probe, [["on", "plain_role", 3]])
        case .mysql:
            try engine.script(Self.mysqlSchema, asAdministrator: true)
            let probe = "SELECT @@tx_read_only, @@autocommit, (SELECT count(*) FROM victim)"
            return (try Self.statements("mariadb-attacks.tsv", field: 1, stride: stride), probe, [[1, 1, 3]])
        case .sqlite:
            try engine.script(Self.sqliteSchema, file: bench.file)
            return (try Self.statements("sqlite-attacks.tsv", field: 0, stride: 1), "SELECT count(*) FROM t", [[2]])
        }
    }

    /// Security bar A1, A2, A3: whatever a project allows, read mode changes nothing; nor does it poison the next query.
    @Test(arguments: Engine.allCases, [true, false])
    func `no attack changes anything, nor what the next query finds`(engine: Engine, readOnly: Bool) async throws {
        let bench = try await Workbench.start(
            ["DBASSIST_LIMITS_DATABASE_CONNECTIONS_PER_PROJECT": "1"], readOnly: readOnly, engines: [engine])
        let (attacks, probe, rows) = try prepare(engine, bench)
        defer {
            if engine == .postgresql { _ = try? engine.script("ALTER ROLE plain_role RESET search_path", asAdministrator: true) }
        }
        #expect(attacks.count >= 30)
        #expect(try await bench.run(engine, probe)["rows"] == rows)
        let before = try state(engine, bench)
        var refused = 0
        for attack in attacks {
            let sql = Self.filled(attack)
            let id = bench.client.send("query.run", bench.query(engine, sql, nil, ["timeoutMs": 5_000]))
            do {
                _ = try await bench.client.result(of: id, "query.run")
            } catch let failure as TestClient.Failure {
                refused += 1
                #expect(failure.code != "internal" && failure.code != "connection_lost", "\(sql): \(failure)")
            }
            #expect(try await bench.run(engine, probe)["rows"] == rows, "after \(sql)")
        }
        #expect(refused * 10 >= attacks.count * 8, "\(refused) of \(attacks.count)")
        #expect(try state(engine, bench) == before)
    }

    /// Security bar A4: of a pool with one connection, what one query sets is not there for the next.
    @Test func `a query leaves nothing of itself in a pooled connection`() async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_DATABASE_CONNECTIONS_PER_PROJECT": "1"])
        for (engine, poison, probe, clean) in [
            (.postgresql, "SELECT set_config('search_path', 'pg_catalog', false)", "SHOW search_path", "\"$user\", public"),
            (.postgresql, "SET statement_timeout = 1", "SHOW statement_timeout", nil),
            (
                .postgresql, "SELECT pg_advisory_lock(4711)",
                "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711", "0"
            ),
            (
                .postgresql, "PREPARE left_over AS SELECT 1",
                "SELECT count(*)::text FROM pg_prepared_statements WHERE name = 'left_over'", "0"
            ),
            (
                .postgresql, "CREATE TEMP TABLE left_over (a int)",
                "SELECT count(*)::text FROM pg_class WHERE relname = 'left_over'", "0"
            ),
            (.mysql, "SET @poison = 'there'", "SELECT CAST(coalesce(@poison, 'none') AS CHAR)", "none"),
            (
                .mysql, "SET SESSION sql_mode = 'ANSI_QUOTES'", "SELECT IF(@@sql_mode LIKE '%ANSI_QUOTES%', 'poisoned', 'clean')",
                "clean"
            ),
            (
                .mysql, "CREATE TEMPORARY TABLE left_over (a INT)",
                "SELECT CAST((SELECT count(*) FROM information_schema.innodb_temp_table_info) AS CHAR)", nil
            ),
            (
                .sqlite, "PRAGMA case_sensitive_like = 1", "SELECT CASE WHEN 'a' LIKE 'A' THEN 'clean' ELSE 'poisoned' END",
                "clean"
            ),
            (
                .sqlite, "PRAGMA recursive_triggers = 1",
                "SELECT CAST(recursive_triggers AS TEXT) FROM pragma_recursive_triggers", nil
            ),
        ] as [(Engine, String, String, String?)] {
            let before = try? await bench.run(engine, probe)["rows"][0][0]
            // In either mode, whether it is let through or refused.
            for mode in ["read", "write"] as [JSONValue] {
                let id = bench.client.send("query.run", bench.query(engine, poison, nil, ["mode": mode]))
                do { _ = try await bench.client.result(of: id, "query.run") } catch is TestClient.Failure {}
                let after = try? await bench.run(engine, probe)["rows"][0][0]
                #expect(after == before, "\(poison)")
                if let clean { #expect(after?.string == clean, "\(poison)") }
            }
        }
    }
}
