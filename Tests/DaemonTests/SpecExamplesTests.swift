import Protocol
import TestSupport
import Testing

/// Every example of `spec/openrpc.json`, sent to a running daemon: what the spec shows is what happens.
@Suite struct SpecExamplesTests {
    /// Examples begin with fixtures of their own, as `spec/ADDING_A_METHOD.md` names them.
    @Test(arguments: Carrier.sockets) func everyExampleIsAnsweredAsTheSpecSays(carrier: Carrier) async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_LIMITS_LOGIN_FAILURES": "1000"])
        let database = try SampleDatabase.make(in: daemon.directory)
        let shared = try await daemon.client().signUp()
        var sent = 0
        for method in Specification.shared.methods {
            guard let name = method["name"].string else { continue }
            for example in method["examples"].array ?? [] {
                // What changes the account gets one of its own.
                let needsOwn = name.hasPrefix("auth.")
                let client = try daemon.client(carrier.framing)
                var fixture = ExampleFixture(daemon: daemon, client: client, database: database, account: shared)
                let needs = ExampleFixture.Stage(rawValue: example["x-needs"].string ?? "none") ?? .none
                try await fixture.build(needs, ownAccount: needsOwn, mentions: "\(example)")
                try await send(example, of: method, name, with: fixture)
                sent += 1
            }
        }
        #expect(sent >= Specification.shared.methods.count)
        #expect(try await daemon.stop() == 0)
    }

    private func send(_ example: JSONValue, of method: JSONValue, _ name: String, with fixture: ExampleFixture) async throws {
        let members = (example["params"].array ?? []).compactMap { param in
            param["name"].string.map { (name: $0, value: fixture.filled(param["value"])) }
        }
        let params: JSONValue? = members.isEmpty ? Optional.none : .object(members)
        let title = Comment(rawValue: "\(name), \(example["name"].string ?? "")")
        guard method["x-kind"] == "request" else {
            fixture.client.notify(name, params)
            return
        }
        do {
            let result = try await fixture.client.call(name, params)
            #expect(example.member("x-error") == nil, title)
            #expect(Specification.shared.problems(inResult: result, of: name).isEmpty, title)
        } catch let failure as TestClient.Failure {
            #expect(failure.code == example["x-error"].string, title)
        }
    }
}

/// What an example starts from, and what its placeholders stand for.
struct ExampleFixture {
    enum Stage: String, Comparable, CaseIterable {
        case none, session, project, query, result, thread

        static func < (left: Stage, right: Stage) -> Bool { left.position < right.position }
        private var position: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    let daemon: DaemonProcess
    let client: TestClient
    private var values: [String: String]
    private var account: TestClient.Account

    init(daemon: DaemonProcess, client: TestClient, database: String, account: TestClient.Account) {
        self.daemon = daemon
        self.client = client
        self.account = account
        values = [
            "newEmail": TestClient.newEmail(), "sampleDatabase": database, "unknownId": "019ab0c4-0000-7000-8000-00000000dead",
        ]
    }

    /// - Parameter mentions: the example's text; what it does not mention is not made where it is dear.
    mutating func build(_ stage: Stage, ownAccount: Bool, mentions text: String) async throws {
        guard stage >= .session else { return }
        if ownAccount {
            account = try await daemon.client().signUp()
        }
        try await client.attach(account.token)
        values["email"] = account.email
        values["password"] = account.password
        values["token"] = account.token
        if text.contains("${sessionId}") {
            let other = try daemon.client()
            try await other.call("auth.login", ["email": .string(account.email), "password": .string(account.password)])
            values["sessionId"] = try await other.call("auth.whoami")["session"]["id"].string
        }
        for project in try await client.call("project.list")["items"].array ?? [] {
            try await client.call("project.delete", ["projectId": project["id"]])
        }
        guard stage >= .project, let database = values["sampleDatabase"] else { return }
        let project = try await client.call(
            "project.create",
            ["name": "Fixture", "databaseType": "sqlite", "connectionString": .string("sqlite://" + database)])
        values["projectId"] = project["id"].string
        guard stage >= .query else { return }
        let query = try await client.call(
            "query.run", ["projectId": project["id"], "sql": "SELECT id FROM books ORDER BY id", "pageRows": 2])
        // Its first page may come before its end, and only then is it in history.
        try await client.call("query.summarize", ["resultId": query["resultId"]])
        values["queryId"] = query["queryId"].string
        values["resultId"] = query["resultId"].string
        values["cursor"] = query["nextCursor"].string
        guard stage >= .thread else { return }
        let turn = try await client.call("chat.send", ["projectId": project["id"], "content": "What tables are there?"])
        values["threadId"] = turn["threadId"].string
    }

    /// The value with every placeholder filled.
    func filled(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(var text):
            for (name, value) in values { text.replace("${\(name)}", with: value) }
            if text.contains("${") { Issue.record("a placeholder nobody fills: \(text)") }
            return .string(text)
        case .array(let elements): return .array(elements.map(filled))
        case .object(let members): return .object(members.map { (name: $0.name, value: filled($0.value)) })
        default: return value
        }
    }
}
