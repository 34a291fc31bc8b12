import TestSupport
import Testing

/// Writes of the assistant: proposals, and what a person does with them. Security bar A7.
@Suite(.serialized) struct ChatApprovalTests {
    private static let insert = "INSERT INTO t (a, b) VALUES (1, 'one')"

    /// A daemon whose model proposes to insert a row.
    private func start(
        _ settings: [String: String] = [:], readOnly: Bool = false, engine: Engine = .sqlite, sql: String = insert
    ) async throws -> ChatBench {
        try await ChatBench.start(settings, readOnly: readOnly, engines: [engine]) { request in
            request.lastRole == "tool" ? .text("I have put it before you.") : .propose(sql)
        }
    }

    private func rows(_ chat: ChatBench) async throws -> Int {
        try await chat.bench.run(.sqlite, "SELECT count(*) FROM t")["rows"][0][0].integer ?? -1
    }

    /// Nothing runs before somebody approves, what runs are the very bytes, and it runs once.
    @Test func `a proposal runs once and only by approval`() async throws {
        let chat = try await start()
        let message = try await chat.ask(.sqlite, "Add a row", ["partialResultToken": "t"])
        let proposal = message["proposals"][0]
        #expect(proposal["sql"].string == Self.insert && proposal["status"] == "pending" && proposal["command"] == "INSERT")
        #expect(proposal["relations"] == ["main.t"] && proposal["reason"] == "Because it was asked for.")
        let event = try #require(try await chat.events().first { $0["event"] == "approvalNeeded" })
        #expect(event["proposal"]["approvalId"] == proposal["approvalId"])
        #expect(try await rows(chat) == 0)
        let result = try await chat.client.call("chat.approve", ["approvalId": proposal["approvalId"]])
        #expect(result["affectedRows"] == 1 && result["mode"] == "write")
        #expect(try await rows(chat) == 1)
        let record = try await chat.client.call("query.get", ["queryId": result["queryId"]])
        #expect(record["sql"].string == Self.insert && record["source"] == "chat" && record["mode"] == "write")
        #expect(try await chat.client.failure("chat.approve", ["approvalId": proposal["approvalId"]]).code == "conflict")
        let page = try await chat.client.call("chat.history", ["threadId": message["threadId"]])
        #expect(page["items"][0]["proposals"][0]["status"] == "approved")
        #expect(page["items"][0]["proposals"][0]["queryId"] == result["queryId"])
    }

    /// Of fifty at once, from five connections, one runs it.
    @Test func `many approvals at once are one`() async throws {
        let chat = try await start(sql: "INSERT INTO t (b) VALUES ('one')")
        let proposal = try await chat.ask(.sqlite, "Add a row")["proposals"][0]
        let outcomes = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<5 {
                let client = try await chat.bench.connect()
                group.addTask {
                    let ids = (0..<10).map { _ in client.send("chat.approve", ["approvalId": proposal["approvalId"]]) }
                    var outcomes: [String] = []
                    for id in ids {
                        do {
                            _ = try await client.result(of: id, "chat.approve")
                            outcomes.append("ran")
                        } catch let failure as TestClient.Failure {
                            outcomes.append(failure.code)
                        }
                    }
                    return outcomes
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(outcomes.count == 50 && outcomes.filter { $0 == "ran" }.count == 1)
        // Some may be told to wait: so many statements of one user do not run at once.
        #expect(outcomes.filter { ["conflict", "busy"].contains($0) }.count == 49 && outcomes.contains("conflict"))
        #expect(try await rows(chat) == 1)
    }

    /// Declined, expired, somebody else's, or in a project that is read-only by now: it does not run, and another user learns nothing.
    @Test func `what may not run does not`() async throws {
        let chat = try await start(["DBASSIST_LIMITS_APPROVAL_MS": "1500"])
        let declined = try await chat.ask(.sqlite, "Add a row")["proposals"][0]["approvalId"]
        try await chat.client.call("chat.decline", ["approvalId": declined])
        #expect(try await chat.client.failure("chat.approve", ["approvalId": declined]).code == "conflict")

        let other = try await chat.ask(.sqlite, "Add a row")["proposals"][0]["approvalId"]
        let stranger = try chat.bench.daemon.client()
        _ = try await stranger.signUp()
        #expect(try await stranger.failure("chat.approve", ["approvalId": other]).code == "not_found")
        try await stranger.call("chat.decline", ["approvalId": other])
        try await chat.client.call("project.update", ["projectId": .string(chat.bench.project(.sqlite)), "readOnly": true])
        #expect(try await chat.client.failure("chat.approve", ["approvalId": other]).code == "read_only")
        try await chat.client.call("project.update", ["projectId": .string(chat.bench.project(.sqlite)), "readOnly": false])
        let deadline = ContinuousClock.now + .seconds(20)
        var code: String?
        // Its time is over sooner or later, and until then it is there.
        let late = try await chat.ask(.sqlite, "Add a row")
        while ContinuousClock.now < deadline {
            let page = try await chat.client.call("chat.history", ["threadId": late["threadId"]])
            if page["items"][0]["proposals"][0]["status"] == "expired" { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        code = try await chat.client.failure("chat.approve", ["approvalId": late["proposals"][0]["approvalId"]]).code
        #expect(code == "conflict")
        #expect(try await rows(chat) == 0)
    }

    /// A statement is bound to the database it was proposed for: with another connection string it is not run any more.
    @Test func `a proposal does not move to another database`() async throws {
        let chat = try await start()
        let proposal = try await chat.ask(.sqlite, "Add a row")["proposals"][0]
        let file = chat.bench.daemon.directory.appending("other.sqlite")
        try Engine.sqlite.script("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", file: file)
        try await chat.client.call(
            "project.update",
            ["projectId": .string(chat.bench.project(.sqlite)), "connectionString": .string("sqlite://" + file)])
        #expect(try await chat.client.failure("chat.approve", ["approvalId": proposal["approvalId"]]).code == "conflict")
        #expect(try Engine.sqlite.script("SELECT count(*) FROM t", file: file).hasPrefix("0"))
    }

    /// In a read-only project nothing can even be proposed, and the model is not offered the tool.
    @Test func `a read-only project takes no proposals`() async throws {
        let chat = try await start(readOnly: true)
        let message = try await chat.ask(.sqlite, "Add a row")
        #expect(message.member("proposals") == nil)
        let uses = try await chat.toolUses(message["threadId"])
        #expect(uses.count == 1 && uses[0]["outcome"] == "refused")
        let tools = (chat.model.chats[0].body["tools"].array ?? []).map { $0["function"]["name"].string }
        #expect(!tools.contains("propose_statement") && tools.contains("run_query"))
    }

    /// What is proposed was prepared on the database: what would not do goes back to the model, and nothing of it runs.
    @Test(arguments: Engine.allCases) func `a proposal is prepared first`(engine: Engine) async throws {
        let table = "chat_proposal"
        let chat = try await ChatBench.start(engines: [engine]) { request in
            guard request.lastRole == "tool" else { return .propose("UPDATE \(table) SET nothing = 1") }
            return request.lastContent?.contains("nothing") == true
                ? .propose("UPDATE \(table) SET n = n + 1") : .text("It waits for you.")
        }
        try await chat.bench.write(engine, "DROP TABLE IF EXISTS \(table)")
        try await chat.bench.write(engine, "CREATE TABLE \(table) (n int)")
        try await chat.bench.write(engine, "INSERT INTO \(table) VALUES (1), (2), (3)")
        let message = try await chat.ask(engine, "Count up")
        #expect(message["proposals"].array?.count == 1 && message["usage"]["corrections"] == 1)
        #expect(message["proposals"][0]["relations"].array?.first?.string?.hasSuffix(table) == true)
        if engine == .postgresql { #expect((message["proposals"][0]["rowsEstimate"].integer ?? 0) > 0) }
        let sum = "SELECT sum(n) AS s FROM \(table)"
        #expect("\(try await chat.bench.run(engine, sum)["rows"][0][0])".contains("6"))
        let result = try await chat.client.call(
            "chat.approve", ["approvalId": message["proposals"][0]["approvalId"]], timeoutMs: 30_000)
        #expect(result["affectedRows"] == 3)
        #expect("\(try await chat.bench.run(engine, sum)["rows"][0][0])".contains("9"))
        try await chat.bench.write(engine, "DROP TABLE \(table)")
    }
}
