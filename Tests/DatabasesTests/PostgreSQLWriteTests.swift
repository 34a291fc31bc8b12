import TestSupport
import Testing

@testable import Databases

@Suite(.serialized) struct PostgreSQLWriteTests {
    @Test func writesAndCounts() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        let created = try driver.answer("CREATE TABLE written (id int PRIMARY KEY, name text)", mode: .write)
        #expect(created.outcome?.command == "CREATE TABLE")
        #expect(created.outcome?.affectedRows == nil)
        let inserted = try driver.answer(
            "INSERT INTO written SELECT g, $1 FROM generate_series(1, 5) g RETURNING id, name", [.text("x")], mode: .write)
        #expect(inserted.outcome?.command == "INSERT")
        #expect(inserted.outcome?.affectedRows == 5)
        #expect(inserted.rows == #"[[1,"x"],[2,"x"],[3,"x"],[4,"x"],[5,"x"]]"#)
        #expect(try driver.answer("UPDATE written SET name = 'y' WHERE id > 3", mode: .write).outcome?.affectedRows == 2)
        #expect(try driver.answer("DELETE FROM written WHERE id = 1", mode: .write).outcome?.affectedRows == 1)
        #expect(try driver.rows("SELECT count(*) FROM written") == "[[4]]")
        #expect(driver.failure("INSERT INTO written VALUES (2, 'again')", mode: .write)?.sqlState == "23505")
        #expect(driver.failure("INSERT INTO written VALUES (9, 'r')")?.code == .readOnly)
        // A sink that has enough must not undo the write.
        let sink = PostgreSQLSink()
        sink.stopAfterPages = 1
        _ = try driver.answer(
            "INSERT INTO written SELECT g FROM generate_series(100, 5000) g RETURNING id", mode: .write, sink: sink)
        #expect(try driver.rows("SELECT count(*) FROM written") == "[[4905]]")
    }

    @Test(arguments: [
        "BEGIN", "COMMIT", "rollback", "/* x */ END", "SAVEPOINT a", "RELEASE a", "START TRANSACTION", "ABORT",
        "PREPARE TRANSACTION 'x'",
        "COPY pg_class TO STDOUT", "COPY x FROM STDIN",
    ])
    func refused(_ sql: String) throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        #expect(driver.failure(sql, mode: .write)?.code == .policy)
        #expect(driver.isUsable)
    }

    @Test func withoutTransaction() throws {
        let driver = try PostgreSQLTestDatabase.open(role: PostgreSQLServer.superuser)
        defer { driver.close() }
        #expect(try driver.answer("CREATE DATABASE made_by_write", mode: .write).outcome?.command == "CREATE DATABASE")
        #expect(try driver.answer("DROP DATABASE made_by_write", mode: .write).outcome?.command == "DROP DATABASE")
        #expect(try driver.answer("VACUUM pg_class", mode: .write).outcome?.command == "VACUUM")
        _ = try driver.answer("CREATE TABLE alone (a int)", mode: .write)
        _ = try driver.answer("CREATE INDEX CONCURRENTLY ON alone (a)", mode: .write)
        _ = try driver.answer(
            "DO $$ BEGIN INSERT INTO alone VALUES (1); COMMIT; INSERT INTO alone VALUES (2); END $$", mode: .write)
        #expect(try driver.rows("SELECT * FROM alone ORDER BY a") == "[[1],[2]]")
        #expect(driver.failure("INSERT INTO alone VALUES (3)")?.code == .readOnly)
    }

    @Test func deferredConstraintsFailTheStatement() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        _ = try driver.answer("CREATE TABLE later (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)", mode: .write)
        #expect(driver.failure("INSERT INTO later VALUES (1), (1)", mode: .write)?.sqlState == "23505")
        #expect(try driver.rows("SELECT count(*) FROM later") == "[[0]]")
    }

    @Test func errorsAndNotices() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        let error = driver.failure("SELECT 'é𝄞', missing FROM pg_class")
        #expect(error?.code == .queryFailed)
        #expect(error?.sqlState == "42703")
        #expect(error?.position == 14)
        #expect(error?.phase == .prepare)
        #expect(driver.failure("SELECT 1 / $1::int", [.integer(0)])?.sqlState == "22012")
        #expect(driver.failure("SELECT 1 / $1::int", [.integer(0)])?.phase == .execute)
        #expect(try driver.rows("SELECT 1 / $1::int", [.integer(1)]) == "[[1]]")
        let notices = try driver.answer("DO $$ BEGIN FOR i IN 1..300 LOOP RAISE NOTICE 'n%', i; END LOOP; END $$", mode: .write)
        #expect(notices.outcome?.notices.count == 100)
        #expect(notices.outcome?.notices.first == Notice(severity: "NOTICE", message: "n1", code: "00000"))
        #expect(try driver.answer("SELECT 1").outcome?.notices == [])
    }

    @Test func cachedStatementsFollowTheDatabase() throws {
        let driver = try PostgreSQLTestDatabase.open()
        let other = try PostgreSQLTestDatabase.open()
        defer {
            driver.close()
            other.close()
        }
        _ = try other.answer("CREATE TABLE changing (a int)", mode: .write)
        for sql in ["ALTER TABLE changing ADD b text", "ALTER TABLE changing RENAME a TO c", "ALTER TABLE changing DROP c"] {
            _ = try driver.answer("SELECT * FROM changing")
            _ = try other.answer(sql, mode: .write)
        }
        #expect(try driver.answer("SELECT * FROM changing").columns.map(\.name) == ["b"])
        // Equal to String, not to a database.
        #expect(try driver.rows("SELECT length('e\u{301}')") == "[[2]]")
        #expect(try driver.rows("SELECT length('\u{e9}')") == "[[1]]")
        for number in 0..<300 { #expect(try driver.rows("SELECT \(number)") == "[[\(number)]]") }
        #expect(try driver.rows("SELECT count(*) < 140 FROM pg_prepared_statements") == "[[true]]")
        #expect(try driver.rows("SELECT '\(String(repeating: "x", count: 20_000))'").utf8.count == 20_006)
    }

    @Test func manyColumns() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        let list = (1...1600).map { "\($0) AS c\($0)" }.joined(separator: ",")
        let answer = try driver.answer("SELECT \(list)")
        #expect(answer.columns.count == 1600)
        #expect(answer.columns.last?.name == "c1600")
    }
}
