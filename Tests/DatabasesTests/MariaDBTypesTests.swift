import TestSupport
import Testing

@testable import Databases

/// Every built-in type with its extremes: what goes in comes out, as the text form of the type has it.
extension MariaDBServerTests {
    @Suite struct MariaDBTypesTests {
        struct Case: Sendable, CustomTestStringConvertible {
            var declaration: String
            /// SQL of the values, each its own row.
            var values: [String]
            var type: String
            var encoding: Column.Encoding
            /// The cells as JSON.
            var expected: [String]
            var testDescription: String { declaration }
        }

        static let cases: [Case] = [
            Case(
                declaration: "TINYINT", values: ["-128", "127", "NULL"], type: "TINYINT", encoding: .integer,
                expected: ["-128", "127", "null"]),
            Case(
                declaration: "TINYINT UNSIGNED", values: ["255"], type: "TINYINT UNSIGNED", encoding: .integer, expected: ["255"]),
            Case(
                declaration: "BOOLEAN", values: ["TRUE", "FALSE", "7"], type: "TINYINT(1)", encoding: .integer,
                expected: ["1", "0", "7"]),
            Case(
                declaration: "SMALLINT", values: ["-32768", "32767"], type: "SMALLINT", encoding: .integer,
                expected: ["-32768", "32767"]),
            Case(
                declaration: "SMALLINT UNSIGNED", values: ["65535"], type: "SMALLINT UNSIGNED", encoding: .integer,
                expected: ["65535"]),
            Case(
                declaration: "MEDIUMINT", values: ["-8388608", "8388607"], type: "MEDIUMINT", encoding: .integer,
                expected: ["-8388608", "8388607"]),
            Case(
                declaration: "MEDIUMINT UNSIGNED", values: ["16777215"], type: "MEDIUMINT UNSIGNED", encoding: .integer,
                expected: ["16777215"]),
            Case(
                declaration: "INT", values: ["-2147483648", "2147483647"], type: "INT", encoding: .integer,
                expected: ["-2147483648", "2147483647"]),
            Case(
                declaration: "INT UNSIGNED", values: ["4294967295"], type: "INT UNSIGNED", encoding: .integer,
                expected: ["4294967295"]),
            Case(declaration: "INT(6) ZEROFILL", values: ["42"], type: "INT UNSIGNED", encoding: .integer, expected: ["42"]),
            Case(
                declaration: "BIGINT",
                values: ["-9223372036854775808", "9223372036854775807", "9007199254740991", "-9007199254740992"],
                type: "BIGINT", encoding: .integer,
                expected: [#""-9223372036854775808""#, #""9223372036854775807""#, "9007199254740991", #""-9007199254740992""#]),
            Case(
                declaration: "BIGINT UNSIGNED", values: ["18446744073709551615", "9223372036854775808", "1"],
                type: "BIGINT UNSIGNED",
                encoding: .integer, expected: [#""18446744073709551615""#, #""9223372036854775808""#, "1"]),
            Case(
                declaration: "FLOAT", values: ["0.1", "3.402823466e38", "1.17549435e-38"], type: "FLOAT",
                encoding: .float,
                expected: ["0.1", "3.4028235e+38", "1.1754944e-38"]),
            Case(
                declaration: "DOUBLE",
                values: ["0.1", "1.7976931348623157e308", "2.2250738585072014e-308", "0.30000000000000004e0"],
                type: "DOUBLE", encoding: .float,
                expected: ["0.1", "1.7976931348623157e+308", "2.2250738585072014e-308", "0.30000000000000004"]),
            Case(
                declaration: "DECIMAL(65,30)",
                values: [
                    "99999999999999999999999999999999999.999999999999999999999999999999", "-0.000000000000000000000000000001",
                ],
                type: "DECIMAL(65,30)", encoding: .decimal,
                expected: [
                    #""99999999999999999999999999999999999.999999999999999999999999999999""#,
                    #""-0.000000000000000000000000000001""#,
                ]),
            Case(
                declaration: "DECIMAL(10,2)", values: ["1.5"], type: "DECIMAL(10,2)", encoding: .decimal, expected: [#""1.50""#]),
            Case(
                declaration: "DECIMAL(5,0) UNSIGNED", values: ["99999"], type: "DECIMAL(5,0) UNSIGNED", encoding: .decimal,
                expected: [#""99999""#]),
            Case(
                declaration: "DATE", values: ["'1000-01-01'", "'9999-12-31'", "'0000-00-00'", "'2024-00-00'"], type: "DATE",
                encoding: .string,
                expected: [#""1000-01-01""#, #""9999-12-31""#, #""0000-00-00""#, #""2024-00-00""#]),
            Case(
                declaration: "DATETIME", values: ["'2024-02-29 00:00:00'", "'9999-12-31 23:59:59'", "'0000-00-00 00:00:00'"],
                type: "DATETIME",
                encoding: .string, expected: [#""2024-02-29 00:00:00""#, #""9999-12-31 23:59:59""#, #""0000-00-00 00:00:00""#]),
            Case(
                declaration: "DATETIME(6)", values: ["'2024-02-29 12:34:56.000001'", "'2024-02-29 12:34:56'", "'2024-02-29'"],
                type: "DATETIME(6)", encoding: .string,
                expected: [#""2024-02-29 12:34:56.000001""#, #""2024-02-29 12:34:56.000000""#, #""2024-02-29 00:00:00.000000""#]),
            Case(
                declaration: "DATETIME(3)", values: ["'2024-02-29 12:34:56.789'"], type: "DATETIME(3)", encoding: .string,
                expected: [#""2024-02-29 12:34:56.789""#]),
            Case(
                declaration: "TIMESTAMP(2) NULL", values: ["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.99'"],
                type: "TIMESTAMP(2)",
                encoding: .string, expected: [#""1970-01-01 00:00:01.00""#, #""2038-01-19 03:14:07.99""#]),
            Case(
                declaration: "TIME", values: ["'-838:59:59'", "'838:59:59'", "'00:00:00'", "'-00:00:01'"], type: "TIME",
                encoding: .string,
                expected: [#""-838:59:59""#, #""838:59:59""#, #""00:00:00""#, #""-00:00:01""#]),
            Case(
                declaration: "TIME(6)", values: ["'-838:59:59.999999'", "'01:02:03.5'", "'00:00:00'"], type: "TIME(6)",
                encoding: .string,
                expected: [#""-838:59:59.999999""#, #""01:02:03.500000""#, #""00:00:00.000000""#]),
            Case(
                declaration: "YEAR", values: ["1901", "2155", "0"], type: "YEAR", encoding: .string,
                expected: [#""1901""#, #""2155""#, #""0000""#]),
            Case(
                declaration: "CHAR(5)", values: ["'ab'", "'日本語'", "''"], type: "CHAR(5)", encoding: .string,
                expected: [#""ab""#, #""日本語""#, #""""#]),
            Case(
                declaration: "VARCHAR(20)", values: ["'a\\\"\\\\\\n\\0z'", "'😀'"], type: "VARCHAR(20)", encoding: .string,
                expected: [#""a\"\\\n\u0000z""#, #""😀""#]),
            Case(
                declaration: "VARCHAR(20) CHARACTER SET latin1", values: ["'é'"], type: "VARCHAR(20)", encoding: .string,
                expected: [#""é""#]),
            Case(declaration: "TINYTEXT", values: ["'t'"], type: "TINYTEXT", encoding: .string, expected: [#""t""#]),
            Case(declaration: "TEXT", values: ["'t'"], type: "TEXT", encoding: .string, expected: [#""t""#]),
            Case(declaration: "TEXT CHARACTER SET latin1", values: ["'ü'"], type: "TEXT", encoding: .string, expected: [#""ü""#]),
            Case(
                declaration: "MEDIUMTEXT", values: ["REPEAT('x', 300)"], type: "MEDIUMTEXT", encoding: .string,
                expected: ["\"\(String(repeating: "x", count: 300))\""]),
            Case(
                declaration: "LONGTEXT", values: ["REPEAT('y', 70000)"], type: "LONGTEXT", encoding: .string,
                expected: ["\"\(String(repeating: "y", count: 70000))\""]),
            Case(declaration: "ENUM('a','é')", values: ["'é'"], type: "ENUM", encoding: .string, expected: [#""é""#]),
            Case(
                declaration: "SET('a','b')", values: ["'a,b'", "''"], type: "SET", encoding: .string,
                expected: [#""a,b""#, #""""#]),
            Case(declaration: "BINARY(4)", values: ["x'ff00'"], type: "BINARY(4)", encoding: .base64, expected: [#""/wAAAA==""#]),
            Case(
                declaration: "VARBINARY(10)", values: ["x''", "x'fffe'"], type: "VARBINARY(10)", encoding: .base64,
                expected: [#""""#, #""//4=""#]),
            Case(declaration: "TINYBLOB", values: ["x'00'"], type: "TINYBLOB", encoding: .base64, expected: [#""AA==""#]),
            Case(declaration: "BLOB", values: ["x'616263'"], type: "BLOB", encoding: .base64, expected: [#""YWJj""#]),
            Case(declaration: "MEDIUMBLOB", values: ["x'00'"], type: "MEDIUMBLOB", encoding: .base64, expected: [#""AA==""#]),
            Case(declaration: "LONGBLOB", values: ["x'00'"], type: "LONGBLOB", encoding: .base64, expected: [#""AA==""#]),
            Case(declaration: "BIT(1)", values: ["b'1'", "b'0'"], type: "BIT(1)", encoding: .integer, expected: ["1", "0"]),
            Case(
                declaration: "BIT(64)", values: ["x'ffffffffffffffff'", "5"], type: "BIT(64)", encoding: .integer,
                expected: [#""18446744073709551615""#, "5"]),
            Case(
                declaration: "JSON",
                values: [#"'{"a": [1, 2.50]}'"#, "'\"text\"'", "'12345678901234567890'", "'[1,\\n2]'", "NULL"],
                type: "JSON", encoding: .json,
                expected: [#"{"a": [1, 2.50]}"#, #""text""#, "12345678901234567890", "[1, 2]", "null"]),
            Case(
                declaration: "POINT", values: ["POINT(1, 2)"], type: "POINT", encoding: .base64,
                expected: [#""AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==""#]),
            Case(
                declaration: "INET6", values: ["'2001:db8::ff'"], type: "INET6", encoding: .string, expected: [#""2001:db8::ff""#]
            ),
            Case(declaration: "INET4", values: ["'10.0.0.1'"], type: "INET4", encoding: .string, expected: [#""10.0.0.1""#]),
            Case(
                declaration: "UUID", values: ["'123e4567-e89b-12d3-a456-426655440000'"], type: "UUID", encoding: .string,
                expected: [#""123e4567-e89b-12d3-a456-426655440000""#]),
        ]

        @Test(arguments: cases.indices) func `round trip`(index: Int) throws {
            let type = Self.cases[index]
            let database = try MariaDBHarness()
            let table = "type_\(index)"
            try database.write("DROP TABLE IF EXISTS \(table)")
            try database.write("CREATE TABLE \(table) (n INT AUTO_INCREMENT PRIMARY KEY, v \(type.declaration))")
            for value in type.values { try database.write("INSERT IGNORE INTO \(table) (v) VALUES (\(value))") }
            let answer = try database.run("SELECT v FROM \(table) ORDER BY n")
            #expect(answer.columns == [Column(name: "v", type: type.type, encoding: type.encoding)])
            #expect(answer.rows == "[" + type.expected.map { "[\($0)]" }.joined(separator: ",") + "]")
        }

        @Test func `a JSON cell that is not JSON is said to be text`() throws {
            let database = try MariaDBHarness()
            try database.write("CREATE OR REPLACE TABLE loose (n INT, v JSON)")
            try database.run("INSERT INTO loose VALUES (1, ?), (2, '{}')", [.text(#"{"a":1,"a":2}"#)], mode: .write)
            let answer = try database.run("SELECT v FROM loose ORDER BY n")
            #expect(answer.rows == #"[[{"$text":"{\"a\":1,\"a\":2}"}],[{}]]"#)
        }

        @Test func `parameters are bound with their types`() throws {
            let database = try MariaDBHarness()
            let answer = try database.run(
                "SELECT ?, ?, ?, ?, ?, HEX(?), ? + 0 = 18446744073709551615",
                [
                    .null, .bool(true), .integer(.min), .double(0.1), .text("a'); DROP TABLE x; -- \u{0}é"), .bytes([0, 255]),
                    .text("18446744073709551615"),
                ])
            #expect(answer.rows == #"[[null,1,"-9223372036854775808",0.1,"a'); DROP TABLE x; -- \u0000é","00FF",1]]"#)
            let wrong = #expect(throws: DatabaseError.self) { try database.run("SELECT ?, ?", [.null]) }
            #expect(wrong?.code == .invalidParameters)
            #expect(wrong?.message == "The statement has 2 placeholders, but 1 parameters were given.")
        }

        @Test func `long cells are cut visibly, between characters`() throws {
            let database = try MariaDBHarness()
            let answer = try database.run(
                "SELECT REPEAT('é', 40000), REPEAT(x'00', 5000), JSON_ARRAY(REPEAT('z', 5000)), REPEAT('k', 100)",
                cellBytesMax: 100)
            let prefix = String(repeating: "é", count: 512)
            #expect(answer.rows.contains(#"{"$truncated":{"bytes":80000,"prefix":"\#(prefix)"}}"#))
            #expect(answer.rows.contains(#"{"$truncated":{"bytes":5000,"prefix":"AAAA"#))
            #expect(answer.rows.contains(#"{"$truncated":{"bytes":5004,"prefix":"[\"zzz"#))
            #expect(answer.rows.hasSuffix("\"\(String(repeating: "k", count: 100))\"]]"))
        }

        @Test func `more than a million rows, and more columns than a byte counts`() throws {
            let database = try MariaDBHarness()
            let sink = MariaDBSink()
            try database.run("SELECT seq, CONCAT('row ', seq) FROM seq_1_to_1000000", sink: sink)
            #expect(sink.rowCount == 1_000_000)
            #expect(sink.pages[0].hasPrefix(#"[[1,"row 1"],[2,"row 2"]"#))
            let wide = try database.run("SELECT " + (1...1600).map(String.init).joined(separator: ","))
            #expect(wide.rows == "[[" + (1...1600).map(String.init).joined(separator: ",") + "]]")
        }
    }
}
