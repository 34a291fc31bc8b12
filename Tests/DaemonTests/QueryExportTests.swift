import Foundation
import Protocol
import TestSupport
import Testing

/// Kept results, converted: over the wire, in every format.
@Suite(.serialized) struct QueryExportTests {
    /// Every text of an export, through its cursors.
    private func exported(
        _ bench: Workbench, _ resultID: JSONValue, _ format: String, _ options: JSONValue = [:], client: TestClient? = nil
    ) async throws -> (texts: [String], last: JSONValue, rows: Int) {
        var texts: [String] = []
        var rows = 0
        var cursor: JSONValue?
        while true {
            var members: [(name: String, value: JSONValue)] = [
                ("resultId", resultID), ("format", .string(format)), ("options", options),
            ]
            if let cursor { members.append(("cursor", cursor)) }
            let reply = try await (client ?? bench.client).call("query.export", .object(members), timeoutMs: 60_000)
            texts.append(reply["text"].string ?? "")
            #expect(reply["bytes"].integer == texts.last?.utf8.count)
            rows += reply["rowCount"].integer ?? 0
            guard let next = reply.member("nextCursor") else { return (texts, reply, rows) }
            cursor = next
        }
    }

    private func kept(_ bench: Workbench, _ engine: Engine, _ sql: String, _ options: JSONValue = [:]) async throws -> JSONValue {
        guard case .object(let extra) = options else { return .null }
        return try await bench.run(engine, sql, nil, .object([(name: "keep", value: true)] + extra))
    }

    // MARK: Formats

    @Test(arguments: Engine.allCases) func `all ways out give the same bytes`(engine: Engine) async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_PAGE_BYTES": "4000"], engines: [engine])
        // Pages of a row, of many and of all.
        for pageRows in ["1", "7", "1000"] {
            let sql = "SELECT i, i AS i FROM (\(engine.series(1500))) AS s"
            let result = try await kept(bench, engine, sql, ["pageRows": .number(pageRows)])
            let id = result["resultId"]
            for (format, options) in [
                ("csv", [:]), ("json", [:]), ("jsonl", [:]), ("markdown", [:]), ("sql", ["table": "t"]),
            ] as [(String, JSONValue)] {
                let (texts, last, rows) = try await exported(bench, id, format, options)
                #expect(rows == 1500 && texts.count > 2 && last["truncated"] == false && last["truncatedCells"] == 0, "\(format)")
                #expect(texts.allSatisfy { $0.utf8.count < 4200 }, "\(format)")
                let whole = texts.joined()
                let path = bench.daemon.directory.appending("out-\(pageRows)-\(format)")
                let file = try await bench.client.call(
                    "query.export",
                    ["resultId": id, "format": .string(format), "options": options, "path": .string(path)])
                #expect(file["path"].string == path && file["rowCount"] == 1500 && file["bytes"].integer == whole.utf8.count)
                #expect(file.member("text") == nil)
                #expect(try String(contentsOfFile: path, encoding: .utf8) == whole)
                let pushed = try await bench.client.call(
                    "query.export", ["resultId": id, "format": .string(format), "options": options, "partialResultToken": 7])
                var parts = ""
                var firstRow = 0
                while bench.client.wire.frameCount > 0 {
                    let part = try await bench.client.notification("$/progress")["value"]
                    #expect(part["resultId"] == id && part["firstRow"].integer == firstRow)
                    firstRow += part["rowCount"].integer ?? 0
                    parts += part["text"].string ?? ""
                }
                #expect(parts == whole && pushed["rowCount"] == 1500 && pushed["bytes"] == file["bytes"])
            }
        }
        let result = try await kept(bench, engine, engine.series(3))["resultId"]
        #expect(try await exported(bench, result, "csv").texts == ["i\r\n1\r\n2\r\n3\r\n"])
        #expect(
            try await exported(bench, result, "markdown").texts
                == ["| i |\n| ---: |\n| 1 |\n| 2 |\n| 3 |\n"].map {
                    engine == .sqlite ? $0.replacingOccurrences(of: "---:", with: "---") : $0
                })
        let none = try await kept(bench, engine, "SELECT 1 AS a WHERE 1 = 0")
        #expect(none["rowCount"] == 0 && none.member("resultId") != nil)
        #expect(try await exported(bench, none["resultId"], "csv").texts == ["a\r\n"])
        #expect(try await exported(bench, none["resultId"], "json").texts == ["[\n\n]\n"])
        #expect(try await exported(bench, none["resultId"], "sql", ["table": "t"]).texts == [""])
    }

    /// Everything the engine has, out as SQL and in again, is what it was.
    @Test(arguments: Engine.allCases) func `SQL puts every type back as it was`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let (original, copy) = try makeTables(engine, bench.file)
        let before = try await kept(bench, engine, "SELECT * FROM \(original)")
        let options: JSONValue =
            engine == .postgresql ? ["schema": "export_types", "table": "export_to"] : ["table": .string(copy)]
        let (texts, _, rows) = try await exported(bench, before["resultId"], "sql", options)
        #expect(rows >= 1)
        try engine.script(texts.joined(), file: bench.file)
        let after = try await bench.run(engine, "SELECT * FROM \(copy)")
        let names = before["columns"].array?.map { $0["name"].string ?? "" } ?? []
        for (row, cells) in (before["rows"].array ?? []).enumerated() {
            for (column, name) in names.enumerated() {
                #expect(after["rows"][row][column] == cells[column], "\(name)")
            }
        }
        #expect(after["rows"].array?.count == rows && after["columns"] == before["columns"])
        switch engine {
        case .postgresql: try engine.script("DROP SCHEMA export_types CASCADE")
        case .mysql: try engine.script("DROP TABLE \(original); DROP TABLE \(copy)")
        case .sqlite: break
        }
    }

    /// The encoding table's own values, and texts and numbers that break careless quoting.
    private func makeTables(_ engine: Engine, _ file: String) throws -> (original: String, copy: String) {
        let table = try #require(try EncodingTableTests().table(engine))
        let odd = [
            "it''s", "two\nlines\r\n", "back\\\\slash \\n", "\"quotes\" `ticks`", "源氏 😀 é", "$$ -- ; /* */", "NULL", "", " x ",
        ]
        switch engine {
        case .postgresql:
            // A schema of its own, since other tests make these types too.
            let path = "SET search_path = export_types; "
            try engine.script("DROP SCHEMA IF EXISTS export_types CASCADE; CREATE SCHEMA export_types")
            try engine.script(path + table.setUp)
            var columns: [String] = []
            for row in table.rows where row.type != "record" { columns.append("\(row.expression) AS c\(columns.count)") }
            columns += odd.enumerated().map { "'\($1)'::text AS t\($0)" }
            columns += [
                "'5e-324'::float8 AS f1", "1.7976931348623157e308::float8 AS f2", "0.1::float8 + 0.2 AS f3",
                "true AS \"a\"\"b'c\"",
            ]
            columns += [
                "'-9223372036854775808'::int8 AS n1", "'-32768'::int2 AS n2", "'Infinity'::numeric AS n3", "''::bytea AS b1",
            ]
            try engine.script(path + "CREATE TABLE export_from AS SELECT \(columns.joined(separator: ", "))")
            try engine.script(path + "CREATE TABLE export_to (LIKE export_from)")
            return ("export_types.export_from", "export_types.export_to")
        case .mysql:
            try engine.script("DROP TABLE IF EXISTS export_from; DROP TABLE IF EXISTS export_to")
            try engine.script(table.setUp.replacingOccurrences(of: " cells (", with: " export_from ("))
            let texts =
                odd.map { "('\($0)', 1e-300, x'')" } + [
                    "(CONCAT('nul', CHAR(0), CHAR(26), '%_'), -0e0, x'00')", "('x', 0.1e0 + 0.2e0, NULL)",
                ]
            try engine.script(
                "ALTER TABLE export_from ADD COLUMN `o``d'd` LONGTEXT CHARACTER SET utf8mb4, ADD COLUMN d DOUBLE, ADD COLUMN v VARBINARY(9)"
            )
            try engine.script(
                "SET NAMES utf8mb4; INSERT INTO export_from (`o``d'd`, d, v) VALUES \(texts.joined(separator: ", "))")
            try engine.script("CREATE TABLE export_to LIKE export_from")
            return ("export_from", "export_to")
        case .sqlite:
            try engine.script(table.setUp, file: file)
            let extra =
                odd.map { "('\($0)', 5e-324, 1)" } + [
                    "('a' || char(0) || 'b', 0.1 + 0.2, -9223372036854775808)",
                    "(CAST(x'80' AS TEXT), 1.7976931348623157e308, -1e999)",
                ]
            try engine.script("INSERT INTO cells (t, r, x) VALUES \(extra.joined(separator: ", "))", file: file)
            let definition = try engine.script("SELECT sql FROM sqlite_schema WHERE name = 'cells'", file: file)
            try engine.script(definition.replacingOccurrences(of: "TABLE cells", with: "TABLE copied"), file: file)
            return ("cells", "copied")
        }
    }

    @Test func `a thousand columns come whole`() async throws {
        let bench = try await Workbench.start(engines: [.postgresql])
        let columns = (0..<1000).map { "i AS \"column number \($0)\"" }.joined(separator: ", ")
        let result = try await kept(bench, .postgresql, "SELECT \(columns) FROM generate_series(1, 300) AS g (i)")
        for format in ["csv", "json", "jsonl", "markdown"] {
            let (texts, _, rows) = try await exported(bench, result["resultId"], format)
            #expect(rows == 300 && texts.allSatisfy { $0.utf8.count < 400_000 }, "\(format)")
            if format == "json" {
                let parsed = try JSONValue(parsing: texts.joined())
                #expect(parsed.array?.count == 300 && parsed[299]["column number 999"] == 300)
            }
        }
    }

    // MARK: What can happen meanwhile

    @Test(arguments: Engine.allCases) func `an export follows its statement to the end`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let result = try await bench.run(engine, engine.series(90_000), nil, ["pageRows": 10])
        let path = bench.daemon.directory.appending("followed.csv")
        let reply = try await bench.client.call(
            "query.export", ["resultId": result["resultId"], "format": "csv", "path": .string(path)], timeoutMs: 60_000)
        #expect(reply["rowCount"] == 90_000 && reply["truncated"] == false)
        let lines = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\r\n")
        #expect(lines.count == 90_002 && lines[90_000] == "90000")
        let cut = try await bench.run(engine, engine.series(50), nil, ["pageRows": 10, "maxRows": 20])
        let text = try await exported(bench, cut["resultId"], "markdown")
        #expect(text.rows == 20 && text.last["truncated"] == true && text.texts.joined().contains("stopped at a limit"))
    }

    @Test func `a statement that fails fails its export, and leaves no file`() async throws {
        let bench = try await Workbench.start(engines: [.postgresql])
        let sql = "SELECT 10 / (2500 - n) FROM generate_series(1, 5000) AS n"
        let result = try await bench.run(.postgresql, sql, nil, ["pageRows": 100])
        let path = bench.daemon.directory.appending("failed.csv")
        let failure = try await bench.client.failure(
            "query.export", ["resultId": result["resultId"], "format": "csv", "path": .string(path)])
        #expect(failure.code == "query_failed" && failure.data["sqlState"] == "22012")
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try await bench.client.errorCode("query.summarize", ["resultId": result["resultId"]]) == "query_failed")
    }

    @Test(arguments: Engine.allCases) func `a cancel, a close and a hang-up end it`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let slow: String =
            switch engine {
            case .postgresql: "SELECT i, pg_sleep(0.02), repeat('x', 20000) FROM generate_series(1, 100000) AS g (i)"
            case .mysql: "SELECT seq AS i, SLEEP(0.02), REPEAT('x', 20000) FROM seq_1_to_100000"
            case .sqlite: "SELECT i, (\(busy)) FROM (\(engine.series(100_000)))"
            }
        let path = bench.daemon.directory.appending("never.csv")
        for method in ["query.export", "query.summarize"] {
            let members: JSONValue = method == "query.export" ? ["format": "csv", "path": .string(path)] : [:]
            guard case .object(let extra) = members else { return }
            for end in ["cancel", "close", "hang up"] {
                let client = try await bench.connect()
                let result = try await client.call(
                    "query.run", bench.query(engine, slow, nil, ["pageRows": 1, "timeoutMs": 60_000]), timeoutMs: 60_000)
                let params = JSONValue.object([(name: "resultId", value: result["resultId"])] + extra)
                let id = client.send(method, params)
                switch end {
                case "cancel":
                    client.notify("$/cancelRequest", ["id": .number(String(id))])
                    let failure = await #expect(throws: TestClient.Failure.self) { try await client.result(of: id, method) }
                    #expect(failure?.code == "cancelled", "\(method)")
                    try await client.call("query.close", ["resultId": result["resultId"]])
                case "close":
                    try await client.call("query.close", ["resultId": result["resultId"]])
                    let failure = await #expect(throws: TestClient.Failure.self) { try await client.result(of: id, method) }
                    #expect(failure?.code == "not_found", "\(method)")
                default:
                    client.wire.hangUp()
                }
            }
        }
        let deadline = ContinuousClock.now + .promptly
        while try await bench.client.call("system.health")["queries"]["running"].integer != 0 {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(10))
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.daemon.directory.path)
        #expect(!names.contains { $0.hasPrefix("never") || $0.hasPrefix(".dbassist") })
    }

    private let busy = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) SELECT max(i) FROM n"

    @Test func `a reader that does not read costs nothing and can be stopped`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let wide = "SELECT printf('%.*c', 1000, 'x') AS x FROM (\(Engine.sqlite.series(40_000)))"
        let result = try await bench.run(.sqlite, wide, nil, ["keep": true, "pageRows": 10])
        try await bench.client.call(
            "query.export", ["resultId": result["resultId"], "format": "csv", "path": .string(bench.file + ".csv")],
            timeoutMs: 60_000)
        let before = try bench.daemon.memoryKiB("VmRSS")
        let slow = try SilentClient(socket: bench.daemon.socketPath)
        slow.send("auth.attach", ["token": .string(bench.account.token)], id: 1)
        slow.send("query.export", ["resultId": result["resultId"], "format": "csv", "partialResultToken": "t"], id: 2)
        for _ in 0..<50 { #expect(try await bench.client.call("system.health")["status"] == "ok") }
        #expect(try bench.daemon.memoryKiB("VmRSS") - before < 16 * 1024)
        slow.send("$/cancelRequest", ["id": 2])
        let replies = slow.replies(to: [2]).byID
        #expect(replies[2]?["error"]["data"]["code"] == "cancelled")
        slow.close()
    }

    /// Security bar E60.
    @Test func `a hundred thousand rows take no memory`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let sql = "SELECT i, printf('%.*c', 200, 'x') AS t FROM (\(Engine.sqlite.series(100_000)))"
        let result = try await bench.run(.sqlite, sql, nil, ["keep": true, "maxRows": 100_000])
        let id = result["resultId"]
        while try await bench.client.call("query.fetch", ["resultId": id]).member("totalRows") == nil {}
        // What was the most so far, by the hash of a password, says nothing of this.
        try "5".write(toFile: "/proc/\(bench.daemon.pid)/clear_refs", atomically: false, encoding: .utf8)
        let before = try bench.daemon.memoryKiB("VmHWM")
        let path = bench.daemon.directory.appending("large")
        for format in ["jsonl"] {
            let reply = try await bench.client.call(
                "query.export", ["resultId": id, "format": .string(format), "path": .string(path), "overwrite": true],
                timeoutMs: 120_000)
            #expect(reply["rowCount"] == 100_000 && (reply["bytes"].integer ?? 0) > 20_000_000)
        }
        let summary = try await bench.client.call("query.summarize", ["resultId": id, "columns": ["i"]], timeoutMs: 120_000)
        #expect(summary["rowCount"] == 100_000 && summary["columns"][0]["sum"] == "5000050000")
        #expect(try bench.daemon.memoryKiB("VmHWM") - before < 24 * 1024)
    }

    // MARK: Refusals

    @Test func `cells that were cut are refused unless they may be marked`() async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_CELL_BYTES": "100"], engines: Engine.allCases)
        for engine in Engine.allCases {
            let long = engine == .sqlite ? "printf('%.*c', 500, 'x')" : "repeat('x', 500)"
            let id = try await kept(bench, engine, "SELECT \(long) AS \"t\"")["resultId"]
            for format in ["csv", "json", "jsonl", "markdown", "sql"] {
                let options: JSONValue = ["table": "t"]
                let failure = try await bench.client.failure(
                    "query.export", ["resultId": id, "format": .string(format), "options": options])
                #expect(failure.code == "cell_truncated" && failure.message.contains("Row 1"), "\(engine) \(format)")
                guard format != "sql" else { continue }
                let (texts, last, _) = try await exported(bench, id, format, ["allowTruncated": true])
                #expect(texts.joined().contains("500") && last["truncatedCells"] == 1, "\(engine) \(format)")
            }
            let path = bench.daemon.directory.appending("cut.csv")
            _ = try await bench.client.failure("query.export", ["resultId": id, "format": "csv", "path": .string(path)])
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(try await bench.client.call("query.summarize", ["resultId": id])["columns"][0]["truncatedCells"] == 1)
        }
    }

    @Test func `paths are judged and errors say what to do`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let id = try await kept(bench, .sqlite, "SELECT 1 AS a")["resultId"]
        let state = bench.daemon.stateDirectory
        for (path, code) in [
            ("books.csv", "policy"), (state + "/x.csv", "policy"), (state + "/store.sqlite", "policy"),
            (state + "/keyring", "policy"),
            (state + "/store.sqlite-journal", "policy"), ("/proc/self/x", "policy"), ("/dev/null", "policy"),
            ("/a\u{0}b", "policy"),
            (bench.daemon.directory.path, "policy"), (bench.file, "conflict"), (bench.file + "/x", "file_failed"),
            (bench.daemon.directory.appending("no/x"), "file_failed"),
        ] {
            let failure = try await bench.client.failure(
                "query.export", ["resultId": id, "format": "csv", "path": .string(path)])
            #expect(failure.code == code && failure.data["path"] == "params.path", "\(path): \(failure)")
            #expect(!failure.message.contains(bench.daemon.directory.path), "\(path)")
        }
        for name in ["it's \"so\".csv", "two\nlines.csv", "源氏 😀.csv"] {
            let path = bench.daemon.directory.appending(name)
            #expect(
                try await bench.client.call("query.export", ["resultId": id, "format": "csv", "path": .string(path)])["path"]
                    .string == path)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "a\r\n1\r\n")
        }
    }

    @Test func `a shared daemon writes below its roots and nowhere else`() async throws {
        let directory = try TemporaryDirectory()
        let root = directory.appending("open")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
        try Engine.sqlite.script("CREATE TABLE t (a)", file: root + "/test.sqlite")
        let daemon = try await DaemonProcess.start(["DBASSIST_MODE": "shared", "DBASSIST_FILE_ROOTS": root], in: directory)
        let client = try daemon.client()
        _ = try await client.signUp()
        let project = try await client.call(
            "project.create",
            ["name": "t", "databaseType": "sqlite", "connectionString": .string("sqlite://\(root)/test.sqlite")])
        let result = try await client.call(
            "query.run", ["projectId": project["id"], "sql": "SELECT 1 AS a", "keep": true])
        let export = { (path: String) -> JSONValue in
            ["resultId": result["resultId"], "format": "csv", "path": .string(path)]
        }
        #expect(try await client.call("query.export", export(root + "/a.csv"))["bytes"] == 6)
        for path in [directory.appending("a.csv"), root + "/../a.csv", "/tmp/a.csv", "/etc/none/a.csv", "~/a.csv"] {
            #expect(try await client.errorCode("query.export", export(path)) == "policy", "\(path)")
        }
    }

    @Test func `options and their combinations are checked`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let id = try await kept(bench, .sqlite, "SELECT 1 AS a")["resultId"]
        for (extra, path) in [
            (["format": "sql"], "params.options.table"),
            (["format": "sql", "options": ["header": true]], "params.options.table"),
            (["format": "sql", "options": ["table": "a\n"]], "params.options.table"),
            (["format": "csv", "options": ["delimiter": "é"]], "params.options.delimiter"),
            (["format": "csv", "options": ["delimiter": "\""]], "params.options.delimiter"),
            (["format": "csv", "options": ["delimiter": "\n"]], "params.options.delimiter"),
            (["format": "csv", "options": ["delimiter": ",,"]], "params.options.delimiter"),
            (["format": "csv", "options": ["nullText": "a,b"]], "params.options.nullText"),
            (["format": "csv", "options": ["headers": true]], "params.options.headers"), (["format": "xlsx"], "params.format"),
            (["format": "csv", "cursor": "nonsense"], "params.cursor"), (["format": "csv", "cursor": "p1"], "params.cursor"),
            (["format": "csv", "cursor": "p-1r0"], "params.cursor"),
            (["format": "csv", "cursor": "p0r0", "path": "/tmp/x"], "params.cursor"),
            (["format": "csv", "partialResultToken": 1, "path": "/tmp/x"], "params.partialResultToken"),
            (["format": "csv", "partialResultToken": .number("1.5")], "params.partialResultToken"),
        ] as [(JSONValue, String)] {
            guard case .object(let members) = extra else { return }
            let failure = try await bench.client.failure("query.export", .object([(name: "resultId", value: id)] + members))
            #expect(failure.code == "invalid_params" && failure.data["path"].string == path, "\(extra): \(failure)")
        }
        // A cursor that is past the end gives the end and nothing else.
        let past = try await bench.client.call(
            "query.export", ["resultId": id, "format": "csv", "cursor": "p9223372036854775807r9"])
        #expect(past["text"] == "" && past["rowCount"] == 0)
        let row = try await bench.client.call(
            "query.export", ["resultId": id, "format": "csv", "cursor": "p0r9223372036854775807"])
        #expect(row["rowCount"] == 0)
    }

    @Test func `nobody exports more than their share at once`() async throws {
        let bench = try await Workbench.start(
            ["DBASSIST_LIMITS_EXPORTS_PER_USER": "2", "DBASSIST_LIMITS_PAGE_BYTES": "10"], engines: [.postgresql])
        let sql = "SELECT i, pg_sleep(0.05), repeat('x', 9000) FROM generate_series(1, 100000) AS g (i)"
        let result = try await bench.run(.postgresql, sql, nil, ["pageRows": 1, "timeoutMs": 60_000])
        let params = { (token: JSONValue) -> JSONValue in
            ["resultId": result["resultId"], "format": "csv", "partialResultToken": token]
        }
        let ids = [bench.client.send("query.export", params("a")), bench.client.send("query.export", params("b"))]
        var seen: Set<String> = []
        while seen.count < 2 { seen.insert(try await bench.client.notification("$/progress")["token"].string ?? "") }
        for method in ["query.export", "query.summarize"] {
            let third: JSONValue = method == "query.export" ? params("c") : ["resultId": result["resultId"]]
            let failure = try await bench.client.failure(method, third)
            #expect(failure.code == "busy" && failure.data["limit"] == "exportsPerUser")
        }
        try await bench.client.call("query.close", ["resultId": result["resultId"]])
        for id in ids {
            let failure = await #expect(throws: TestClient.Failure.self) { try await bench.client.result(of: id, "query.export") }
            #expect(failure?.code == "not_found")
        }
    }
}
