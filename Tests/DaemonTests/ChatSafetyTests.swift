import Foundation
import TestSupport
import Testing

/// What a model cannot do, whatever it says. Security bars A8, A9, F63, F64; A6 is in ``ReadOnlyTests``.
@Suite(.serialized) struct ChatSafetyTests {
    private static func corpus(_ name: String, field: Int) throws -> [String] {
        let file = Repository.root.appending(path: "Tests/DatabasesTests/Corpora/" + name)
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
            .compactMap { line in
                let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
                guard fields.indices.contains(field) else { return nil }
                return String(fields[field]).replacing("\\n", with: "\n").replacing("\\t", with: "\t")
            }
    }

    /// A8: a database user that reaches beyond its data is refused until its owner says that he knows, and the refusal names the rights.
    @Test func `dangerous rights are named and need consent`() async throws {
        let chat = try await ChatBench.start(engines: [.postgresql]) { _ in .text("Hello.") }
        for (type, string, right) in [
            ("postgresql", try PostgreSQLServer.shared().uri(role: PostgreSQLServer.superuser), "superuser"),
            ("mysql", try MariaDBServer.shared.get().uri(MariaDBServer.root), "ALL PRIVILEGES"),
        ] {
            let project = try await chat.client.call(
                "project.create",
                ["name": .string("root \(type)"), "databaseType": .string(type), "connectionString": .string(string)])
            let params: JSONValue = ["projectId": project["id"], "content": "What is there?"]
            let failure = try await chat.client.failure("chat.send", params)
            #expect(failure.code == "policy" && failure.message.contains(right), "\(failure)")
            let consent = failure.data["consent"]
            #expect(consent == ["acceptedRights": [.string(right)]], "\(failure)")
            // What the refusal says is what lifts it, unchanged.
            try await chat.client.call("project.update", ["projectId": project["id"], "assistant": consent])
            #expect(try await chat.client.call("chat.send", params)["text"] == "Hello.")
        }
    }

    /// What is to be accepted comes with what was, since the list replaces the project's; and nothing else asks for consent.
    @Test func `a consent keeps those given before`() async throws {
        let chat = try await ChatBench.start(engines: [.postgresql]) { _ in .text("Hello.") }
        let odd = "rôle \"of\"\nothers"
        let project = try await chat.client.call(
            "project.create",
            [
                "name": "root", "databaseType": "postgresql",
                "connectionString": .string(try PostgreSQLServer.shared().uri(role: PostgreSQLServer.superuser)),
            ])
        let params: JSONValue = ["projectId": project["id"], "content": "What is there?"]
        try await chat.client.call(
            "project.update",
            ["projectId": project["id"], "assistant": ["acceptedRights": [.string(odd)], "shareSchema": false]])
        let rights = try await chat.client.failure("chat.send", params)
        #expect(rights.data["consent"] == ["acceptedRights": [.string(odd), "superuser"]], "\(rights)")
        try await chat.client.call("project.update", ["projectId": project["id"], "assistant": rights.data["consent"]])
        let schema = try await chat.client.failure("chat.send", params)
        #expect(schema.code == "policy" && schema.data["consent"] == ["shareSchema": true], "\(schema)")
        try await chat.client.call("project.update", ["projectId": project["id"], "assistant": schema.data["consent"]])
        #expect(try await chat.client.call("chat.send", params)["text"] == "Hello.")
        let other = try await chat.client.failure("chat.send", ["projectId": project["id"], "content": ""])
        #expect(other.data.member("consent") == nil, "\(other)")
    }

    /// A9: what reaches beyond the data is refused before it runs, though the person's own query.run may do it.
    @Test func `functions with side effects are not for a model`() async throws {
        let refused = try Self.corpus("postgresql-scope.tsv", field: 1)
        let outcomes = try Self.corpus("postgresql-scope.tsv", field: 0)
        let wanted = zip(outcomes, refused).filter { $0.0 != "ran" }.map(\.1)
        let chat = try await ChatBench.start(["DBASSIST_LIMITS_CHAT_CORRECTIONS": "1000"], engines: [.postgresql]) { request in
            guard request.lastRole != "tool", let number = Int(request.lastContent ?? "") else { return .text("Done.") }
            let some = wanted[number..<min(number + 8, wanted.count)]
            return .calls(some.map { ("run_query", ModelReply.arguments(["sql": .string($0)])) })
        }
        for number in stride(from: 0, to: min(wanted.count, 80), by: 8) {
            let message = try await chat.ask(.postgresql, "\(number)")
            let uses = try await chat.toolUses(message["threadId"])
            #expect(uses.allSatisfy { $0["outcome"] == "refused" || $0["outcome"] == "failed" }, "\(uses)")
            #expect(uses.contains { $0["errorCode"] == "policy" })
        }
        #expect(wanted.count >= 60)
    }

    /// F63: no secret and no masked value is in what is sent to a model, however it asks.
    @Test func `masked values never leave`() async throws {
        let canary = "canary-91b2f7"
        let statements = [
            "SELECT * FROM people", "SELECT email FROM people", "SELECT email AS e FROM people", "SELECT p.* FROM people p",
            "SELECT x.b FROM people AS x (a, b)", "SELECT json_group_array(email) FROM people", "TABLE people",
            "SELECT \"email\" FROM people", "SELECT [email] FROM people", "SELECT CAST(email AS INTEGER) FROM people",
            "SELECT b FROM (SELECT 1 AS a, 2 AS b UNION ALL SELECT * FROM people)", "SELECT max(email) FROM people",
            "SELECT contact FROM people_view", "SELECT * FROM people_view",
            "WITH x (a, b) AS (SELECT * FROM people) SELECT b FROM x",
        ]
        let chat = try await ChatBench.start(["DBASSIST_LIMITS_CHAT_CORRECTIONS": "1000", "DBASSIST_LIMITS_CHAT_STEPS": "20"]) {
            request in
            guard request.lastRole != "tool" else { return .text("Done.") }
            let number = Int(request.lastContent ?? "") ?? 0
            return .calls(
                statements[number..<min(number + 8, statements.count)].map {
                    ("run_query", ModelReply.arguments(["sql": .string($0)]))
                })
        }
        try await chat.bench.write(.sqlite, "CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT DEFAULT 'nobody')")
        try await chat.bench.write(.sqlite, "INSERT INTO people VALUES (1, '\(canary)')")
        try await chat.bench.write(.sqlite, "CREATE VIEW people_view AS SELECT id, email AS contact FROM people")
        try await chat.client.call(
            "project.update",
            [
                "projectId": .string(chat.bench.project(.sqlite)),
                "assistant": ["maskedColumns": ["people.email"], "shareSamples": true],
            ])
        for number in stride(from: 0, to: statements.count, by: 8) {
            let message = try await chat.ask(.sqlite, "\(number)")
            let uses = try await chat.toolUses(message["threadId"])
            #expect(uses.allSatisfy { $0["outcome"] != "ok" }, "\(uses)")
        }
        #expect(!chat.model.hasReceived(canary))
        #expect(chat.model.hasReceived("[masked]"))
    }

    /// Without consent a model hears columns and counts, and the person sees the rows.
    @Test func `rows stay where their owner wants them`() async throws {
        let chat = try await ChatBench.start { request in
            request.lastRole == "tool" ? .text("There.") : .query("SELECT b FROM t")
        }
        try await chat.bench.write(.sqlite, "INSERT INTO t VALUES (1, 'canary-5d1c')")
        try await chat.client.call(
            "project.update", ["projectId": .string(chat.bench.project(.sqlite)), "assistant": ["shareRows": false]])
        let message = try await chat.ask(.sqlite, "What is there?")
        let rows = try await chat.client.call("query.fetch", ["resultId": message["statements"][0]["resultId"], "cursor": "p0"])
        #expect(rows["rows"] == [["canary-5d1c"]])
        #expect(!chat.model.hasReceived("canary-5d1c"))
        try await chat.client.call(
            "project.update", ["projectId": .string(chat.bench.project(.sqlite)), "assistant": ["shareSchema": false]])
        #expect(try await chat.client.failure("chat.send", chat.params(.sqlite, "And now?")).code == "policy")
    }

    /// F64: whatever a server does, the turn ends with one reply and one last event, and the daemon goes on.
    @Test(
        arguments: [
            ("401", "model_failed"), ("404", "model_failed"), ("429", "model_failed"), ("500", "model_failed"),
            ("cut", "model_failed"),
            ("reset", "model_failed"), ("garbage", "model_failed"), ("giant", "model_failed"), ("noHTTP", "model_failed"),
            ("hang", "model_failed"), ("huge arguments", "model_failed"), ("long prompt", "model_failed"),
            ("unknown tool", nil), ("no arguments", nil), ("wrong arguments", nil), ("extra arguments", nil),
            ("arguments no JSON", nil),
            ("many calls", nil), ("no text", nil), ("log injection", nil),
        ] as [(String, String?)])
    func `a turn survives its server`(script: String, code: String?) async throws {
        let settings = ["DBASSIST_MODEL_FIRST_BYTE_TIMEOUT_MS": "700", "DBASSIST_MODEL_IDLE_TIMEOUT_MS": "700"]
        let chat = try await ChatBench.start(settings) { request in
            guard request.lastRole != "tool" else { return .text("So it is.") }
            return switch script {
            case "401": .unauthorized
            case "404": .noSuchModel
            case "429": .rateLimited()
            case "500": .serverError
            case "cut": .begun("Half a", then: .close)
            case "reset": .begun("Half a", then: .reset)
            case "garbage": .body("data: {\"choices\": [}\n\n")
            case "giant": .giantLine(4 << 20)
            case "noHTTP": .noHTTP(Array("hello\r\n\r\n".utf8))
            case "hang": .hang
            case "huge arguments": .hugeArguments("run_query", 10 << 20)
            case "long prompt": .contextTooLong(prompt: 9000, window: 8192)
            case "unknown tool": .calls([("drop_database", "{}")])
            case "no arguments": .calls([("run_query", "")])
            case "wrong arguments": .calls([("run_query", #"{"sql": 7}"#)])
            case "extra arguments":
                .calls([("run_query", #"{"sql": "SELECT 1", "projectId": "019ab0c4-0000-7000-8000-00000000dead"}"#)])
            case "arguments no JSON": .calls([("run_query", "SELECT 1")])
            case "many calls": .calls((0..<40).map { ("run_query", #"{"sql":"SELECT \#($0)"}"#) })
            case "log injection": .calls([("run_query\n{\"level\":\"info\"}", #"{"sql":"SELECT 1\n{}"}"#)])
            default: .text("")
            }
        }
        let id = chat.client.send("chat.send", chat.params(.sqlite, "Well?", ["partialResultToken": "t"]))
        do {
            let message = try await chat.client.result(of: id, "chat.send", timeoutMs: 30_000)
            #expect(code == nil && message["outcome"] == "finished", "\(message)")
            let uses = try await chat.toolUses(message["threadId"])
            if script.contains("argument") || script == "unknown tool" || script == "log injection" {
                #expect(uses.allSatisfy { $0["outcome"] == "refused" } && !uses.isEmpty, "\(uses)")
            }
            if script == "many calls" { #expect(uses.filter { $0["outcome"] == "ok" }.count == 8 && uses.count == 40) }
        } catch let failure as TestClient.Failure {
            #expect(failure.code == code, "\(failure)")
        }
        let events = try await chat.events()
        #expect(events.filter { ["finished", "failed", "cancelled"].contains($0["event"].string) }.count == 1)
        #expect(try await chat.client.call("system.health")["status"] == "ok")
        for line in chat.bench.daemon.log.split(separator: "\n") { #expect(line.hasPrefix("{"), "\(line)") }
    }
}
