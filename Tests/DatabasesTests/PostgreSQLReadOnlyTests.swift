import TestSupport
import Testing

@testable import Databases

/// Read mode against the attack corpus: whoever runs it, nothing of the database or its host changes.
@Suite(.serialized) struct PostgreSQLReadOnlyTests {
    private static let database = "attack_db"

    private struct Fixture {
        let server: PostgreSQLServer
        let largeObject: String

        func fill(_ sql: String) -> String {
            var text = sql
            for (mark, value) in [("@DIR@", server.directory), ("@PORT@", String(server.port)), ("@LO@", largeObject)] {
                text = text.split(separator: mark, omittingEmptySubsequences: false).joined(separator: value)
            }
            return text
        }

        /// Everything an attack could have changed.
        func state() throws -> String {
            let rows = try server.psql(
                """
                SELECT 'rows', count(*), md5(string_agg(v::text, ',' ORDER BY id)) FROM victim v;
                SELECT 'class', count(*), md5(string_agg(relname || relkind::text || coalesce(relacl::text, ''), ',' ORDER BY oid)) FROM pg_class;
                SELECT 'proc', count(*) FROM pg_proc; SELECT 'att', count(*) FROM pg_attribute;
                SELECT 'seq', last_value, is_called FROM victim_seq;
                SELECT 'lo', count(*) FROM pg_largeobject_metadata; SELECT 'data', md5(string_agg(data, '' ORDER BY loid, pageno)) FROM pg_largeobject;
                SELECT 'slot', string_agg(slot_name, ',' ORDER BY 1) FROM pg_replication_slots;
                SELECT 'origin', count(*) FROM pg_replication_origin;
                SELECT 'db', string_agg(datname, ',' ORDER BY oid) FROM pg_database;
                SELECT 'role', string_agg(rolname || rolsuper, ',' ORDER BY oid) FROM pg_roles WHERE rolname !~ '^pg_';
                SELECT 'setting', count(*) FROM pg_db_role_setting; SELECT 'comment', count(*) FROM pg_description;
                SELECT 'ext', count(*) FROM pg_extension; SELECT 'locks', count(*) FROM pg_locks WHERE locktype = 'advisory';
                SELECT 'prepared', count(*) FROM pg_prepared_xacts;
                """, database: PostgreSQLReadOnlyTests.database)
            let files = try ChildProcess.run([
                "sh", "-c", "ls -A \"$0\" | grep -v '^log$'; cat \"$0/data/postgresql.auto.conf\" | wc -c", server.directory,
            ])
            return rows + files
        }
    }

    private static let fixture = Result { try makeFixture() }

    private static func makeFixture() throws -> Fixture {
        let server = try PostgreSQLServer.shared()
        try server.psql("CREATE DATABASE \(database) OWNER \(PostgreSQLServer.plainRole)", database: "postgres")
        try server.psql("CREATE EXTENSION dblink", database: database)
        try server.psql(
            """
            CREATE TABLE victim (id int PRIMARY KEY, name text); INSERT INTO victim VALUES (1, 'a'), (2, 'b'), (3, 'c');
            CREATE SEQUENCE victim_seq; SELECT nextval('victim_seq');
            CREATE VIEW victim_updatable AS SELECT * FROM victim;
            CREATE MATERIALIZED VIEW victim_view AS SELECT * FROM victim;
            CREATE FUNCTION invoker_delete() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM victim; RETURN 1; END';
            CREATE FUNCTION definer_delete() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN DELETE FROM victim; RETURN 1; END';
            CREATE FUNCTION committing() RETURNS int LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM victim; RETURN 1; END';
            CREATE FUNCTION leave_prepared() RETURNS int LANGUAGE plpgsql AS
              'BEGIN EXECUTE ''PREPARE left_over AS SELECT 4711''; RETURN 1; END';
            CREATE FUNCTION deallocate_all() RETURNS int LANGUAGE plpgsql AS 'BEGIN EXECUTE ''DEALLOCATE ALL''; RETURN 1; END';
            CREATE PROCEDURE deleting() LANGUAGE sql AS 'DELETE FROM victim';
            CREATE PROCEDURE committing_delete() LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM victim; COMMIT; END';
            CREATE PROCEDURE committing_result(INOUT x int) LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM victim; COMMIT; END';
            CREATE VIEW deleting_view AS SELECT invoker_delete() AS n;
            """, role: PostgreSQLServer.plainRole, database: database)
        try server.psql("SELECT pg_create_physical_replication_slot('kept')", database: database)
        let object = try server.psql(
            "SELECT lo_from_bytea(0, 'precious')", role: PostgreSQLServer.plainRole, database: database)
        return Fixture(server: server, largeObject: String(object.split(separator: "\n").first ?? "0"))
    }

    private func open(_ role: String) throws -> PostgreSQLDriver {
        try PostgreSQLTestDatabase.open(try PostgreSQLServer.shared().socketURI(role: role, database: Self.database))
    }

    /// Statements that may run, because rolling back undoes all they do.
    private static let harmless: Set<String> = [
        "set_config default", "lo_create", "lo_creat", "lo_from_bytea", "lo_unlink", "lo_put", "lowrite", "lo_truncate",
        "pg_notify", "explain analyze create", "explain analyze select into",
    ]

    @Test(arguments: [PostgreSQLServer.plainRole, PostgreSQLServer.superuser])
    func attacksChangeNothing(role: String) throws {
        let fixture = try Self.fixture.get()
        var driver = try open(role)
        let before = try fixture.state()
        let attacks = try Corpus.lines("postgresql-attacks.tsv")
        #expect(attacks.count >= 60)
        for attack in attacks {
            let name = attack[0]
            let sql = fixture.fill(attack[1])
            // Twice: a statement that is known takes another path.
            for _ in 0..<2 {
                let error = driver.failure(sql)
                #expect(error != nil || Self.harmless.contains(name), "\(name) ran")
                #expect(error?.code != .connectionLost && error?.code != .internal, "\(name): \(String(describing: error))")
                #expect(driver.isUsable, "\(name) left the connection unusable")
                if !driver.isUsable { driver = try open(role) }
            }
            let probe = "SELECT current_setting('transaction_read_only'), current_user, (SELECT count(*) FROM victim)"
            #expect(try driver.rows(probe) == #"[["on","\#(role)",3]]"#, "\(name)")
            #expect(driver.failure("DELETE FROM victim RETURNING 1")?.code == .readOnly, "\(name)")
        }
        #expect(try fixture.state() == before)
        driver.close()
    }

    @Test(arguments: [PostgreSQLServer.plainRole, PostgreSQLServer.superuser])
    func ordinaryReadsRun(role: String) throws {
        let fixture = try Self.fixture.get()
        let driver = try open(role)
        defer { driver.close() }
        let reads = try Corpus.lines("postgresql-reads.tsv")
        #expect(reads.count >= 60)
        for read in reads {
            let sql = fixture.fill(read.joined(separator: "\t"))
            for _ in 0..<2 {
                let error = driver.failure(sql)
                #expect(error == nil, "\(sql): \(error?.message ?? "")")
            }
        }
        #expect(
            try fixture.server.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", database: Self.database) == "0\n"
        )
    }

    @Test(arguments: [
        ("SET search_path TO pg_temp", AccessMode.write), ("SET statement_timeout = 1", .write), ("SET ROLE plain_role", .write),
        ("SET SESSION AUTHORIZATION plain_role", .write), ("SET TimeZone = 'Asia/Tokyo'", .write),
        ("SET default_transaction_read_only = off", .write), ("SET bytea_output = escape", .write),
        ("SET DateStyle = 'German'", .write), ("SET client_encoding = 'LATIN1'", .write),
        ("SET standard_conforming_strings = off", .write), ("CREATE TEMP TABLE victim (a int)", .write),
        ("SELECT pg_advisory_lock(1)", .write), ("SELECT pg_advisory_lock(2)", .read), ("LISTEN channel", .write),
        ("PREPARE left_over AS SELECT 4711", .write), ("SELECT leave_prepared()", .read), ("SELECT deallocate_all()", .read),
        ("DEALLOCATE ALL", .write), ("DISCARD ALL", .write), ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", .write),
        ("SELECT nextval('victim_seq')", .write), ("SELECT set_config('search_path', 'pg_temp', false)", .read),
        ("SELECT set_config('client_encoding', 'LATIN1', false)", .read),
        ("SELECT set_config('role', 'plain_role', false)", .read),
        ("SELECT set_config('my.secret', 'x', false)", .write), ("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", .write),
        ("DO $$ BEGIN PERFORM set_config('work_mem', '1MB', false); COMMIT; END $$", .write),
    ])
    func poisonersLeaveNothing(_ poison: String, _ mode: AccessMode) throws {
        _ = try Self.fixture.get()
        let driver = try open(PostgreSQLServer.superuser)
        defer { driver.close() }
        let probe = """
            SELECT current_user, session_user, (SELECT string_agg(name || setting, ',' ORDER BY name) FROM pg_settings
            WHERE source NOT IN ('default', 'override') AND name NOT LIKE '%\\_timeout' AND name <> 'transaction_read_only'
            AND name <> 'transaction_isolation'),
            current_setting('my.secret', true), (SELECT count(*) FROM pg_listening_channels()), (SELECT count(*) FROM pg_cursors),
            (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
            (SELECT count(*) FROM pg_prepared_statements WHERE name = 'left_over'),
            (SELECT count(*) FROM pg_class WHERE relpersistence = 't'), (SELECT count(*) FROM victim), current_setting('statement_timeout')
            """
        let before = try driver.rows(probe)
        _ = driver.failure(poison, mode: mode)
        try driver.reset()
        let after = try driver.rows(probe).split(separator: #"\u0000"#).joined()
        // An unset custom parameter reads as the empty string once it was set.
        #expect(after.split(separator: #","","#).joined(separator: ",null,") == before, "\(poison)")
        #expect(driver.failure("SELECT currval('victim_seq')")?.sqlState == "55000")
        #expect(driver.failure("EXECUTE left_over") != nil)
        #expect(driver.failure("DELETE FROM victim")?.code == .readOnly)
        #expect(try driver.rows("SELECT '\\', 'é', 'a'::bytea") == #"[["\\","é","YQ=="]]"#)
    }

    @Test func refusalsNameTheRule() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        let gate = driver.failure("set x = 1")
        #expect(gate?.code == .readOnly)
        #expect(gate?.phase == .gate)
        #expect(gate?.message.contains("SET is not allowed in read-only mode: it returns no rows") == true)
        #expect(driver.failure("SELECT 1; SELECT 2")?.sqlState == "42601")
        #expect(driver.failure("")?.message == "There is no statement.")
        #expect(driver.failure("SELECT 1\u{0}; DROP TABLE x")?.phase == .gate)
        let engine = driver.failure("EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1")
        #expect(engine == nil || engine?.sqlState == "25006")
    }
}
