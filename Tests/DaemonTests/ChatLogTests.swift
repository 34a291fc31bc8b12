import TestSupport
import Testing

/// The log while somebody tries to write in it through the assistant. Security bar F64.
@Suite struct ChatLogTests {
    private static let forged =
        "x\n{\"time\":\"2026-01-01T00:00:00.000Z\",\"level\":\"info\",\"message\":\"forged\"}\r\n\u{1B}[2J\u{2028}\u{0}"

    /// Every text that a person, a database or a model chooses, at the most verbose level: each line stays one object of the daemon's own.
    @Test func `no text of anybody's forges a line`() async throws {
        let forged = Self.forged.replacing("\u{0}", with: "")
        let chat = try await ChatBench.start(["DBASSIST_LOG_LEVEL": "trace", "DBASSIST_MODEL": forged]) { request in
            switch request.lastContent ?? "" {
            case let text where text.hasPrefix("status"): return .status(500, message: Self.forged, type: Self.forged)
            case let text where text.hasPrefix("refuse"): return .status(400, message: Self.forged, code: Self.forged)
            case let text where text.hasPrefix("body"): return .body(Self.forged)
            case let text where text.hasPrefix("raw"): return .noHTTP(Array(Self.forged.utf8))
            case _ where request.lastRole == "tool": return .text(Self.forged)
            default:
                let sql = "SELECT 1 AS \"\(forged)\" -- \(forged)\n"
                return .calls([
                    (Self.forged, Self.forged), ("run_query", ModelReply.arguments(["sql": .string(sql)])),
                    ("run_query", ModelReply.arguments(["sql": .string("INSERT INTO t VALUES (1, '\(forged)')")])),
                    (
                        "propose_statement",
                        ModelReply.arguments([
                            "sql": .string("INSERT INTO t (b) VALUES ('\(forged)') /* \(forged) */"), "reason": .string(forged),
                        ])
                    ),
                ])
            }
        }
        let client = chat.client
        let account: JSONValue = [
            "email": "forger@example.org", "password": .string(TestClient.password), "name": .string(forged),
        ]
        _ = try? await chat.bench.daemon.client().call("auth.signup", account)
        for (method, params): (String, JSONValue) in [
            (
                "project.create",
                ["name": .string(forged), "databaseType": "sqlite", "connectionString": .string("sqlite://\(chat.bench.file)")]
            ),
            ("project.update", ["projectId": .string(forged), "name": .string(forged), "assistant": ["model": .string(forged)]]),
            ("chat.send", chat.params(.sqlite, "x", ["model": .string(forged)])), ("chat.doctor", ["model": .string(forged)]),
            ("chat.approve", ["approvalId": .string(forged)]),
            (
                "chat.confirm",
                [
                    "projectId": .string(chat.bench.project(.sqlite)), "question": .string(forged),
                    "sql": .string("SELECT 1 /* \(forged) */"),
                ]
            ),
        ] { _ = try? await client.call(method, params) }
        let message = try await chat.ask(.sqlite, "please \(forged)", ["partialResultToken": .string(forged)])
        let uses = try await chat.toolUses(message["threadId"])
        #expect(uses.count == 4 && message["proposals"].array?.count == 1, "\(uses)")
        _ = try await client.call("chat.renameThread", ["threadId": message["threadId"], "title": .string(forged)])
        _ = try await client.call("chat.approve", ["approvalId": message["proposals"][0]["approvalId"]])
        for content in ["status", "refuse", "body", "raw"] {
            #expect(try await client.failure("chat.send", chat.params(.sqlite, content)).code == "model_failed")
        }
        _ = try await client.call("chat.doctor")
        #expect(chat.model.chats.last?.body["model"].string == forged)
        try await chat.bench.daemon.stop()
        try check(chat.bench.daemon)
        #expect(chat.bench.daemon.log.contains("approved"))
    }

    /// Turns that a crash cut off are counted at the next start, once.
    @Test func `turns that were cut off are told of once`() async throws {
        let chat = try await ChatBench.start { _ in .hang }
        _ = chat.client.send("chat.send", chat.params(.sqlite, "One"))
        _ = chat.client.send("chat.send", chat.params(.sqlite, "Two"))
        #expect(await chat.model.hasChats(2))
        try await chat.bench.daemon.crash()
        let second = try await chat.bench.daemon.startAgain()
        let lines = second.log.split(separator: "\n").filter { $0.contains("found unfinished") }
        #expect(lines.count == 1 && lines[0].contains(#""turns":"2""#), "\(second.log)")
        try await second.stop()
        let third = try await second.startAgain()
        #expect(!third.log.contains("found unfinished"))
        try check(third)
    }

    private func check(_ daemon: DaemonProcess) throws {
        #expect(!daemon.logBytes.isEmpty)
        for line in daemon.logBytes.split(separator: 0x0A) {
            let entry = try JSONValue(parsing: Array(line))
            #expect(entry["time"].string != nil && entry["level"].string != nil && entry["message"].string != nil)
            #expect(entry["message"] != "forged", "\(entry)")
        }
    }
}
