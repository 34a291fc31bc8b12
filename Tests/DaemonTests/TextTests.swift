import Foundation
import TestSupport
import Testing

/// Text on its way through the daemon to a database or the store: kept byte for byte, or refused; never mended. Security bar D44.
@Suite struct TextTests {
    /// What is well-formed, though not everybody takes it: marks, controls, surrogate pairs, non-characters, and U+FFFD itself.
    private static let kept = [
        "caf\u{e9}", "cafe\u{301}", "\u{1F511}", "\u{FEFF}x", "x\u{FEFF}", "a\u{200B}b", "\u{202E}abc", "\u{2028}\u{2029}",
        "\u{7F}\u{80}",
        "\u{1}\u{1F}", "\t\r\n", "\u{FFFE}", "\u{FFFF}", String(decoding: [0xEF, 0xB7, 0x90], as: UTF8.self), "\u{10FFFF}",
        "\u{1FFFE}", "\u{FFFD}", "''", "\\", "\\'", "%_;--",
        "\u{E000}", "I\u{307}\u{130}\u{131}", "\u{1100}\u{1161}", "\u{212B}\u{c5}A\u{30A}",
    ]

    /// JSON strings, in bytes, that stand for no text.
    private static let broken: [[UInt8]] =
        [
            [0x80], [0xBF], [0xFF], [0xFE], [0xC0, 0x80], [0xC0, 0xAF], [0xC1, 0x81], [0xE0, 0x80, 0xAF],
            [0xF0, 0x80, 0x80, 0xAF],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xED, 0xA0, 0xBD, 0xED, 0xB0, 0x88], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3], [0xE2, 0x82],
            [0xF0, 0x9F, 0x90], [0xE9, 0x74], [0x00], [0x0A], [0x1F],
        ].map { [0x61] + $0 + [0x62] }
        + [
            "\\ud800", "\\udc00", "\\udc00\\ud800", "\\ud83dx", "\\ud83d\\u0041", "\\ud83d\\ud83d", "\\ud83d\\n", "\\u00zz",
            "\\x41",
        ]
        .map { Array("a\($0)b".utf8) }

    /// The bytes a database has of a value, in lower-case hexadecimal.
    private func hex(_ engine: Engine, _ value: String) -> String {
        switch engine {
        case .postgresql: "encode(convert_to(\(value), 'UTF8'), 'hex')"
        case .mysql: "lower(hex(\(value)))"
        case .sqlite: "lower(hex(\(value)))"
        }
    }

    private func hex(_ text: String) -> String {
        text.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private func literal(_ engine: Engine, _ text: String) -> String {
        let doubled = text.replacing("'", with: "''")
        return "'" + (engine == .mysql ? doubled.replacing("\\", with: "\\\\") : doubled) + "'"
    }

    /// A parameter that stands in two places: MariaDB's have no names.
    private func values(_ engine: Engine, _ text: String) -> [JSONValue] {
        Array(repeating: .string(text), count: engine == .mysql ? 2 : 1)
    }

    @Test(arguments: Engine.allCases) func whatIsTextArrivesByteForByte(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let parameter = engine == .postgresql ? "$1::text" : engine.placeholder(1)
        for text in Self.kept {
            let sql =
                "SELECT \(hex(engine, literal(engine, text))), \(literal(engine, text)), \(hex(engine, parameter)), \(parameter)"
            let row = try await bench.run(engine, sql, values(engine, text))["rows"][0]
            let expected = hex(text)
            #expect(row[0].string == expected && row[2].string == expected, "\(expected) was \(row[0]) and \(row[2]) there")
            for cell in [row[1], row[3]] { #expect(cell.string.map(hex) == expected, "\(expected) came back as \(cell)") }
            // History has it as it was.
            let kept = try await bench.client.call("query.history", ["limit": 1])["items"][0]["sql"].string ?? ""
            #expect(Array(kept.utf8) == Array(sql.utf8))
        }
        // As an identifier, and in what a database says of it.
        // MariaDB's identifiers, and its messages, have no characters of four bytes.
        let name = "na\u{301}\u{AC00}\(engine == .mysql ? "" : "\u{1F511}")me"
        let quoted = engine == .mysql ? "`\(name)`" : "\"\(name)\""
        #expect(try await bench.run(engine, "SELECT 1 AS \(quoted)")["columns"][0]["name"].string.map(hex) == hex(name))
        let message = try await bench.failure(engine, "SELECT 1 FROM \(quoted)").message
        #expect(Array(message.utf8).firstRange(of: Array(name.utf8)) != nil, "\(message)")
    }

    /// A parameter may be what no text in SQL is: where the engine has a NUL it gets it, where not the value is refused, never cut.
    @Test(arguments: Engine.allCases) func nulIsKeptOrRefused(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let text = "a\u{0}b"
        for sql in ["SELECT '\(text)'", "SELECT 1 -- \(text)", "\u{0}SELECT 1", "SELECT 1\u{0}"] {
            let failure = try await bench.failure(engine, sql)
            #expect(failure.code == "invalid_params" && failure.data["path"] == "params.sql")
        }
        if engine == .postgresql {
            #expect(try await bench.failure(engine, "SELECT $1::text", [.string(text)]).code == "invalid_parameters")
        } else {
            let value = engine.placeholder(1)
            let row = try await bench.run(engine, "SELECT \(hex(engine, value)), \(value)", values(engine, text))["rows"][0]
            #expect(row == ["610062", .string(text)])
        }
    }

    /// What is not text reaches nobody: no database, no history, no account.
    @Test func whatIsNoTextIsRefusedAsAWhole() async throws {
        let bench = try await Workbench.start()
        let client = bench.client
        func refuse(_ before: String, _ text: [UInt8], _ after: String) async throws {
            let reply = try await client.exchange(Array(before.utf8) + text + Array(after.utf8))
            #expect(reply["error"]["data"]["code"] == "parse_error" && reply["id"].isNull, "\(text)")
        }
        for text in Self.broken where text.contains(0x0A) == false {
            for engine in Engine.allCases {
                let start =
                    #"{"jsonrpc":"2.0","id":1,"method":"query.run","params":{"projectId":"\#(bench.project(engine))","sql":""#
                try await refuse(start + "SELECT '", text, #"'"}}"#)
                try await refuse(start + "SELECT " + engine.placeholder(1) + #"","parameters":[""#, text, #""]}}"#)
            }
            try await refuse(#"{"jsonrpc":"2.0","id":1,"method":"auth.updateProfile","params":{"name":""#, text, #""}}"#)
            try await refuse(#"{"jsonrpc":"2.0","id":1,"method":"system."#, text, #""}"#)
        }
        #expect(try await client.call("query.history")["items"] == [])
        #expect(try await client.call("auth.whoami")["user"]["name"] == "Ada Lovelace")
        try await noReplacementCharacter(bench)
    }

    /// Names, labels and descriptions, as the store has them.
    @Test func theStoreHasWhatWasSent() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let client = bench.client
        let id: JSONValue = .string(bench.project(.sqlite))
        let store = bench.daemon.stateDirectory + "/store.sqlite"
        for text in Self.kept where text != "\u{FFFD}" {
            try await client.call("auth.updateProfile", ["name": .string(text)])
            try await client.call("project.update", ["projectId": id, "name": .string(text), "description": .string(text)])
            let query = try await client.call("query.run", ["projectId": id, "sql": "SELECT 1", "label": .string(text)])[
                "queryId"]
            // Reading history waits until it is written.
            #expect(try await client.call("query.get", ["queryId": query])["label"].string.map(hex) == hex(text))
            let kept = try Engine.sqlite.script(
                """
                SELECT lower(hex(u.name)), lower(hex(p.name)), lower(hex(p.description)), lower(hex(q.label))
                FROM users u, projects p JOIN queries q ON q.project_id = p.id ORDER BY q.created_at DESC, q.id DESC LIMIT 1
                """, file: store)
            #expect(
                kept.split(separator: "\n")[0].split(separator: "|").map(String.init) == Array(repeating: hex(text), count: 4))
        }
        for member in ["name", "description"] {
            let params: JSONValue = .object([("projectId", id), (member, .string("a\u{0}b"))])
            do {
                #expect(try await client.call("project.update", params)[member].string.map(hex) == "610062")
            } catch let refused as TestClient.Failure { #expect(refused.code == "invalid_params") }
        }
        try await noReplacementCharacter(bench)
    }

    /// U+FFFD, which nobody sent, is nowhere.
    private func noReplacementCharacter(_ bench: Workbench) async throws {
        try await bench.daemon.stop()
        let replacement = Data("\u{FFFD}".utf8)
        for (name, bytes) in StateSnapshot(of: bench.daemon.stateDirectory).files where name != "keyring" {
            #expect(bytes.range(of: replacement) == nil, "\(name)")
        }
        #expect(Data(bench.daemon.logBytes).range(of: replacement) == nil)
    }
}
