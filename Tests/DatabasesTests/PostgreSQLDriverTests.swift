import TestSupport
import Testing

@testable import Databases

@Suite struct PostgreSQLDriverTests {
    @Test func readsRows() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        for _ in 0..<3 {
            #expect(try driver.rows("SELECT 1 AS a, 'x' AS b, null AS c, true AS d") == #"[[1,"x",null,true]]"#)
            #expect(driver.isUsable)
        }
        let answer = try driver.answer("SELECT g FROM generate_series(1, 2500) g")
        #expect(answer.pages.count == 3)
        #expect(answer.outcome?.command == "SELECT")
        #expect(answer.outcome?.affectedRows == nil)
        #expect(answer.columns == [Column(name: "g", type: "int4", encoding: .integer)])
    }

    @Test func readsNoRows() throws {
        let driver = try PostgreSQLTestDatabase.open()
        let answer = try driver.answer("SELECT 1 AS one WHERE false")
        #expect(answer.columns.map(\.name) == ["one"])
        #expect(answer.rows == "[]")
    }

    @Test func parameters() throws {
        let driver = try PostgreSQLTestDatabase.open()
        let sql = "SELECT $1::int8, $2::bool, $3::float8, $4::text, $5::bytea, $6::numeric, $7::text"
        let rows = try driver.rows(
            sql, [.integer(.min), .bool(true), .double(0.1), .text("é'; --"), .bytes([0, 255]), .text("1e-400"), .null])
        #expect(
            rows == #"[["-9223372036854775808",true,0.1,"é'; --","AP8=","0."# + String(repeating: "0", count: 399) + #"1",null]]"#
        )
        for given in [[], [.integer(1), .integer(2)]] as [[Parameter]] {
            for _ in 0..<2 {
                let error = driver.failure("SELECT $1::int4", given)
                #expect(error?.code == .invalidParameters)
                #expect(error?.message.contains("has 1 parameters; \(given.count) were given") == true)
            }
        }
        #expect(driver.failure("SELECT $1::text", [.text("a\u{0}b")])?.code == .invalidParameters)
        #expect(driver.failure("SELECT 1", Array(repeating: .null, count: 65_536))?.code == .invalidParameters)
        #expect(driver.failure("SELECT $1::int4", [.text("x")])?.sqlState == "22P02")
        #expect(try driver.rows("SELECT $1::int4", [.integer(7)]) == "[[7]]")
    }

    @Test func metadata() throws {
        let driver = try PostgreSQLTestDatabase.open()
        let metadata = try driver.metadata()
        #expect(metadata.serverVersion.hasPrefix("PostgreSQL 15."))
        #expect(metadata.databaseName == PostgreSQLServer.database)
        #expect(metadata.currentUser == PostgreSQLServer.plainRole)
        #expect((metadata.sizeBytes ?? 0) > 1_000_000)
        #expect(driver.isUsable)
    }
}
