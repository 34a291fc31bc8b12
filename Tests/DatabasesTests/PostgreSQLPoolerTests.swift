import Glibc
import TestSupport
import Testing
import Threads

@testable import Databases

/// Connections through a real PgBouncer: the same session as without it, or none.
@Suite(.serialized, .enabled(if: PgBouncerServer.isInstalled, "pgbouncer is not installed")) struct PostgreSQLPoolerTests {
    private static let settings = """
        SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings
        WHERE name NOT IN ('application_name', 'transaction_read_only', 'statement_timeout', 'lock_timeout')
        """
    /// What is in force outside of the transaction that looks.
    private static let mine = """
        SELECT current_setting('application_name'), current_setting('transaction_read_only'), current_user::text,
        current_setting('default_transaction_read_only'), current_setting('search_path')
        """

    private func pooler(_ settings: [String: String] = [:]) throws -> PgBouncerServer {
        try PgBouncerServer.start(to: try PostgreSQLServer.shared(), settings: settings)
    }

    /// How many server connections were ended, which only a look does, once it is as many as this or for some time fewer.
    private func looks(_ pooler: PgBouncerServer, _ wanted: Int) throws -> Int {
        let until = ContinuousClock.now + .seconds(5)
        while true {
            let lines = try pooler.log().split(separator: "\n")
            let ended = lines.filter { $0.contains(" S-") && $0.contains("closing because") }
            // A cancel is a short connection of its own.
            let count = ended.count { !$0.contains("cancel request") }
            if count > wanted { Issue.record("\(ended)") }
            if count >= wanted || ContinuousClock.now > until { return count }
            usleep(50_000)
        }
    }

    /// Whether the pooler refuses the settings of a start, or was told to leave them out without a word; over TLS too.
    @Test(arguments: [[:], ["ignore_startup_parameters": "options"], ["client_tls_sslmode": "require"]])
    func settingsAreThoseOfADirectConnection(_ settings: [String: String]) throws {
        let certificate = try PostgreSQLServer.shared().directory + "/data/server."
        let pooler = try pooler(
            settings["client_tls_sslmode"] == nil
                ? settings
                : settings.merging(["client_tls_key_file": certificate + "key", "client_tls_cert_file": certificate + "crt"]) {
                    $1
                })
        let direct = try PostgreSQLTestDatabase.open()
        for uri in [pooler.uri(), pooler.uri(query: "?target_session_attrs=read-write"), pooler.socketURI()] {
            let lent = try PostgreSQLTestDatabase.open(uri)
            #expect(lent.session.pooler != nil && direct.session.pooler == nil)
            #expect(try lent.rows(Self.settings) == direct.rows(Self.settings))
            #expect(try lent.rows(Self.mine) == direct.rows(Self.mine))
            #expect(lent.isSuperuser == false && lent.isUsable)
            // Stopped at the server by a cancel that goes through the pooler.
            let sink = PostgreSQLSink()
            sink.stopAfterPages = 1
            #expect(try lent.answer("SELECT generate_series(1, 1000000000)", sink: sink).outcome?.command == "SELECT")
            #expect(try lent.rows("SELECT 5") == "[[5]]")
            // What undoes everything does not undo our settings.
            try lent.reset()
            _ = try lent.answer("SET DateStyle = 'German'", mode: .write)
            #expect(try lent.rows(Self.settings) == direct.rows(Self.settings))
            #expect(lent.failure("DELETE FROM pg_class RETURNING 1")?.code == .readOnly)
            lent.close()
        }
        direct.close()
        let superuser = try PostgreSQLTestDatabase.open(pooler.uri(role: PostgreSQLServer.superuser))
        #expect(superuser.isSuperuser)
        superuser.close()
        // The server's word for a look: one for each pool, not one for each connection.
        #expect(try looks(pooler, 3) == 3)
    }

    /// What others find in a server connection that was ours, where the pooler does not clean it; and what we find in theirs.
    @Test func nothingIsLeftForOthersNorByThem() throws {
        let pooler = try pooler(["server_reset_query": "", "default_pool_size": "1"])
        let direct = try PostgreSQLTestDatabase.open()
        let server = try PostgreSQLServer.shared()
        try server.psql(
            """
            DROP SCHEMA IF EXISTS evil CASCADE; CREATE SCHEMA evil; GRANT ALL ON SCHEMA evil TO PUBLIC;
            CREATE TABLE evil.kept (a int); GRANT ALL ON evil.kept TO PUBLIC;
            CREATE FUNCTION evil.equal(int, int) RETURNS bool LANGUAGE sql AS 'SELECT true';
            CREATE OPERATOR evil.= (FUNCTION = evil.equal, LEFTARG = int, RIGHTARG = int);
            CREATE DOMAIN evil.int4 AS text
            """)
        defer { _ = try? server.psql("DROP SCHEMA evil CASCADE") }
        let first = try PostgreSQLTestDatabase.open(pooler.uri())
        let pid = first.session.pooler?.serverPID
        #expect(try first.rows("SELECT 1") == "[[1]]")
        first.close()
        let poisons = [
            "SET default_transaction_read_only = off; SET search_path = evil, pg_catalog", "SET DateStyle = 'German'",
            "SET standard_conforming_strings = off; SET client_encoding = 'LATIN1'", "SET TimeZone = 'Asia/Tokyo'",
            "SET extra_float_digits = 0; SET bytea_output = escape; SET IntervalStyle = iso_8601",
            "SET client_min_messages = error; SET row_security = off; SET lock_timeout = 77",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE, DEFERRABLE, ISOLATION LEVEL SERIALIZABLE",
            "SELECT pg_advisory_lock(4711); LISTEN somebody", "PREPARE left_over AS DELETE FROM evil.kept",
            "CREATE TEMP TABLE pg_class AS SELECT 1 AS a; CREATE TEMP SEQUENCE s; SELECT nextval('s')",
            "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT",
        ]
        for poison in poisons {
            // The same server connection for all: there is only one.
            let seen = try pooler.psql(
                "SELECT pg_backend_pid(), current_setting('default_transaction_read_only'), current_setting('extra_float_digits')"
            )
            #expect(seen.hasSuffix("|off|1\n") && seen.hasPrefix("\(pid ?? 0)|"), "\(seen) before \(poison)")
            try pooler.psql(poison)
            let lent = try PostgreSQLTestDatabase.open(pooler.uri())
            #expect(lent.session.pooler?.serverPID == pid)
            #expect(try lent.rows(Self.settings) == direct.rows(Self.settings), "after \(poison)")
            #expect(try lent.rows(Self.mine) == direct.rows(Self.mine), "after \(poison)")
            #expect(lent.failure("INSERT INTO evil.kept VALUES (1) RETURNING a")?.code == .readOnly, "after \(poison)")
            #expect(
                try lent.rows(
                    """
                    SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
                    (SELECT count(*) FROM pg_prepared_statements WHERE name = 'left_over'), pg_my_temp_schema()::int = 0
                    OR NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = pg_my_temp_schema()),
                    (SELECT count(*) FROM pg_cursors WHERE name = 'c'), (SELECT count(*) FROM pg_listening_channels())
                    """) == "[[0,0,true,0,0]]", "after \(poison)")
            lent.close()
        }
        // As the superuser's pool has it: another role.
        let own = try PostgreSQLTestDatabase.open(pooler.uri(role: PostgreSQLServer.superuser))
        own.close()
        for poison in ["SET ROLE plain_role", "SET SESSION AUTHORIZATION plain_role"] {
            try pooler.psql(poison, role: PostgreSQLServer.superuser)
            let lent = try PostgreSQLTestDatabase.open(pooler.uri(role: PostgreSQLServer.superuser))
            #expect(try lent.rows("SELECT current_user::text, session_user::text") == #"[["root_role","root_role"]]"#)
            #expect(lent.isSuperuser)
            lent.close()
        }
        // One that cannot be cleaned is closed.
        let broken = try PostgreSQLTestDatabase.open(pooler.uri())
        broken.session.abandon()
        broken.close()
        #expect(
            try pooler.psql("SELECT pg_backend_pid(), current_setting('extra_float_digits')").hasPrefix("\(pid ?? 0)|") == false)
        #expect(try pooler.psql("SELECT current_setting('default_transaction_read_only')") == "off\n")
        direct.close()
    }

    @Test(arguments: [PgBouncerServer.transactions, PgBouncerServer.statements], [1, 5])
    func othersThanSessionsAreRefused(database: String, others: Int) throws {
        let pooler = try pooler(["server_reset_query": "", "server_round_robin": others == 1 ? "0" : "1"])
        // A pool with more than one connection in it, and one that is used all the time.
        let holders = try (1..<others).map { _ in
            try ChildProcess.start([
                "env", "PGPASSWORD=" + PostgreSQLServer.password, "psql", "-X", "-q", "-h", "127.0.0.1", "-p", "\(pooler.port)",
                "-U", PostgreSQLServer.plainRole, database, "-c", "SELECT pg_sleep(0.3)",
            ])
        }
        for holder in holders { #expect(ChildProcess.wait(holder) == 0) }
        for _ in 0..<2 {
            let failure = try PostgreSQLTestDatabase.failure(pooler.uri(database: database))
            #expect(failure?.code == .connectionFailed && failure?.phase == .readOnlyCheck, "\(String(describing: failure))")
            #expect(failure?.message.contains("pool_mode=session") == true && failure?.retryable == false)
        }
        // Nothing was set or left in any of the connections that others use.
        for _ in 0..<6 {
            let seen = try pooler.psql(
                """
                SELECT current_setting('default_transaction_read_only'), current_setting('extra_float_digits'),
                current_setting('idle_session_timeout'),
                (SELECT count(*) FROM pg_prepared_statements WHERE NOT starts_with(name, 'PGBOUNCER_'))
                """, database: database)
            #expect(seen == "off|1|0|0\n")
        }
    }

    /// Should a server connection ever be taken back all the same, as where the mode is changed later: no statement runs on another one.
    @Test func aConnectionThatIsTakenBackIsNoticed() throws {
        let server = try PostgreSQLServer.shared()
        let pooler = try pooler()
        try server.psql("DROP TABLE IF EXISTS taken; CREATE TABLE taken (a int)", role: PostgreSQLServer.plainRole)
        defer { _ = try? server.psql("DROP TABLE taken") }
        let uri = pooler.uri(database: PgBouncerServer.transactions)
        let place = PostgreSQLPoolers.Place(try PostgreSQLConnectionString.parse(uri))
        for (sql, mode) in [
            ("SELECT count(*) FROM taken", AccessMode.read), ("INSERT INTO taken VALUES (1)", .write), ("VACUUM taken", .write),
        ] {
            // What is not so.
            try PostgreSQLPoolers.shared.prove(place, deadlineMs: Monotonic.nowMs + 1000) {
                () throws(PostgreSQLPoolerProbe.Outcome) in
            }
            let lent = try PostgreSQLTestDatabase.open(uri)
            let pid = lent.session.pooler?.serverPID ?? 0
            #expect(try lent.rows("SELECT count(*) FROM taken") == "[[0]]")
            let holder = try ChildProcess.start([
                "env", "PGPASSWORD=" + PostgreSQLServer.password, "psql", "-X", "-q", "-h", "127.0.0.1", "-p",
                "\(pooler.port)", "-U", PostgreSQLServer.plainRole, PgBouncerServer.transactions, "-c", "SELECT pg_sleep(3)",
            ])
            let until = ContinuousClock.now + .seconds(3)
            while try !server.psql("SELECT query FROM pg_stat_activity WHERE pid = \(pid)").contains("pg_sleep") {
                try #require(ContinuousClock.now < until)
            }
            for _ in 0..<2 {
                let failure = lent.failure(sql, mode: mode)
                #expect(
                    failure?.code == .connectionLost && failure?.retryable == true, "\(sql): \(String(describing: failure))")
                #expect(!lent.isUsable && !PostgreSQLPoolers.shared.isKnown(place))
            }
            lent.close()
            #expect(ChildProcess.wait(holder) == 0)
        }
        #expect(try server.psql("SELECT count(*) FROM taken") == "0\n")
        let failure = try PostgreSQLTestDatabase.failure(uri)
        #expect(failure?.message.contains("pool_mode=session") == true, "\(String(describing: failure))")
    }

    /// Eight at once make one look, and all connect.
    @Test func manyAtOnce() async throws {
        let pooler = try pooler()
        let uri = pooler.uri()
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let connection = try await DatabaseConnection.open(
                        try ConnectionTarget.parse(uri, as: .postgresql), PostgreSQLTestDatabase.options)
                    let version = try await connection.metadata().serverVersion
                    connection.close()
                    return version
                }
            }
            for try await version in group { #expect(version.hasPrefix("PostgreSQL ")) }
        }
        #expect(try looks(pooler, 1) == 1)
    }

    @Test func whatAPoolerSaysIsUnderstood() throws {
        let pooler = try pooler(["default_pool_size": "1"])
        let uri = pooler.uri()
        #expect(
            try PostgreSQLTestDatabase.failure(uri.replacing("canary-p%40ss", with: "wrong"))?.code == .authenticationFailed)
        #expect(try PostgreSQLTestDatabase.failure(pooler.uri(database: "no_such_db"))?.code == .unknownDatabase)
        #expect(try PostgreSQLTestDatabase.failure(pooler.uri(query: "?sslmode=require"))?.code == .tlsRequired)
        let standby = try PostgreSQLTestDatabase.failure(pooler.uri(query: "?target_session_attrs=standby"))
        #expect(standby?.code == .connectionFailed && standby?.phase == .readOnlyCheck, "\(String(describing: standby))")
        let holder = try PostgreSQLTestDatabase.open(uri)
        let short = ConnectOptions(connectTimeoutMs: 600, policy: ConnectionPolicy())
        let failure = try PostgreSQLTestDatabase.failure(uri, short)
        #expect(failure?.code == .connectTimeout && failure?.message.contains("pool size") == true)
        holder.close()
        #expect(try PostgreSQLTestDatabase.open(uri).rows("SELECT 1") == "[[1]]")
    }
}
