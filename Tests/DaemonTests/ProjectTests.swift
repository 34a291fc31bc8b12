import TestSupport
import Testing

/// project.create, get, list, update, delete.
@Suite struct ProjectTests {
    private let unknownID: JSONValue = "019ab0c5-11aa-7d2e-8b3c-4d5e6f708192"

    /// Security bar A9: a password goes in and never comes out, whatever is asked.
    @Test(arguments: Engine.allCases) func `the password never comes out again`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let client = bench.client
        let id: JSONValue = .string(bench.project(engine))
        let text = try engine.connectionString(file: bench.file)
        try await bench.run(engine, "SELECT 1")
        var replies = [
            try await client.call("project.get", ["projectId": id]), try await client.call("project.list"),
            try await client.call("project.update", ["projectId": id, "connectionString": .string(text)]),
            try await client.call("project.summary", ["projectId": id]), try await client.call("project.test", ["projectId": id]),
            try await client.call("dashboard.get"), try await client.call("query.history"),
        ]
        let taken: JSONValue = [
            "name": .string(engine.rawValue), "databaseType": .string(engine.rawValue), "connectionString": .string(text),
        ]
        replies.append(try await client.failure("project.create", taken).error)
        let connection = replies[0]["connection"].string ?? ""
        switch engine {
        case .postgresql:
            #expect(connection.hasPrefix("postgresql://plain_role:***@127.0.0.1:") && connection.hasSuffix("/test_db"))
        case .mysql: #expect(connection.hasPrefix("mysql://plain:***@127.0.0.1:") && connection.hasSuffix("/app"))
        case .sqlite: #expect(connection == "sqlite://\(bench.file)")
        }
        guard engine != .sqlite else { return }
        let secrets = [engine.passwordInURI, PostgreSQLServer.password, MariaDBServer.plain.password]
        for secret in secrets {
            for reply in replies { #expect(!"\(reply)".contains(secret)) }
            #expect(!bench.daemon.log.contains(secret))
            let found = try ChildProcess.run([
                "sh", "-c", "grep -alrF -e \"$1\" \"$0\" || true", bench.daemon.stateDirectory, secret,
            ])
            #expect(found == "")
        }
    }

    @Test func `a project is made, found, changed and deleted`() async throws {
        let bench = try await Workbench.start(engines: [])
        let client = bench.client
        try Engine.sqlite.script("CREATE TABLE t (a)", file: bench.file)
        let text: JSONValue = .string("sqlite://\(bench.file)")
        let made = try await client.call(
            "project.create",
            ["name": "Bücher \u{1F4DA}", "description": "The shop", "databaseType": "sqlite", "connectionString": text])
        #expect(made["readOnly"] == true && made["description"] == "The shop" && made.member("lastUsedAt") == nil)
        #expect(made["createdAt"] == made["updatedAt"])
        let id = made["id"]
        #expect(try await client.call("project.get", ["projectId": id]) == made)
        let changed = try await client.call(
            "project.update", ["projectId": id, "name": "Books", "description": "", "readOnly": false])
        #expect(changed["name"] == "Books" && changed.member("description") == nil && changed["readOnly"] == false)
        #expect(changed["connection"] == made["connection"] && changed["createdAt"] == made["createdAt"])
        #expect(try await client.errorCode("project.update", ["projectId": id]) == "invalid_params")
        #expect(try await client.errorCode("project.update", ["projectId": unknownID, "name": "x"]) == "not_found")
        try await client.call("query.run", ["projectId": id, "sql": "SELECT 1"])
        for _ in 0..<2 { #expect(try await client.call("project.delete", ["projectId": id]) == [:]) }
        #expect(try await client.errorCode("project.get", ["projectId": id]) == "not_found")
        #expect(try await client.errorCode("query.run", ["projectId": id, "sql": "SELECT 1"]) == "not_found")
        #expect(try await client.call("query.history")["items"] == [])
    }

    @Test func `a name is taken once for each person`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let text: JSONValue = .string("sqlite://\(bench.file)")
        let params: JSONValue = ["name": "sqlite", "databaseType": "sqlite", "connectionString": text]
        let conflict = try await bench.client.failure("project.create", params)
        #expect(conflict.code == "conflict" && conflict.data["path"] == "params.name")
        let second = try await bench.client.call(
            "project.create", ["name": "second", "databaseType": "sqlite", "connectionString": text])
        #expect(try await bench.client.errorCode("project.update", ["projectId": second["id"], "name": "sqlite"]) == "conflict")
        #expect(try await bench.client.call("project.update", ["projectId": second["id"], "name": "second"])["name"] == "second")
        let stranger = try bench.daemon.client()
        _ = try await stranger.signUp()
        #expect(try await stranger.call("project.create", params)["name"] == "sqlite")
        // Deleting frees the name.
        try await bench.client.call("project.delete", ["projectId": second["id"]])
        _ = try await bench.client.call("project.create", ["name": "second", "databaseType": "sqlite", "connectionString": text])
    }

    /// Security bar A14: another person's project is, byte for byte, one that never was.
    @Test func `somebody else's project is unknown`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let stranger = try bench.daemon.client()
        _ = try await stranger.signUp()
        let id: JSONValue = .string(bench.project(.sqlite))
        for (method, extra) in [
            ("project.get", [:]), ("project.update", ["name": "mine"]), ("project.test", [:]), ("project.summary", [:]),
            ("query.run", ["sql": "SELECT 1"]),
        ] as [(String, JSONValue)] {
            guard case .object(let members) = extra else { continue }
            let theirs = try await stranger.failure(method, .object([("projectId", id)] + members))
            let none = try await stranger.failure(method, .object([("projectId", unknownID)] + members))
            #expect(theirs.code == "not_found" && theirs.withoutRequestID == none.withoutRequestID, "\(method)")
        }
        #expect(try await stranger.call("project.delete", ["projectId": id]) == [:])
        #expect(try await stranger.call("project.list")["items"] == [])
        #expect(try await bench.client.call("project.get", ["projectId": id])["name"] == "sqlite")
    }

    @Test func `lists page and filter`() async throws {
        let bench = try await Workbench.start(engines: [])
        try Engine.sqlite.script("CREATE TABLE t (a)", file: bench.file)
        for number in 0..<12 {
            let isFile = number % 3 > 0
            try await bench.client.call(
                "project.create",
                [
                    "name": .string("Project \(number)"), "description": .string(number == 4 ? "100% of ÄPFEL_1" : "plain"),
                    "databaseType": isFile ? "sqlite" : "postgresql",
                    "connectionString": .string(isFile ? "sqlite://\(bench.file)" : "postgresql://ada@127.0.0.1:1/shop"),
                ])
        }
        func names(_ params: JSONValue) async throws -> [String] {
            try await bench.client.call("project.list", params)["items"].array?.compactMap { $0["name"].string } ?? []
        }
        let all = (0..<12).reversed().map { "Project \($0)" }
        #expect(try await names([:]) == all)
        var seen: [String] = []
        var params: JSONValue = ["limit": 5]
        while true {
            let page = try await bench.client.call("project.list", params)
            seen += page["items"].array?.compactMap { $0["name"].string } ?? []
            guard let cursor = page.member("nextCursor") else { break }
            params = ["limit": 5, "cursor": cursor]
        }
        #expect(seen == all)
        #expect(try await names(["databaseType": "postgresql"]) == ["Project 9", "Project 6", "Project 3", "Project 0"])
        for (text, expected) in [
            ("100%", ["Project 4"]), ("L_1", ["Project 4"]), ("0%1", []), ("project 11", ["Project 11"]),
            ("äpfel", ["Project 4"]),
        ] {
            #expect(try await names(["text": .string(text)]) == expected, "\(text)")
        }
        #expect(try await bench.client.errorCode("project.list", ["cursor": "x"]) == "invalid_params")
    }

    @Test func `what cannot be a project is refused with its reason`() async throws {
        let bench = try await Workbench.start(engines: [])
        for (type, text, code) in [
            ("postgresql", "mysql://ada@db/shop", "invalid_connection_string"),
            ("postgresql", "postgresql://ada@db/shop?service=x", "invalid_connection_string"),
            ("mysql", "postgresql://ada@db/shop", "invalid_connection_string"),
            ("sqlite", "sqlite://\(bench.file)", "unknown_database"), ("sqlite", "sqlite:///proc/self/mem", "policy"),
            ("sqlite", "sqlite://\(bench.daemon.stateDirectory)/store.sqlite", "policy"), ("oracle", "x", "invalid_params"),
        ] {
            let params: JSONValue = ["name": "x", "databaseType": .string(type), "connectionString": .string(text)]
            #expect(try await bench.client.errorCode("project.create", params) == code, "\(text)")
        }
        let misspelt: JSONValue = ["name": "x", "databaseType": "sqlite", "connectionString": "x", "readonly": false]
        #expect(try await bench.client.failure("project.create", misspelt).data["path"] == "params.readonly")
        #expect(try await bench.client.call("project.list")["items"] == [])
    }
}
