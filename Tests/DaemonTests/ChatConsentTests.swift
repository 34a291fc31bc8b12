import TestSupport
import Testing

/// What a project's owner takes back while a turn works. Security bar F63.
@Suite struct ChatConsentTests {
    private static let first = "canary-4c1e"
    private static let second = "canary-9a07"

    /// What is changed, and how the turn ends.
    private static let changes: [(name: String, change: JSONValue, code: String)] = [
        ("rows", ["assistant": ["shareRows": false]], "policy"), ("schema", ["assistant": ["shareSchema": false]], "policy"),
        ("samples", ["assistant": ["shareSamples": false]], "policy"),
        ("a masked column", ["assistant": ["maskedColumns": ["t.b"]]], "policy"),
        ("the database", ["connectionString": "sqlite:///dev/null/other.sqlite"], "conflict"),
    ]

    /// A turn whose model has the first row and, once the consent is gone, asks for the second; it is told nothing any more.
    @Test(arguments: changes.indices) func `what is taken back during a turn is not sent`(number: Int) async throws {
        let (name, change, code) = Self.changes[number]
        let chat = try await start { .calls([("run_query", ModelReply.arguments(["sql": "SELECT b FROM t WHERE a = 2"]))]) }
        var members: [(name: String, value: JSONValue)] = [("projectId", .string(chat.bench.project(.sqlite)))]
        guard case .object(let changed) = change else { return }
        members += changed
        if name == "the database" {
            let file = chat.bench.daemon.directory.appending("other.sqlite")
            try Engine.sqlite.script("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", file: file)
            members[1].value = .string("sqlite://\(file)")
        }
        let failure = try await interrupted(chat, .object(members))
        // With another database the turn is stopped at once, whatever it does.
        #expect([code, name == "the database" ? "cancelled" : code].contains(failure.code), "\(name): \(failure)")
        #expect(chat.model.chats.count == 2, "\(name)")
        #expect(chat.model.hasReceived(Self.first) && !chat.model.hasReceived(Self.second), "\(name)")
    }

    /// The same with an answer that is under way when the consent goes: it is shown, and nothing follows.
    @Test func `a statement in an answer is not sent back`() async throws {
        let chat = try await start { .text("```sql\nSELECT nothing FROM t\n```") }
        let failure = try await interrupted(
            chat, ["projectId": .string(chat.bench.project(.sqlite)), "assistant": ["shareSchema": false]])
        #expect(failure.code == "policy" && failure.message.contains("restricted"), "\(failure)")
        #expect(chat.model.chats.count == 2)
    }

    /// What does not take anything back, and what gives more, ends no turn.
    @Test func `other changes do not matter`() async throws {
        let chat = try await start { .text("Two.") }
        let id = chat.client.send("chat.send", chat.params(.sqlite, "How many?"))
        #expect(await chat.model.hasChats(2))
        let other = try await chat.bench.connect()
        try await other.call(
            "project.update",
            [
                "projectId": .string(chat.bench.project(.sqlite)), "name": "renamed",
                "assistant": ["shareRows": true, "shareSamples": true, "acceptedRights": ["FILE"]],
            ])
        chat.model.release()
        #expect(try await chat.client.result(of: id, "chat.send")["text"] == "Two.")
    }

    /// A model that reads the first row, and whose next reply waits for `release()`.
    private func start(_ next: @escaping @Sendable () -> ModelReply) async throws -> ChatBench {
        let chat = try await ChatBench.start { request in
            switch request.messages.count {
            case 2: return .query("SELECT b FROM t WHERE a = 1")
            case 4:
                var reply = next()
                reply.steps.insert(.hold, at: 0)
                return reply
            default: return .text("More.")
            }
        }
        try await chat.bench.write(.sqlite, "INSERT INTO t VALUES (1, '\(Self.first)'), (2, '\(Self.second)')")
        try await chat.client.call(
            "project.update", ["projectId": .string(chat.bench.project(.sqlite)), "assistant": ["shareSamples": true]])
        return chat
    }

    /// Changes the project while the model's second reply is under way, and answers how the turn ends.
    private func interrupted(_ chat: ChatBench, _ change: JSONValue) async throws -> TestClient.Failure {
        let id = chat.client.send("chat.send", chat.params(.sqlite, "What is there?"))
        #expect(await chat.model.hasChats(2))
        let other = try await chat.bench.connect()
        try await other.call("project.update", change)
        chat.model.release()
        do {
            throw ChildProcess.Failure("the turn went on: \(try await chat.client.result(of: id, "chat.send"))")
        } catch let failure as TestClient.Failure { return failure }
    }
}
