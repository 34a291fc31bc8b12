import TestSupport
import Testing

@testable import Databases

/// A statement sees nothing of the one before it.
extension MariaDBServerTests {
    @Suite struct MariaDBSessionStateTests {
        static let poisoners: [(AccessMode, String)] = [
            (.read, "SELECT GET_LOCK('poison', 0)"), (.read, "SELECT @poison := 1"), (.read, "SELECT LAST_INSERT_ID(77)"),
            (.read, "SELECT SQL_CALC_FOUND_ROWS seq FROM seq_1_to_50 LIMIT 1"), (.write, "SET @poison = 2"),
            (.write, "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'"), (.write, "SET NAMES latin1"),
            (.write, "SET SESSION time_zone = '+05:00'"), (.write, "SET SESSION lc_time_names = 'de_DE'"),
            (.write, "SET SESSION max_statement_time = 1000"), (.write, "SET SESSION foreign_key_checks = 0"),
            (.write, "SET SESSION tx_isolation = 'READ-UNCOMMITTED'"), (.write, "SET SESSION tx_read_only = 0"),
            (.write, "SET SESSION sql_select_limit = 1"), (.write, "SET SESSION group_concat_max_len = 4"),
            (.write, "SET SESSION max_recursive_iterations = 1"), (.write, "SET SESSION insert_id = 900"),
            (.write, "SET SESSION timestamp = 1"), (.write, "SET ROLE NONE"),
            (.write, "CREATE TEMPORARY TABLE poison (i INT)"), (.write, "CREATE TEMPORARY TABLE kept (i INT)"),
            (.write, "CALL open_transaction()"), (.write, "CALL prepare_something()"), (.write, "CALL take_lock()"),
            (.write, "SELECT GET_LOCK('poison', 0)"),
        ]

        static let probe = """
            SELECT @poison, IS_USED_LOCK('poison'), LAST_INSERT_ID(), FOUND_ROWS(), "text", 'a\\\\b', @@time_zone, @@lc_time_names, \
            @@foreign_key_checks, @@tx_isolation, @@tx_read_only, @@sql_select_limit, @@group_concat_max_len, \
            @@max_recursive_iterations, @@character_set_client, @@character_set_results, @@collation_connection, @@autocommit, \
            @@in_transaction, DATABASE(), CURRENT_ROLE(), @@sql_mode, NOW() > '2020-01-01', @@max_statement_time
            """

        @Test func `twenty-five poisoners leave nothing`() throws {
            let watcher = try Watcher()
            for sql in [
                "CREATE OR REPLACE TABLE transactional (i INT)",
                "CREATE OR REPLACE PROCEDURE open_transaction() BEGIN START TRANSACTION READ WRITE; INSERT INTO transactional VALUES (1); END",
                "CREATE OR REPLACE PROCEDURE prepare_something() BEGIN PREPARE poison FROM 'SELECT 1'; END",
                "CREATE OR REPLACE PROCEDURE take_lock() BEGIN SET @poison = GET_LOCK('poison', 0); END",
            ] { try watcher.session.execute(sql) }
            try watcher.session.execute("GRANT CREATE TEMPORARY TABLES, EXECUTE ON app.* TO plain")
            let clean = try MariaDBHarness().run(Self.probe).rows
            let database = try MariaDBHarness()
            for (mode, sql) in Self.poisoners {
                _ = try database.run(sql, mode: mode)
                #expect(try database.run(Self.probe).rows == clean, "\(sql)")
                #expect(throws: DatabaseError.self, "\(sql)") { try database.run("SELECT * FROM poison") }
                let prepared = #expect(throws: DatabaseError.self) { try database.run("EXECUTE poison", mode: .write) }
                #expect(prepared?.phase == .gate)
            }
        }

        @Test func `a write commits, tells its rows and its warnings, and a failed one leaves nothing`() throws {
            let database = try MariaDBHarness()
            try database.write("CREATE OR REPLACE TABLE w (i INT PRIMARY KEY, t VARCHAR(3))")
            let inserted = try database.run("INSERT INTO w VALUES (1,'a'),(2,'b')", mode: .write)
            #expect(inserted.outcome.command == "INSERT")
            #expect(inserted.outcome.affectedRows == 2)
            #expect(throws: DatabaseError.self) { try database.run("INSERT INTO w VALUES (3,'c'),(1,'x')", mode: .write) }
            #expect(try MariaDBHarness().run("SELECT COUNT(*) FROM w").rows == "[[2]]")
            let returned = try database.run("INSERT INTO w VALUES (3,'c') RETURNING i, t", mode: .write)
            #expect(returned.rows == #"[[3,"c"]]"#)
            let warned = try database.run("SELECT CAST('12x' AS INT)")
            #expect(
                warned.outcome.notices == [
                    Notice(severity: "WARNING", message: "Truncated incorrect INTEGER value: '12x'", code: "1292")
                ])
            let dropped = try database.run("DROP TABLE w", mode: .write)
            #expect(dropped.outcome.command == "DROP TABLE")
            #expect(dropped.outcome.affectedRows == nil)
        }

        @Test func `several results of a procedure: the first is shown, the rest do not disturb the next statement`() throws {
            try Watcher().session.execute("CREATE OR REPLACE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS b; END")
            let database = try MariaDBHarness()
            #expect(try database.run("CALL two()", mode: .write).rows == "[[1]]")
            #expect(try database.run("SELECT 3").rows == "[[3]]")
        }

        @Test func `metadata`() throws {
            let database = try MariaDBHarness()
            let metadata = try database.driver.metadata()
            #expect(metadata.serverVersion.hasPrefix("MariaDB 1"))
            #expect(metadata.databaseName == "app")
            #expect(metadata.currentUser == "plain@%")
            #expect((metadata.sizeBytes ?? 0) > 0)
            #expect(metadata.tableCount > 0)
        }
    }
}
