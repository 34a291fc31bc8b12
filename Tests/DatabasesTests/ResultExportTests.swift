import Protocol
import Testing

@testable import Databases

/// Rows as drivers write them, in each format.
@Suite struct ResultExportTests {
    /// Converts pages of rows, a text at a time, and answers the texts.
    static func texts(
        _ format: ResultFormat, _ columns: [Databases.Column], _ pages: [String], engine: Databases.DatabaseType = .sqlite,
        bytesMax: Int = .max, isTruncated: Bool = false, _ change: (inout ResultFormatOptions) -> Void = { _ in }
    ) async throws -> [String] {
        var options = ResultFormatOptions()
        change(&options)
        let export = ResultExport(format, options, columns: columns, engine: engine)
        var texts: [String] = []
        var firstRow = 0
        export.begin()
        for (index, rows) in pages.enumerated() {
            let count = try Self.rowCount(rows)
            let page = SpooledPage(index: index, firstRow: firstRow, rowCount: count, rows: JSONText(rows), hasMore: true)
            firstRow += count
            var row = 0
            while row < count {
                let (next, isFull) = try await export.add(page, from: row, bytesMax: bytesMax)
                row = next
                guard isFull else { continue }
                export.pause()
                texts.append(String(decoding: export.takeBytes().bytes, as: UTF8.self))
            }
        }
        export.end(isTruncated: isTruncated)
        let last = try await export.takeText()
        let text = try last.json.withUnsafeBytes { bytes in
            var reader = JSONReader(bytes)
            return try reader.string()
        }
        #expect(text.utf8.count == last.bytes)
        return texts + [text]
    }

    private static func rowCount(_ rows: String) throws -> Int {
        try JSONText(rows).withUnsafeBytes { bytes in
            try JSONScanner.check(bytes)
            var reader = JSONReader(bytes)
            var count = 0
            try reader.enterArray()
            while reader.nextElement() {
                reader.slice()
                count += 1
            }
            return count
        }
    }

    private static func column(_ name: String, _ encoding: Databases.Column.Encoding = .string) -> Databases.Column {
        Databases.Column(name: name, type: "", encoding: encoding)
    }

    private static func text(
        _ format: ResultFormat, _ columns: [Databases.Column], _ rows: String, engine: Databases.DatabaseType = .sqlite,
        _ change: (inout ResultFormatOptions) -> Void = { _ in }
    ) async throws -> String {
        try await texts(format, columns, [rows], engine: engine, change).joined()
    }

    // MARK: CSV

    @Test func csvQuotesWhatMustBe() async throws {
        let cells = [
            (#""plain""#, "plain"), (#""""#, #""""#), ("null", ""), (#""a,b""#, #""a,b""#), (#""a\"b""#, #""a""b""#),
            (#""\"\"""#, String(repeating: "\"", count: 6)),
            (#""a\r\nb""#, "\"a\r\nb\""), (#"" x""#, #"" x""#), (#""x ""#, #""x ""#), (#""é \ud83d\ude00""#, "é 😀"),
            (#""\\.""#, #""\.""#),
            (#""'""#, "'"), (#"{"$text":"t,t"}"#, #""t,t""#), (#""\u0000""#, "\"\0\""),
        ]
        for (cell, field) in cells {
            let text = try await Self.text(.csv, [Self.column("a,b")], "[[\(cell)]]")
            #expect(text == "\"a,b\"\r\n\(field)\r\n", "\(cell)")
        }
    }

    @Test func csvOptions() async throws {
        let columns = [Self.column("t"), Self.column("n", .integer), Self.column("b", .base64)]
        let rows = #"[["NULL",1,"AP8="],[null,"9007199254740993",null],["x;y",-5,""]]"#
        let text = try await Self.text(.csv, columns, rows) {
            $0.nullText = "NULL"
            $0.delimiter = UInt8(ascii: ";")
            $0.endsLinesWithCRLF = false
            $0.writesHex = true
        }
        #expect(text == "t;n;b\n\"NULL\";1;00ff\nNULL;9007199254740993;NULL\n\"x;y\";-5;\"\"\n")
        let bare = try await Self.text(.csv, columns, "[]") {
            $0.hasHeader = false
            $0.hasByteOrderMark = true
        }
        #expect(Array(bare.utf8) == [0xEF, 0xBB, 0xBF])
    }

    @Test func csvGuardsFormulasButNotNumbers() async throws {
        let columns = [Self.column("=t"), Self.column("n", .integer), Self.column("x", .dynamic)]
        let rows =
            #"[["=1+1",-5,"-1"],["@a",1,-1.5],["\ttab",1,{"$integer":"-9223372036854775808"}],["＝x",1,"+"],["a=b",1,null]]"#
        let text = try await Self.text(.csv, columns, rows) { $0.guardsFormulas = true }
        #expect(
            text
                == "\"'=t\",n,x\r\n\"'=1+1\",-5,\"'-1\"\r\n\"'@a\",1,-1.5\r\n\"'\ttab\",1,-9223372036854775808\r\n\"'＝x\",1,\"'+\"\r\na=b,1,\r\n"
        )
        #expect(try await Self.text(.csv, [Self.column("t")], #"[["=1+1"]]"#) == "t\r\n=1+1\r\n")
    }

    // MARK: JSON

    @Test func jsonNamesAreUniqueAndCellsStay() async throws {
        let columns = [Self.column("a"), Self.column("a", .dynamic), Self.column("a_2", .json), Self.column("q\"\n", .integer)]
        let rows = #"[["é\n",{"$base64":"AQ=="},{"k": [1, 2.50]},"9007199254740993"],[null,1.0,null,1]]"#
        let lines = [
            #"{"a":"é\n","a_2":{"$base64":"AQ=="},"a_2_2":{"k": [1, 2.50]},"q\"\n":"9007199254740993"}"#,
            #"{"a":null,"a_2":1.0,"a_2_2":null,"q\"\n":1}"#,
        ]
        #expect(try await Self.text(.jsonl, columns, rows) == lines.map { $0 + "\n" }.joined())
        #expect(try await Self.text(.json, columns, rows) == "[\n" + lines.joined(separator: ",\n") + "\n]\n")
        let empty = try await Self.text(.json, columns, "[]")
        #expect(try await Self.text(.jsonl, columns, "[]") == "")
        try JSONText(empty).withUnsafeBytes { try JSONScanner.check($0) }
    }

    // MARK: Markdown

    @Test func markdownShowsTextAsItIs() async throws {
        let cells = [
            (#""a|b""#, #"a\|b"#), (#""l1\nl2\r\nl3\rl4""#, "l1<br>l2<br>l3<br>l4"), (#""<b>&""#, "&lt;b>&amp;"),
            (#""[x](y) *b* `c` ~d~""#, #"\[x\](y) \*b\* \`c\` \~d\~"#), (#""snake_case __init__""#, #"snake_case \_\_init\_\_"#),
            (#""\\""#, #"\\"#), (#""\u001b[31m\t""#, "␛\\[31m "), ("null", "*NULL*"), (#""NULL""#, "NULL"),
            (#""*NULL*""#, #"\*NULL\*"#),
        ]
        for (cell, shown) in cells {
            let text = try await Self.text(.markdown, [Self.column("t"), Self.column("n|", .integer)], "[[\(cell),1]]")
            #expect(text == "| t | n\\| |\n| --- | ---: |\n| \(shown) | 1 |\n", "\(cell)")
        }
    }

    // MARK: SQL

    @Test(arguments: [Databases.DatabaseType.postgresql, .mysql, .sqlite]) func sqlLiterals(engine: Databases.DatabaseType)
        async throws
    {
        let columns = [
            Self.column("it's", .string), Self.column("n", .float), Self.column("b", .base64), Self.column("N", .decimal),
            Self.column(""),
        ]
        let rows = #"[["a'b\\c",1.5,"AP8=","12.50",null],["",-0.0,"","1",null]]"#
        let text = try await Self.text(.sql, columns, rows, engine: engine) {
            $0.table = "odd`\"name"
            $0.schema = "s"
        }
        let expected =
            switch engine {
            case .postgresql:
                "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n"
                    + #"INSERT INTO "s"."odd`""name" ("it's", "n", "b", "N", "column_5") VALUES"# + "\n"
                    + #"('a''b\c',1.5,'\x00ff',12.50,NULL),"# + "\n" + #"('','-0.0','\x',1,NULL);"# + "\n"
            case .mysql:
                "SET NAMES utf8mb4;\n" + #"INSERT INTO `s`.`odd``"name` (`it's`, `n`, `b`, `N_2`, `column_5`) VALUES"# + "\n"
                    + #"('a''b\\c',1.5e0,x'00ff',12.50,NULL),"# + "\n" + #"('',-0e0,x'',1,NULL);"# + "\n"
            case .sqlite:
                #"INSERT INTO "s"."odd`""name" ("it's", "n", "b", "N_2", "column_5") VALUES"# + "\n"
                    + #"('a''b\c',1.5,x'00ff',12.50,NULL),"# + "\n" + #"('',-0.0,x'',1,NULL);"# + "\n"
            }
        #expect(text == expected)
        #expect(try await Self.text(.sql, columns, "[]", engine: engine) == "")
    }

    @Test func statementsAreBounded() async throws {
        let long = String(repeating: "x", count: 30_000)
        let rows = "[" + [String](repeating: "[\"\(long)\"]", count: 9).joined(separator: ",") + "]"
        let text = try await Self.text(.sql, [Self.column("t")], rows)
        let statements = text.split(separator: ";\n")
        #expect(statements.count == 5)
        #expect(statements.allSatisfy { $0.hasPrefix("INSERT INTO \"result\" (\"t\") VALUES\n('") && $0.utf8.count <= 64 << 10 })
        let huge = "[[\"\(String(repeating: "x", count: 200_000))\"],[\"a\"]]"
        #expect(try await Self.text(.sql, [Self.column("t")], huge).split(separator: ";\n").count == 2)
    }

    // MARK: All of them

    /// However small the texts are, together they are the same rows, and but for SQL's statements the same bytes.
    @Test(arguments: ResultFormat.allCases) func textsPutTogetherAreTheWhole(format: ResultFormat) async throws {
        let columns = [Self.column("t"), Self.column("n", .integer)]
        let pages = [#"[["a,\n",1],["b",2],["c",3]]"#, #"[["d",4]]"#, #"[["e",5],["f",6]]"#]
        let whole = try await Self.texts(format, columns, pages)
        #expect(whole.count == 1)
        for bytesMax in [1, 12, 30] {
            let texts = try await Self.texts(format, columns, pages, bytesMax: bytesMax)
            #expect(texts.count > 1 && texts.dropLast().allSatisfy { $0.utf8.count >= bytesMax })
            if format == .sql {
                let tuples = texts.joined().split(separator: "\n").filter { $0.hasPrefix("(") }.map { $0.dropLast() }
                #expect(tuples == whole[0].split(separator: "\n").filter { $0.hasPrefix("(") }.map { $0.dropLast() })
                #expect(texts.dropLast().allSatisfy { $0.hasPrefix("INSERT") && $0.hasSuffix(";\n") })
            } else {
                #expect(texts.joined() == whole[0])
            }
        }
    }

    @Test func aCellThatWasCutIsRefusedOrMarked() async throws {
        let cut = #"[[1,"x"],[2,{"$truncated":{"bytes":5000,"prefix":"ab\"c"}}]]"#
        let columns = [Self.column("n", .integer), Self.column("t")]
        for format in ResultFormat.allCases {
            let error = await #expect(throws: DatabaseError.self) { try await Self.text(format, columns, cut) }
            #expect(error?.code.description == "cell_truncated" && error?.message.contains("Row 2") == true)
            if format == .sql {
                await #expect(throws: DatabaseError.self) { try await Self.text(.sql, columns, cut) { $0.allowsCutCells = true } }
            } else {
                let text = try await Self.text(format, columns, cut) { $0.allowsCutCells = true }
                #expect(text.contains("5000"))
            }
        }
        // The form that PostgreSQL's broken text has, and data that only looks like it.
        let broken = #"[[{"$base64":"AQ==","$truncated":{"bytes":9}}]]"#
        await #expect(throws: DatabaseError.self) { try await Self.text(.csv, [Self.column("t")], broken) }
        let data = #"[[{"$truncated": true}],[{"$truncated":{"bytes":1}}],[{"$truncated":{"bytes":1,"prefix":"","x":1}}]]"#
        #expect(try await Self.text(.jsonl, [Self.column("j", .json)], data).contains("true"))
    }

    /// A tag of ours in a JSON column says that the cell is no JSON; data may look like one.
    @Test func dataInAJSONColumnIsNoTag() async throws {
        for (cell, field) in [
            (#"{"$text":"1"}"#, #""{""$text"":""1""}""#), (#"{"$text":"{\"a\":1,}"}"#, #""{""a"":1,}""#),
            (#"{"$text":{"$base64":"/w=="}}"#, "/w=="), (#"{"$base64":"AQ=="}"#, #""{""$base64"":""AQ==""}""#),
            (#"{"$base64":"/w=="}"#, "/w=="), (#"{"$integer":"1"}"#, #""{""$integer"":""1""}""#),
            (#"{"$text":"x","y":1}"#, #""{""$text"":""x"",""y"":1}""#),
        ] {
            #expect(try await Self.text(.csv, [Self.column("j", .json)], "[[\(cell)]]") == "j\r\n\(field)\r\n", "\(cell)")
        }
    }

    @Test func aResultThatStoppedSaysSoWhereThereIsRoom() async throws {
        for (format, says) in [(ResultFormat.csv, false), (.json, false), (.jsonl, false), (.markdown, true), (.sql, true)] {
            let text = try await Self.texts(format, [Self.column("t")], [#"[["a"]]"#], isTruncated: true).joined()
            #expect(text.contains("stopped at a limit") == says, "\(format)")
        }
    }
}
