import Protocol
import TestSupport
import Testing

@testable import Databases

@Suite struct PostgreSQLTypesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var sql: String
        var type: String
        var encoding: Databases.Column.Encoding
        var json: String
        var testDescription: String { sql }

        init(_ sql: String, _ type: String, _ encoding: Databases.Column.Encoding, _ json: String) {
            (self.sql, self.type, self.encoding, self.json) = (sql, type, encoding, json)
        }
    }

    @Test(arguments: [
        Case("true", "bool", .boolean, "true"), Case("false", "bool", .boolean, "false"),
        Case("null::bool", "bool", .boolean, "null"),
        Case("(-32768)::int2", "int2", .integer, "-32768"), Case("2147483647", "int4", .integer, "2147483647"),
        Case("0::int8", "int8", .integer, "0"), Case("9007199254740991", "int8", .integer, "9007199254740991"),
        Case("9007199254740992", "int8", .integer, #""9007199254740992""#),
        Case("-9007199254740991", "int8", .integer, "-9007199254740991"),
        Case("-9007199254740992", "int8", .integer, #""-9007199254740992""#),
        Case("9223372036854775807", "int8", .integer, #""9223372036854775807""#),
        Case("(-9223372036854775808)::int8", "int8", .integer, #""-9223372036854775808""#),
        Case("4294967295::oid", "oid", .integer, "4294967295"),
        Case("0.1::float8", "float8", .float, "0.1"), Case("'-0'::float8", "float8", .float, "-0"),
        Case("1e22::float8", "float8", .float, "1e+22"),
        Case("5e-324::float8", "float8", .float, "5e-324"),
        Case("1.7976931348623157e308::float8", "float8", .float, "1.7976931348623157e+308"),
        Case("'NaN'::float8", "float8", .float, #""NaN""#), Case("'-Infinity'::float8", "float8", .float, #""-Infinity""#),
        Case("'Infinity'::float4", "float4", .float, #""Infinity""#),
        Case("3.4028235e38::float4", "float4", .float, "3.4028235e+38"),
        Case("0.1::float4", "float4", .float, "0.1"), Case("1.10::numeric(10,2)", "numeric(10,2)", .decimal, #""1.10""#),
        Case("12300::numeric(3,-2)", "numeric(3,-2)", .decimal, #""12300""#),
        Case("'NaN'::numeric", "numeric", .decimal, #""NaN""#),
        Case("'Infinity'::numeric", "numeric", .decimal, #""Infinity""#),
        Case("123456789012345678901234567890.123456789", "numeric", .decimal, #""123456789012345678901234567890.123456789""#),
        Case("12.34::money", "money", .string, #""$12.34""#),
        Case("'é\"\\\t\n\u{1}'::text", "text", .string, #""é\"\\\t\n\u0001""#),
        Case("''::text", "text", .string, #""""#), Case("'a'::varchar(20)", "varchar(20)", .string, #""a""#),
        Case("'a'::char(3)", "bpchar(3)", .string, #""a  ""#), Case("'x'::\"char\"", "char", .string, #""x""#),
        Case("'x'::name", "name", .string, #""x""#), Case("''::bytea", "bytea", .base64, #""""#),
        Case("'\\x00ff10'::bytea", "bytea", .base64, #""AP8Q""#),
        Case("'{\"a\": [1, 2.50, null]}'::jsonb", "jsonb", .json, #"{"a": [1, 2.50, null]}"#),
        Case("E'{\"a\":\\n 1}'::json", "json", .json, #"{"a":  1}"#), Case("'\"x\"'::jsonb", "jsonb", .json, #""x""#),
        Case("'null'::jsonb", "jsonb", .json, "null"), Case("null::jsonb", "jsonb", .json, "null"),
        Case("'1e400'::json", "json", .json, "1e400"),
        Case("'{1,NULL,3}'::int4[]", "int4[]", .string, #""{1,NULL,3}""#),
        Case("'{{a,\"b c\"},{d,e}}'::text[]", "text[]", .string, #""{{a,\"b c\"},{d,e}}""#),
        Case("'{1.5}'::numeric(5,1)[]", "numeric(5,1)[]", .string, #""{1.5}""#),
        Case("'[1,5)'::int4range", "int4range", .string, #""[1,5)""#),
        Case("'{[1,2)}'::int4multirange", "int4multirange", .string, #""{[1,2)}""#),
        Case("ROW(1, 'a b')", "record", .string, #""(1,\"a b\")""#),
        Case("'0001-01-01 BC'::date", "date", .string, #""0001-01-01 BC""#),
        Case("'5874897-12-31'::date", "date", .string, #""5874897-12-31""#),
        Case("'infinity'::timestamp", "timestamp", .string, #""infinity""#),
        Case("'294276-12-31 23:59:59.999999'::timestamp", "timestamp", .string, #""294276-12-31 23:59:59.999999""#),
        Case("'2026-01-02 03:04:05.678'::timestamp(3)", "timestamp(3)", .string, #""2026-01-02 03:04:05.678""#),
        Case("'2026-01-02 03:04:05+02'::timestamptz", "timestamptz", .string, #""2026-01-02 01:04:05+00""#),
        Case("'24:00:00'::time", "time", .string, #""24:00:00""#),
        Case("'23:59:59.5-07:30'::timetz", "timetz", .string, #""23:59:59.5-07:30""#),
        Case("'1 year 2 mons -3 days 04:05:06.7'::interval", "interval", .string, #""1 year 2 mons -3 days +04:05:06.7""#),
        Case("'1 day'::interval day to second(3)", "interval day to second(3)", .string, #""1 day""#),
        Case("'550e8400-e29b-41d4-a716-446655440000'::uuid", "uuid", .string, #""550e8400-e29b-41d4-a716-446655440000""#),
        Case("'<a>b</a>'::xml", "xml", .string, #""<a>b</a>""#), Case("'10.0.0.0/8'::cidr", "cidr", .string, #""10.0.0.0/8""#),
        Case("'::1'::inet", "inet", .string, #""::1""#),
        Case("'08:00:2b:01:02:03'::macaddr", "macaddr", .string, #""08:00:2b:01:02:03""#),
        Case("B'101'::bit(3)", "bit(3)", .string, #""101""#), Case("B'1'::varbit(5)", "varbit(5)", .string, #""1""#),
        Case("'(1,2)'::point", "point", .string, #""(1,2)""#), Case("'a b'::tsvector", "tsvector", .string, #""'a' 'b'""#),
        Case("'pg_class'::regclass", "regclass", .string, #""pg_class""#),
        Case("'0/16B3748'::pg_lsn", "pg_lsn", .string, #""0/16B3748""#),
        Case("'mood_ok'::type_test.mood", "type_test.mood", .string, #""mood_ok""#),
        Case("'{a}'::type_test.pair[]", "type_test.pair[]", .string, ""),
        Case("'(1,x)'::type_test.pair", "type_test.pair", .string, #""(1,x)""#),
        Case("5::type_test.small", "int4", .integer, "5"),
        Case("'{mood_ok}'::type_test.mood[]", "type_test.mood[]", .string, #""{mood_ok}""#),
    ])
    func roundTrip(_ example: Case) throws {
        _ = try Self.types.get()
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        guard !example.json.isEmpty else { return }
        for _ in 0..<2 {
            let answer = try driver.answer("SELECT \(example.sql) AS value")
            #expect(answer.columns == [Column(name: "value", type: example.type, encoding: example.encoding)])
            #expect(answer.rows == "[[\(example.json)]]")
        }
    }

    private static let types = Result {
        try PostgreSQLServer.shared().psql(
            """
            CREATE SCHEMA type_test; GRANT USAGE ON SCHEMA type_test TO PUBLIC; CREATE TYPE type_test.mood AS ENUM ('mood_ok', 'bad');
            CREATE TYPE type_test.pair AS (a int, b text); CREATE DOMAIN type_test.small AS int CHECK (VALUE < 10);
            """)
    }

    @Test func cellsOverTheLimit() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        let answer = try driver.answer(
            "SELECT repeat('é', 1000), decode(repeat('00', 3000), 'hex'), 1, repeat('x', 100)", cellBytesMax: 100)
        let base64 = String(repeating: "A", count: 1024)
        #expect(
            answer.rows
                == "[[{\"$truncated\":{\"bytes\":2000,\"prefix\":\"\(String(repeating: "é", count: 512))\"}},"
                + "{\"$truncated\":{\"bytes\":3000,\"prefix\":\"\(base64)\"}},1,\"\(String(repeating: "x", count: 100))\"]]")
    }

    @Test func deepJSONIsAString() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(try driver.rows("SELECT '\(nested(48))'::json") == "[[\(nested(48))]]")
        #expect(try driver.rows("SELECT '\(nested(49))'::json") == "[[\"\(nested(49))\"]]")
    }

    @Test func settingsThatAStatementChangesForItself() throws {
        let driver = try PostgreSQLTestDatabase.open()
        defer { driver.close() }
        let escaped = "SELECT set_config('bytea_output', 'escape', true), '\\x5c00ff41'::bytea"
        #expect(try driver.rows(escaped) == #"[["escape","XAD/QQ=="]]"#)
        let latin = "SELECT set_config('client_encoding', 'LATIN1', true), convert_from('\\xc3a9', 'UTF8')"
        #expect(try driver.rows(latin) == #"[["LATIN1",{"$base64":"6Q=="}]]"#)
        #expect(try driver.rows("SELECT 'é'") == #"[["é"]]"#)
    }

    @Test func garbageOfAnSQLASCIIDatabase() throws {
        let server = try PostgreSQLServer.shared()
        try server.psql("CREATE DATABASE ascii_db ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0", database: "postgres")
        let driver = try PostgreSQLTestDatabase.open(server.socketURI(role: PostgreSQLServer.superuser, database: "ascii_db"))
        defer { driver.close() }
        // The server itself does not let bytes out that are not UTF-8.
        #expect(driver.failure("SELECT convert_from('\\xff41', 'SQL_ASCII')")?.sqlState == "22021")
        #expect(try driver.rows("SELECT convert_from('\\xc3a9', 'SQL_ASCII')") == #"[["é"]]"#)
    }

    @Test func jsonCheck() {
        func canBeEmbedded(_ text: String) -> Bool {
            var text = text
            return text.withUTF8 { PostgreSQLJSONCheck.canBeEmbedded(UnsafeRawBufferPointer($0)) }
        }
        for good in [
            "1", "-0.5e+3", " [ ] ", "{}", #"{"a":[1,{"b":"\u00e9\n"}],"c":null}"#, "true", #""x""#, "[[],[]]", "[1 , 2]",
        ] {
            #expect(canBeEmbedded(good), "\(good)")
        }
        for bad in [
            "", "]", "[", "[1", "[1,]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "1 2", "1]", "\"a", "\"\n\"", "\"\\x\"",
            "\"\\u12g4\"",
            "01", "+1", ".5", "1.", "1e", "nul", "truex", "[1]]", "{]", "[}", "1,2", "\"a\",\"b\"", "NaN", "{\"a\":1 \"b\":2}",
        ] { #expect(!canBeEmbedded(bad), "\(bad)") }
    }

    @Test func utf8Check() {
        func isValid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { UTF8Check.isValid($0) } }
        #expect(isValid([]) && isValid(Array("aé漢𝄞 and more than eight bytes".utf8)))
        for bad: [UInt8] in [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xC3], [0xE2, 0x82], [0xF0, 0x9D, 0x84], [0xC3, 0x28],
            [0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0xFF],
        ] { #expect(!isValid(bad)) }
    }
}
