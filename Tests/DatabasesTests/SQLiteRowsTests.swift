import Protocol
import TestSupport
import Testing

@testable import Databases

/// Every value comes out lossless, and its storage class can be told from its form.
@Suite struct SQLiteRowsTests {
    static let columns = "CREATE TABLE c (i INTEGER, r REAL, t TEXT, b BLOB, n NUMERIC, x);"

    /// The cell of `SELECT literal` through a column of the declared type (no affinity is applied to what is selected).
    private static func cell(_ literal: String, _ column: String = "x") throws -> String {
        let file = try SQLiteTestFile(columns)
        // A STRICT-less table keeps what it is given where affinity does not change it.
        try file.change("INSERT INTO c (\(column)) VALUES (\(literal))")
        let rows = try file.driver().run("SELECT \(column) FROM c").rows
        return String(rows.dropFirst(2).dropLast(2))
    }

    @Test(arguments: [
        ("NULL", "null"), ("1", "1"), ("-1", "-1"), ("0", "0"), ("9007199254740991", "9007199254740991"),
        ("-9007199254740991", "-9007199254740991"), ("9007199254740992", #"{"$integer":"9007199254740992"}"#),
        ("-9007199254740993", #"{"$integer":"-9007199254740993"}"#),
        ("9223372036854775807", #"{"$integer":"9223372036854775807"}"#),
        ("-9223372036854775808", #"{"$integer":"-9223372036854775808"}"#),
        ("1.0", "1.0"), ("0.1", "0.1"), ("1.5", "1.5"), ("-12.34", "-12.34"), ("0.07", "0.07"), ("100.0", "100.0"),
        ("1e308", "1e+308"), ("-0.0", "-0.0"), ("5e-324", "5e-324"), ("1e15", "1000000000000000.0"), ("123456.789", "123456.789"),
        ("0.1 + 0.2", "0.30000000000000004"), ("1e999", #"{"$float":"Infinity"}"#), ("-1e999", #"{"$float":"-Infinity"}"#),
        ("1e999 - 1e999", "null"), ("'x'", #""x""#), ("''", #""""#), ("'1'", #""1""#), ("'Infinity'", #""Infinity""#),
        ("'{\"$integer\":\"1\"}'", #""{\"$integer\":\"1\"}""#), ("x''", #"{"$base64":""}"#), ("x'00ff'", #"{"$base64":"AP8="}"#),
        ("cast(x'610062' AS TEXT)", "\"a\\u0000b\""), ("cast(x'61ff' AS TEXT)", #"{"$base64":"Yf8=","text":true}"#),
        ("cast(x'eda080' AS TEXT)", #"{"$base64":"7aCA","text":true}"#),
        ("cast(x'c080' AS TEXT)", #"{"$base64":"wIA=","text":true}"#), ("'🦉 ünï'", "\"🦉 ünï\""),
        ("char(10, 34, 92, 7)", #""\n\"\\\u0007""#),
    ])
    func dynamicCells(_ literal: String, _ json: String) throws {
        let written = try SQLiteRowsTests.cell(literal)
        #expect(written == json)
    }

    @Test(arguments: [
        ("i", "9007199254740992", #""9007199254740992""#), ("i", "-9223372036854775808", #""-9223372036854775808""#),
        ("i", "9007199254740991", "9007199254740991"), ("i", "1.5", #"{"$float":1.5}"#),
        ("i", "1e999", #"{"$float":"Infinity"}"#), ("i", "'12x'", #"{"$text":"12x"}"#), ("i", "x'01'", #"{"$base64":"AQ=="}"#),
        ("i", "cast(x'ff' AS TEXT)", #"{"$base64":"/w==","text":true}"#), ("i", "NULL", "null"),
        ("r", "2", "2.0"), ("r", "1e999", #""Infinity""#), ("r", "-1e999", #""-Infinity""#),
        ("r", "'Infinity?'", #"{"$text":"Infinity?"}"#),
        ("r", "x'01'", #"{"$base64":"AQ=="}"#), ("t", "5", #""5""#), ("t", "x'01'", #"{"$base64":"AQ=="}"#),
        ("t", "'AQ=='", #""AQ==""#), ("t", "cast(x'ff' AS TEXT)", #"{"$base64":"/w==","text":true}"#),
        ("b", "x'01'", #""AQ==""#), ("b", "x''", #""""#), ("b", "'AQ=='", #"{"$text":"AQ=="}"#),
        ("b", "7", #"{"$integer":"7"}"#), ("b", "7.5", #"{"$float":7.5}"#), ("n", "'10'", "10"), ("n", "'x'", #""x""#),
        ("n", "10.5", "10.5"),
    ])
    func declaredColumnsTagWhatDoesNotFit(_ column: String, _ literal: String, _ json: String) throws {
        #expect(try SQLiteRowsTests.cell(literal, column) == json)
    }

    @Test func negativeZeroKeepsItsSign() throws {
        let file = try SQLiteTestFile()
        #expect(try file.driver().run("SELECT ?1, ?1 * 1.0, -?1", [.double(-0.0)]).rows.hasPrefix("[[-0.0,"))
    }

    @Test(arguments: [
        ("INTEGER", Databases.Column.Encoding.integer), ("bigint unsigned", .integer), ("CHARINT", .integer),
        ("FLOATING POINT", .integer),
        ("varchar(20)", .string), ("NCLOB", .string), ("text", .string), ("BLOB", .base64), ("double precision", .float),
        ("REAL", .float), ("float(8)", .float), ("DECIMAL(10,2)", .dynamic), ("BOOLEAN", .dynamic), ("DATETIME", .dynamic),
        ("JSON", .dynamic), ("", .dynamic), ("ANY", .dynamic), ("STRING", .dynamic),
    ])
    func declaredTypesFollowSQLitesAffinity(_ type: String, _ encoding: Databases.Column.Encoding) {
        #expect(SQLiteColumns.encoding(declaredType: type) == encoding)
    }

    @Test func doublesReadBackTheSame() throws {
        let file = try SQLiteTestFile()
        let driver = try file.driver()
        var state: UInt64 = 88_172_645_463_325_252
        var values: [Double] = [
            0.01, 0.29, 1.005, 999_999_999_999.99, 999_999_999_999.995, 0.015, 4.35, 1e11 + 0.01, 123_456_789.12,
        ]
        for _ in 0..<3_000 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            let bits = Double(bitPattern: state)
            if bits.isFinite { values.append(bits) }
            values.append(Double(Int64(state % 2_000_000_000_000) - 1_000_000_000_000) / 100)
            values.append(Double(Int64(state % 2_000_000) - 1_000_000) / 1_000)
        }
        for chunk in stride(from: 0, to: values.count, by: 500).map({ Array(values[$0..<min($0 + 500, values.count)]) }) {
            let marks = (1...chunk.count).map { "(?\($0))" }.joined(separator: ",")
            let rows = try driver.run("VALUES \(marks)", chunk.map { .double($0) }).rows
            let cells = rows.dropFirst(2).dropLast(2).replacing("],[", with: ",").split(separator: ",")
            #expect(cells.count == chunk.count)
            for (cell, value) in zip(cells, chunk) {
                #expect(Double(String(cell))?.bitPattern == value.bitPattern, "\(cell) \(value)")
                #expect(cell.utf8.count <= value.description.utf8.count + 2)
            }
        }
    }

    @Test func longCellsAreCutVisibly() throws {
        let file = try SQLiteTestFile()
        let driver = try file.driver()
        let text = try driver.run("SELECT printf('%.*c', 5000, 'x')", cellBytesMax: 4_999).rows
        #expect(text == "[[{\"$truncated\":{\"bytes\":5000,\"prefix\":\"\(String(repeating: "x", count: 1024))\"}}]]")
        #expect(try driver.run("SELECT printf('%.*c', 5000, 'x')", cellBytesMax: 5_000).rows.utf8.count == 5_006)
        let blob = try driver.run("SELECT zeroblob(3000)", cellBytesMax: 100).rows
        #expect(blob == "[[{\"$truncated\":{\"bytes\":3000,\"prefix\":\"\(String(repeating: "A", count: 1024))\"}}]]")
        // A character across the cut is left out whole.
        let owls = try driver.run("SELECT 'x' || replace(printf('%.*c', 600, '.'), '.', '🦉')", cellBytesMax: 10).rows
        #expect(owls == "[[{\"$truncated\":{\"bytes\":2401,\"prefix\":\"x\(String(repeating: "🦉", count: 255))\"}}]]")
        // Text that is not UTF-8 has a prefix in base64.
        let broken = try driver.run("SELECT cast(x'ff' || zeroblob(50) AS TEXT)", cellBytesMax: 10).rows
        #expect(broken.hasPrefix("[[{\"$truncated\":{\"bytes\":51,\"prefix\":\"/wAA"))
    }

    @Test func pagesAreCutAndJoinedWithoutLoss() throws {
        let file = try SQLiteTestFile()
        let sink = SQLiteSink()
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2500) SELECT i FROM n"
        let rows = try file.driver().run(sql, into: sink).rows
        #expect(sink.pages.map(\.rowCount) == [1_000, 1_000, 500])
        #expect(sink.pages.map(\.firstRow) == [0, 1_000, 2_000])
        #expect(rows == "[" + (1...2_500).map { "[\($0)]" }.joined(separator: ",") + "]")
    }

    @Test func aHundredThousandRowsGoOutInPagesOfTheirSize() throws {
        let file = try SQLiteTestFile()
        let driver = try file.driver()
        final class Dropping: RowSink {
            var bytes = 0
            var largest = 0
            func columns(_ columns: [Databases.Column]) {}
            func page(_ page: Page) -> Demand {
                bytes += page.rows.count
                largest = max(largest, page.rows.count)
                return .more
            }
        }
        func run(_ rows: Int) throws -> Dropping {
            let sink = Dropping()
            var pager = RowPager(pageRows: 1_000, pageBytes: 256 * 1024, sink: sink)
            let sql = """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT \(rows))
                SELECT i, i / 7.0, printf('row %d of many, and some more text', i), zeroblob(100) FROM n
                """
            _ = try driver.run(Statement(sql: sql, timeoutMs: 30_000 * TestScale.slack), into: &pager)
            try pager.finish()
            return sink
        }
        let sink = try run(100_000)
        #expect(sink.bytes > 15_000_000)
        #expect(sink.largest < 257 * 1024)
    }
}
