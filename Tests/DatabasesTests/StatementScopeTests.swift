import TestSupport
import Testing

@testable import Databases

/// What an assistant's statement may reach, against real servers and by accounts that may do everything: `Corpora/…-scope.tsv`.
///
/// A refused statement does not run: some of them would take a minute, others would change the server.
struct ScopeCorpus {
    /// Runs every line; `run` throws what the driver throws.
    static func check(_ name: String, refused: Int, ran: Int, _ run: (String) throws -> Void) throws {
        let started = ContinuousClock.now
        let lines = try Corpus.lines(name)
        #expect(lines.count { $0[0] != "ran" } >= refused && lines.count { $0[0] == "ran" } >= ran)
        for line in lines {
            let (expected, sql) = (line[0], line[1])
            do {
                try run(sql)
                #expect(expected == "ran", "\(sql) ran")
            } catch let error as DatabaseError {
                #expect(error.message.contains(expected), "\(sql): \(error)")
                guard !["too big", "no such function", "no such table"].contains(expected) else { continue }
                #expect(error.code == .policy && error.phase == .gate && error.hint != nil, "\(sql): \(error)")
            }
        }
        // Nothing slept, not even once.
        #expect(ContinuousClock.now - started < .seconds(50) * TestScale.slack)
    }
}

@Suite(.serialized) struct PostgreSQLScopeTests {
    private func run(_ driver: PostgreSQLDriver, _ sql: String, _ scope: StatementScope, mode: AccessMode = .read) throws {
        var pager = RowPager(pageRows: 1000, pageBytes: 256 << 10, sink: PostgreSQLSink())
        _ = try driver.run(Statement(sql: sql, mode: mode, scope: scope, timeoutMs: 20_000), into: &pager)
        try pager.finish()
    }

    @Test func theCorpus() throws {
        let driver = try PostgreSQLTestDatabase.open(role: PostgreSQLServer.superuser)
        defer { driver.close() }
        try ScopeCorpus.check("postgresql-scope.tsv", refused: 90, ran: 30) { sql in
            try run(driver, sql, .data)
            // What is known takes another path.
            try run(driver, sql, .data)
        }
        #expect(driver.isUsable)
    }

    @Test func whatAPersonRanIsRefusedAllTheSame() throws {
        let driver = try PostgreSQLTestDatabase.open(role: PostgreSQLServer.superuser)
        defer { driver.close() }
        for sql in ["SELECT pg_sleep(0)", "SELECT count(*) FROM pg_authid", "SHOW data_directory"] {
            try run(driver, sql, .account)
            try run(driver, sql, .account)
            #expect(try databaseError { try run(driver, sql, .data) }.code == .policy, "\(sql)")
            try run(driver, sql, .account)
        }
    }

    @Test func onlyShortReads() throws {
        let driver = try PostgreSQLTestDatabase.open(role: PostgreSQLServer.superuser)
        defer { driver.close() }
        #expect(try databaseError { try run(driver, "DELETE FROM pg_class", .data) }.code == .readOnly)
        #expect(try databaseError { try run(driver, "CREATE TABLE scope_made (a int)", .data, mode: .write) }.code == .policy)
        let long = "SELECT '" + String(repeating: "x", count: StatementScope.textBytesMax) + "'"
        #expect(try databaseError { try run(driver, long, .data) }.code == .policy)
        try run(driver, long, .account)
        #expect(try databaseError { try run(driver, "SELECT 1 FROM scope_made", .account) }.sqlState == "42P01")
    }
}

extension MariaDBServerTests {
    @Suite struct MariaDBScopeTests {
        private func run(_ driver: MariaDBDriver, _ sql: String, _ scope: StatementScope) throws {
            _ = try MariaDBHarness.run(driver, Statement(sql: sql, scope: scope, timeoutMs: 20_000))
        }

        @Test func `the corpus`() throws {
            try Watcher().prepare()
            let harness = try MariaDBHarness(MariaDBServer.root)
            try ScopeCorpus.check("mariadb-scope.tsv", refused: 60, ran: 30) { try run(harness.driver, $0, .data) }
            #expect(harness.driver.isUsable)
        }

        /// The spellings that are refused are ones the server takes.
        @Test func `what is refused by name would have run`() throws {
            let harness = try MariaDBHarness(MariaDBServer.root)
            for sql in [
                "SELECT `sleep`(0)", "SELECT sleep (0)", "SELECT LOAD_FILE('/etc/hostname')", "SELECT * FROM mysql.user",
                "SHOW GRANTS", "SELECT @@datadir", "SELECT COUNT(*) FROM information_schema.user_privileges",
            ] {
                try run(harness.driver, sql, .account)
                #expect(try databaseError { try run(harness.driver, sql, .data) }.code == .policy, "\(sql)")
            }
        }

        @Test func `a project in one of the server's own schemas gets nothing`() throws {
            let server = try MariaDBServer.shared.get()
            for (schema, sql) in [("mysql", "SELECT * FROM user"), ("information_schema", "SELECT * FROM user_privileges")] {
                let target = try ConnectionTarget.parse(server.uri(MariaDBServer.root), as: .mysql)
                var inside = target
                inside.database = schema
                let driver = try MariaDBDriver.open(inside, ConnectOptions(policy: ConnectionPolicy()))
                defer { driver.close() }
                try run(driver, sql, .account)
                #expect(try databaseError { try run(driver, sql, .data) }.code == .policy, "\(schema)")
            }
        }
    }
}

@Suite struct SQLiteScopeTests {
    private func run(_ driver: SQLiteDriver, _ sql: String, _ scope: StatementScope) throws {
        var pager = RowPager(pageRows: 1000, pageBytes: 256 << 10, sink: SQLiteSink())
        _ = try driver.run(Statement(sql: sql, scope: scope, timeoutMs: 20_000), into: &pager)
        try pager.finish()
    }

    @Test func theCorpus() throws {
        let file = try SQLiteTestFile(SQLiteGateTests.schema)
        let driver = try file.driver()
        defer { driver.close() }
        try ScopeCorpus.check("sqlite-scope.tsv", refused: 17, ran: 20) { try run(driver, $0, .data) }
    }

    /// The limits are the assistant's statement's alone.
    @Test func aPersonsStatementIsAsFreeAsBefore() throws {
        let file = try SQLiteTestFile(SQLiteGateTests.schema + "CREATE VIEW hidden AS SELECT zeroblob(3000000) AS z;")
        let driver = try file.driver()
        defer { driver.close() }
        for sql in ["SELECT zeroblob(2000000)", "SELECT z FROM hidden"] {
            try run(driver, sql, .account)
            #expect(throws: DatabaseError.self, "\(sql)") { try run(driver, sql, .data) }
            try run(driver, sql, .account)
        }
        let deep = "SELECT " + Array(repeating: "1", count: 200).joined(separator: " + ")
        try run(driver, deep, .account)
        #expect(throws: DatabaseError.self) { try run(driver, deep, .data) }
    }
}
