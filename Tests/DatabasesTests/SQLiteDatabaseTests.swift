import Glibc
import Testing

@testable import Databases

@Suite struct SQLiteDatabaseTests {
    private func open(_ file: SQLiteTestFile) throws -> SQLiteDatabase {
        try SQLiteDatabase(path: file.path, access: .readWrite)
    }

    @Test func valuesRoundTrip() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a);")
        let database = try open(file)
        let values: [Parameter] = [
            .null, .integer(.max), .integer(.min), .double(0.1), .text(""), .text("a\0b"), .text("ü🦉"), .bytes([]),
            .bytes([0, 255]),
        ]
        for value in values {
            #expect(try database.run("INSERT INTO t VALUES ($1)", [value]).affectedRows == 1)
        }
        #expect(try database.run("SELECT a FROM t ORDER BY rowid", []).rows == values.map { [$0] })
        // Not repaired: U+FFFD would be another text.
        #expect(try database.run("SELECT cast($1 AS TEXT)", [.bytes([0x61, 0xFF])]).rows == [[.bytes([0x61, 0xFF])]])
    }

    @Test func affectedRowsAreThisStatements() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a);")
        let database = try open(file)
        #expect(try database.run("INSERT INTO t VALUES (1), (2)", []).affectedRows == 2)
        #expect(try database.run("SELECT * FROM t", []).affectedRows == 0)
        #expect(try database.run("UPDATE t SET a = 3 WHERE a > 9", []).affectedRows == 0)
        #expect(try database.run("CREATE TABLE u (a)", []).affectedRows == 0)
    }

    @Test func parametersAreCountedAndNamed() throws {
        let file = try SQLiteTestFile()
        let database = try open(file)
        #expect(
            try database.run("SELECT $2, $1, $2", [.integer(1), .integer(2)]).rows == [[.integer(2), .integer(1), .integer(2)]])
        for (sql, count) in [("SELECT $1", 0), ("SELECT $1", 2), ("SELECT 1", 1), ("SELECT $2", 1)] {
            let error = try databaseError { try database.run(sql, Array(repeating: .null, count: count)) }
            #expect(error.code == .invalidParameters)
        }
    }

    @Test func nothingIsDroppedInSilence() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a);")
        let database = try open(file)
        #expect(try databaseError { try database.run("SELECT 1; DELETE FROM t", []) }.code == .queryFailed)
        #expect(try databaseError { try database.run("SELECT 1\0 FROM nothing", []) }.code == .queryFailed)
        #expect(try databaseError { try database.execute("SELECT 1;\0 DROP TABLE t") }.code == .queryFailed)
        #expect(try database.run("SELECT 1; -- done", []).rows == [[.integer(1)]])
    }

    @Test func aClosedDatabaseSaysSo() throws {
        let file = try SQLiteTestFile()
        let database = try open(file)
        database.close()
        database.close()
        #expect(try databaseError { try database.run("SELECT 1", []) }.code == .connectionLost)
        #expect(try databaseError { try database.execute("SELECT 1") }.code == .connectionLost)
    }

    @Test func moreStatementsThanAreKeptStillRun() throws {
        let file = try SQLiteTestFile()
        let database = try open(file)
        for index in 0..<600 { #expect(try database.run("SELECT \(index)", []).rows == [[.integer(Int64(index))]]) }
    }

    @Test func linksAndURIsAreNotFollowed() throws {
        let file = try SQLiteTestFile()
        symlink(file.path, file.directory + "/link")
        #expect(
            try databaseError { _ = try SQLiteDatabase(path: file.directory + "/link", access: .readWrite) }.code
                == .connectionFailed)
        #expect(
            try databaseError { _ = try SQLiteDatabase(path: "file:\(file.path)?mode=rw", access: .readWrite) }.code
                == .connectionFailed)
    }
}
