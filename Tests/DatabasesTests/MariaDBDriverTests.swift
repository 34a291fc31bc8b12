import TestSupport
import Testing

@testable import Databases

extension MariaDBServerTests {
    @Suite struct MariaDBDriverTests {
        @Test func `one row of plain types`() throws {
            let database = try MariaDBHarness()
            let answer = try database.run("SELECT 1 AS one, 'a\"b' AS text, NULL AS nothing, 1.50 AS exact, 0.1e0 AS real_")
            #expect(answer.rows == #"[[1,"a\"b",null,"1.50",0.1]]"#)
            #expect(answer.columns.map(\.encoding) == [.integer, .string, .string, .decimal, .float])
            #expect(answer.columns.map(\.type) == ["INT", "VARCHAR(3)", "NULL", "DECIMAL(3,2)", "DOUBLE"])
            #expect(answer.outcome.command == "SELECT")
            #expect(answer.outcome.affectedRows == nil)
        }
    }
}
