import TestSupport
import Testing

/// What comes of each value of each engine on its way over the wire.
@Suite struct QueryValueTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let engine: Engine
        let expression: String
        let encoding: String
        /// The cell, as JSON text.
        let cell: String
        var testDescription: String { "\(engine.rawValue): \(expression)" }

        init(_ engine: Engine, _ expression: String, _ encoding: String, _ cell: String) {
            (self.engine, self.expression, self.encoding, self.cell) = (engine, expression, encoding, cell)
        }
    }

    private static let postgresql: [Case] = [
        Case(.postgresql, "true", "boolean", "true"), Case(.postgresql, "false", "boolean", "false"),
        Case(.postgresql, "(-32768)::int2", "integer", "-32768"),
        Case(.postgresql, "2147483647::int4", "integer", "2147483647"),
        Case(.postgresql, "9007199254740991::int8", "integer", "9007199254740991"),
        Case(.postgresql, "9007199254740992::int8", "integer", #""9007199254740992""#),
        Case(.postgresql, "(-9223372036854775808)::int8", "integer", #""-9223372036854775808""#),
        Case(.postgresql, "0.1::float4", "float", "0.1"), Case(.postgresql, "0.1::float8", "float", "0.1"),
        Case(.postgresql, "'NaN'::float8", "float", #""NaN""#),
        Case(.postgresql, "'-Infinity'::float8", "float", #""-Infinity""#),
        Case(.postgresql, "'NaN'::numeric", "decimal", #""NaN""#),
        Case(.postgresql, "1.50::numeric(10,2)", "decimal", #""1.50""#),
        Case(
            .postgresql, "123456789012345678901234567890.123456789012345678901234567890", "decimal",
            #""123456789012345678901234567890.123456789012345678901234567890""#),
        Case(.postgresql, "'héllo \u{1F408}'::text", "string", "\"héllo \u{1F408}\""),
        Case(.postgresql, #"E'a\tb\nc"d\\e'::varchar(20)"#, "string", #""a\tb\nc\"d\\e""#),
        Case(.postgresql, "'ab'::char(4)", "string", #""ab  ""#), Case(.postgresql, "''::text", "string", #""""#),
        Case(.postgresql, #"'\x0001feff'::bytea"#, "base64", #""AAH+/w==""#),
        Case(.postgresql, "''::bytea", "base64", #""""#),
        Case(.postgresql, #"'{"a":[1,2.50,null]}'::json"#, "json", #"{"a":[1,2.50,null]}"#),
        Case(.postgresql, #"'{"b":1,"a":12345678901234567890}'::jsonb"#, "json", #"{"a":12345678901234567890,"b":1}"#),
        Case(.postgresql, "date '2024-02-29'", "string", #""2024-02-29""#),
        Case(.postgresql, "'infinity'::date", "string", #""infinity""#),
        Case(.postgresql, "time '23:59:59.999999'", "string", #""23:59:59.999999""#),
        Case(.postgresql, "timestamp '2024-02-29 12:00:00.123456'", "string", #""2024-02-29 12:00:00.123456""#),
        Case(.postgresql, "interval '1 year 2 days 03:04:05'", "string", #""1 year 2 days 03:04:05""#),
        Case(
            .postgresql, "'018f3a5e-0000-7000-8000-000000000001'::uuid", "string", #""018f3a5e-0000-7000-8000-000000000001""#),
        Case(.postgresql, "ARRAY[1,NULL,3]", "string", #""{1,NULL,3}""#),
        Case(.postgresql, "ARRAY['a,b','c\"d']", "string", #""{\"a,b\",\"c\\\"d\"}""#),
        Case(.postgresql, "int4range(1,5)", "string", #""[1,5)""#),
        Case(.postgresql, "inet '192.168.0.1/24'", "string", #""192.168.0.1/24""#),
        Case(.postgresql, "B'1010'", "string", #""1010""#), Case(.postgresql, "point '(1,2)'", "string", #""(1,2)""#),
        Case(.postgresql, "ROW(1,'x')", "string", #""(1,x)""#), Case(.postgresql, "NULL::int4", "integer", "null"),
        Case(.postgresql, "NULL::jsonb", "json", "null"), Case(.postgresql, "'null'::jsonb", "json", "null"),
    ]

    private static let mysql: [Case] = [
        Case(.mysql, "CAST(9007199254740991 AS SIGNED)", "integer", "9007199254740991"),
        Case(.mysql, "CAST(9007199254740992 AS SIGNED)", "integer", #""9007199254740992""#),
        Case(.mysql, "CAST(18446744073709551615 AS UNSIGNED)", "integer", #""18446744073709551615""#),
        Case(.mysql, "-9223372036854775808", "integer", #""-9223372036854775808""#),
        Case(.mysql, "1e0/3e0", "float", "0.3333333333333333"), Case(.mysql, "CAST(0.1 AS FLOAT)", "float", "0.1"),
        Case(.mysql, "CAST(1.5 AS DECIMAL(10,2))", "decimal", #""1.50""#),
        Case(
            .mysql, "CAST('12345678901234567890123456789012345.123456789012345678901234567890' AS DECIMAL(65,30))", "decimal",
            #""12345678901234567890123456789012345.123456789012345678901234567890""#),
        Case(.mysql, "'héllo \u{1F408}'", "string", "\"héllo \u{1F408}\""), Case(.mysql, "''", "string", #""""#),
        Case(.mysql, "x'0001feff'", "base64", #""AAH+/w==""#), Case(.mysql, "DATE '2024-02-29'", "string", #""2024-02-29""#),
        Case(.mysql, "TIMESTAMP '2024-02-29 12:00:00.123456'", "string", #""2024-02-29 12:00:00.123456""#),
        Case(.mysql, "TIME '-838:59:59'", "string", #""-838:59:59""#), Case(.mysql, "NULL", "string", "null"),
    ]

    private static let sqlite: [Case] = [
        Case(.sqlite, "1", "dynamic", "1"), Case(.sqlite, "9007199254740991", "dynamic", "9007199254740991"),
        Case(.sqlite, "9007199254740993", "dynamic", #"{"$integer":"9007199254740993"}"#),
        Case(.sqlite, "-9223372036854775808", "dynamic", #"{"$integer":"-9223372036854775808"}"#),
        Case(.sqlite, "0.1", "dynamic", "0.1"), Case(.sqlite, "9e999", "dynamic", #"{"$float":"Infinity"}"#),
        Case(.sqlite, "-9e999", "dynamic", #"{"$float":"-Infinity"}"#),
        Case(.sqlite, "'héllo \u{1F408}'", "dynamic", "\"héllo \u{1F408}\""),
        Case(.sqlite, "x'0001feff'", "dynamic", #"{"$base64":"AAH+/w=="}"#),
        Case(.sqlite, "x''", "dynamic", #"{"$base64":""}"#), Case(.sqlite, "NULL", "dynamic", "null"),
    ]

    /// Security bar D45.
    @Test(arguments: Engine.allCases) func `every value arrives whole`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let cases = (Self.postgresql + Self.mysql + Self.sqlite).filter { $0.engine == engine }
        for example in cases {
            let result = try await bench.run(engine, "SELECT \(example.expression) AS v")
            #expect(result["columns"][0]["encoding"].string == example.encoding, "\(example.expression)")
            #expect(result["rows"] == .array([.array([try JSONValue(parsing: example.cell)])]), "\(example.expression)")
        }
        // And all at once: a row writer that loses its place shows here.
        let row = try await bench.run(engine, "SELECT " + cases.map(\.expression).joined(separator: ", "))
        #expect(row["rows"][0] == .array(try cases.map { try JSONValue(parsing: $0.cell) }))
    }

    /// Each kind of parameter, and what it is when it comes back: as the engine types it, nothing lost.
    @Test(arguments: Engine.allCases) func `every kind of parameter is bound, never spliced`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let long = String(repeating: "é", count: 70_000)
        let cases: [(value: String, type: String, cell: [Engine: String])] = [
            ("null", "text", [:]), ("true", "bool", [.mysql: "1", .sqlite: "1"]),
            ("-5", "int8", [:]),
            (
                "9007199254740993", "int8",
                [
                    .postgresql: #""9007199254740993""#, .mysql: #""9007199254740993""#,
                    .sqlite: #"{"$integer":"9007199254740993"}"#,
                ]
            ),
            ("1.5", "float8", [:]), (#""it's; DROP TABLE x -- \u0001 \ud83d\udc08""#, "text", [:]), (#""""#, "text", [:]),
            ("\"\(long)\"", "text", [:]),
            (#"{"$base64":"AAH+/w=="}"#, "bytea", [.postgresql: #""AAH+/w==""#, .mysql: #""AAH+/w==""#]),
        ]
        for example in cases {
            let placeholder = engine.placeholder(1) + (engine == .postgresql ? "::" + example.type : "")
            let result = try await bench.run(engine, "SELECT \(placeholder) AS v", [try JSONValue(parsing: example.value)])
            let expected = try JSONValue(parsing: example.cell[engine] ?? example.value)
            #expect(result["rows"][0][0] == expected, "\(example.value.prefix(60))")
        }
        for wrong in ["[1]", #"{"a":1}"#, #"{"$base64":"AAH+/w"}"#, #"{"$base64":"AA=A"}"#, #"{"$base64":"AAE=","x":1}"#] {
            let failure = try await bench.failure(engine, "SELECT \(engine.placeholder(1))", [1, try JSONValue(parsing: wrong)])
            #expect(failure.code == "invalid_params" && failure.data["path"].string == "params.parameters[1]", "\(wrong)")
        }
        for count in [0, 2] {
            let values = Array(repeating: JSONValue.string("x"), count: count)
            let text = engine.placeholder(1) + (engine == .postgresql ? "::text" : "")
            #expect(try await bench.failure(engine, "SELECT \(text)", values).code == "invalid_parameters")
        }
    }

    /// Security bar E60: a cell over the limit says how long it was; the next statement works.
    @Test(arguments: Engine.allCases) func `a cell over the limit is named, not cut in silence`(engine: Engine) async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_CELL_BYTES": "2000"], engines: [engine])
        let sql = engine == .sqlite ? "SELECT printf('%.*c', 2001, 'x') AS v" : "SELECT repeat('x', 2001) AS v"
        let cell = try await bench.run(engine, sql)["rows"][0][0]
        #expect(cell["$truncated"]["bytes"].integer == 2001)
        let prefix = try #require(cell["$truncated"]["prefix"].string)
        #expect(!prefix.isEmpty && prefix.utf8.count <= 1024 && prefix.allSatisfy { $0 == "x" })
        #expect(try await bench.run(engine, "SELECT 'next' AS v")["rows"] == [["next"]])
    }
}
