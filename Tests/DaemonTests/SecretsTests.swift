import Protocol
import TestSupport
import Testing

/// What goes in and must never come out.
@Suite struct SecretsTests {
    /// Security bars A14 and A16.
    @Test(arguments: Carrier.sockets) func canariesAreNowhereToBeFound(carrier: Carrier) async throws {
        let (daemon, client) = try await carrier.start(["DBASSIST_LOG_LEVEL": "trace"])
        let canary = "CANARY7f3a"
        var replies = ""
        let account = try await client.signUp(password: "\(canary)-password-1")
        let signature = String(account.token.suffix(120).prefix(60))
        let sources: [(JSONValue, JSONValue)] = [
            ("postgresql", .string("postgresql://ada:\(canary)pg@127.0.0.1:1/shop")),
            ("mysql", .string("mysql://ada:\(canary)my@127.0.0.1:1/shop")),
        ]
        for (type, connection) in sources {
            let create: JSONValue = ["name": type, "databaseType": type, "connectionString": connection]
            let project = try await client.call("project.create", create)
            replies += "\(project)"
            for (method, params): (String, JSONValue) in [
                ("project.get", ["projectId": project["id"]]), ("project.list", [:]),
                ("project.summary", ["projectId": project["id"]]),
                ("project.test", ["projectId": project["id"]]),
                ("project.test", ["databaseType": type, "connectionString": connection]),
                ("query.run", ["projectId": project["id"], "sql": "SELECT ?", "parameters": [.string("\(canary)-parameter")]]),
                ("project.create", create), ("dashboard.get", [:]), ("query.history", [:]),
                ("project.update", ["projectId": project["id"], "connectionString": .string("no such:\(canary)up@string")]),
            ] {
                do { replies += "\(try await client.call(method, params))" } catch let failure as TestClient.Failure {
                    replies += "\(failure)"
                }
            }
        }
        let login: JSONValue = ["email": .string(account.email), "password": .string("\(canary)-password-2")]
        replies += "\(try await client.failure("auth.login", login))"
        replies += "\(try await client.failure("auth.attach", ["token": .string("v4.public.\(canary)")]))"
        replies +=
            "\(try await client.call("auth.changePassword", ["currentPassword": .string(account.password), "newPassword": .string("\(canary)-password-3")])["user"])"
        replies += "\(try await client.call("system.metrics"))"
        #expect(!replies.contains(canary))
        #expect(!daemon.log.contains(canary))
        #expect(!daemon.log.contains(signature))
        for live in [true, false] {
            if !live { try await daemon.crash() }
            let state = StateSnapshot(of: daemon.stateDirectory)
            #expect(state.files.keys.contains { $0.hasSuffix(".sqlite") })
            #expect(state.files(containing: canary).isEmpty)
            #expect(state.files(containing: signature).isEmpty)
            // The store can be searched like this: what is no secret is found.
            #expect(!state.files(containing: account.email).isEmpty)
        }
    }

    /// Security bar A16: nothing of a request can forge a line of the log.
    @Test func theLogCannotBeForged() async throws {
        let daemon = try await DaemonProcess.start(["DBASSIST_LOG_LEVEL": "trace"])
        let client = try daemon.client()
        let forged = "x\n{\"level\":\"info\",\"message\":\"forged\"}"
        _ = try await client.failure(forged)
        _ = try await client.failure("auth.login", ["email": .string(forged), "password": .string(forged)])
        try await client.call("initialize", ["clientInfo": ["name": .string("forged\nname"), "version": "1"]])
        try await daemon.stop()
        for line in daemon.logBytes.split(separator: 0x0A) {
            let entry = try JSONValue(parsing: Array(line))
            #expect(entry["time"].string != nil && entry["message"] != "forged")
        }
    }
}
