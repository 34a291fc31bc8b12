import Databases
import Protocol
import Testing

@testable import Handlers

@Suite struct ParameterJSONTests {
    static let accepted: [(String, Parameter)] = [
        ("null", .null), ("true", .bool(true)), ("false", .bool(false)), ("0", .integer(0)), ("-7", .integer(-7)),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .text("9223372036854775808")), ("1.5", .double(1.5)), ("1e3", .double(1000)),
        ("0.10000000000000000001", .text("0.10000000000000000001")), ("1e400", .text("1e400")),
        (#""é\u0000""#, .text("é\u{0}")), (#""""#, .text("")), (#"{"$base64":"AP8="}"#, .bytes([0, 255])),
        (#"{"$base64":""}"#, .bytes([])),
    ]

    @Test(arguments: accepted) func isRead(json: String, expected: Parameter) {
        #expect(Parameter(json: JSONText(json)) == expected)
    }

    @Test(arguments: [
        "[]", "{}", #"{"$base64":1}"#, #"{"$base64":"A"}"#, #"{"$base64":"AP8"}"#, #"{"$base64":"AP9="}"#, #"{"$base64":"A-8="}"#,
        #"{"$base64":"AP8=","x":1}"#, #"{"base64":"AP8="}"#, #"{"$base64":"===="}"#,
    ]) func isRefused(json: String) {
        #expect(Parameter(json: JSONText(json)) == nil)
    }
}

@Suite struct StatementWordTests {
    @Test(arguments: [
        ("select 1", "SELECT"), ("  ((SELECT 1))", "SELECT"), ("-- c\n/* d */ With x as (select 1) select 1", "WITH"),
        ("# c\nSHOW TABLES", "SHOW"), ("", ""), ("/* open", ""), ("1", ""),
    ]) func isTheFirstWord(sql: String, word: String) {
        #expect(StatementWord.first(of: sql, .write) == word)
    }

    @Test func aReadThatBeginsWithWITHIsASelect() {
        #expect(StatementWord.first(of: "WITH x AS (SELECT 1) SELECT * FROM x", .read) == "SELECT")
        #expect(StatementWord.first(of: "SHOW TABLES", .read) == "SHOW")
    }
}

@Suite struct ResultCursorTests {
    @Test(arguments: ["", "p", "q1", "p-1", "1", "p1x", "p99999999999999999999"]) func isRefused(text: String) {
        #expect(ResultCursor(text) == nil)
    }

    @Test func comesBack() { #expect(ResultCursor(ResultCursor(page: 12).text)?.page == 12) }
}

@Suite struct QueryPreviewTests {
    private let columns = [Databases.Column(name: "a", type: "int4", encoding: .integer)]

    @Test func keepsWholeRowsWithinTheLimits() {
        let rows = JSONText("[[1],[2],[3]]")
        #expect(QueryPreview.text(columns, rows, rowsMax: 2, bytesMax: 100).string.hasSuffix(#""rows":[[1],[2]]}"#))
        #expect(QueryPreview.text(columns, rows, rowsMax: 9, bytesMax: 7).string.hasSuffix(#""rows":[[1],[2]]}"#))
        #expect(QueryPreview.text(columns, rows, rowsMax: 9, bytesMax: 2).string.hasSuffix(#""rows":[]}"#))
    }
}
