import Foundation
import TestSupport
import Testing

/// `auth.attenuate`: tokens that allow less, over the wire.
@Suite struct AttenuateTests {
    private static let unknownID: JSONValue = "019ab0c4-0000-7000-8000-00000000dead"

    private func narrow(_ client: TestClient, _ params: JSONValue) async throws -> String {
        try await client.call("auth.attenuate", params)["token"].string ?? ""
    }

    private func connect(_ daemon: DaemonProcess, _ token: String, _ carrier: Carrier = .socketLines) async throws -> TestClient {
        let client = try daemon.client(carrier.framing)
        try await client.attach(token)
        return client
    }

    @Test(arguments: [Carrier.socketLines, .stdioHeaders]) func `a token does what it allows and no more`(carrier: Carrier)
        async throws
    {
        let (daemon, client) = try await carrier.start()
        let database = try SampleDatabase.make(in: daemon.directory)
        let account = try await client.signUp()
        let project = try await client.call(
            "project.create",
            ["name": "Books", "databaseType": "sqlite", "connectionString": .string("sqlite://" + database), "readOnly": false])[
                "id"]
        let made = try await client.call("auth.attenuate", ["methods": ["query.*", "project.list"], "readOnly": true])
        let token = made["token"].string ?? ""
        #expect(token.hasPrefix("v1.narrow.") && made["grant"]["methods"] == ["project.list", "query.*"])
        #expect(made["grant"]["readOnly"] == true && made["grant"].member("projectIds") == nil)
        #expect(try await client.call("auth.whoami").member("grant") == nil)
        // On this connection, as on any other.
        let attached = try await client.call("auth.attach", ["token": .string(token)])
        #expect(attached["expiresAt"] == made["grant"]["expiresAt"] && attached["user"]["id"].string == account.userID)
        #expect(try await client.call("auth.whoami")["grant"] == made["grant"])
        #expect(try await client.call("query.run", ["projectId": project, "sql": "SELECT 1"])["rows"] == [[1]])
        #expect(try await client.call("project.list")["items"].array?.count == 1)
        let write: JSONValue = ["projectId": project, "sql": "UPDATE books SET id = id", "mode": "write"]
        for (method, params) in [
            ("query.run", write), ("query.export", ["resultId": Self.unknownID, "format": "csv", "path": "/tmp/never-made.csv"]),
            ("query.forget", ["projectId": project]), ("project.get", ["projectId": project]),
            ("dashboard.get", nil), ("chat.threads", nil), ("auth.sessions", nil), ("auth.refresh", nil), ("auth.logout", nil),
            ("auth.revoke", ["others": true]), ("auth.deleteAccount", ["currentPassword": .string(account.password)]),
            ("project.delete", ["projectId": project]),
            ("auth.changePassword", ["currentPassword": .string(account.password), "newPassword": "ten lives of an engine"]),
        ] as [(String, JSONValue?)] {
            #expect(try await client.errorCode(method, params) == "forbidden", "\(method)")
        }
        #expect(try await client.call("query.run", ["projectId": project, "sql": "SELECT count(*) FROM books"])["rows"] == [[3]])
        // Narrowing it again gives nothing back.
        let again = try await client.call("auth.attenuate", ["methods": ["query.run", "chat.send"], "readOnly": false])
        #expect(again["grant"]["methods"] == ["query.run"] && again["grant"]["readOnly"] == true)
        // Its user can still log in on this connection, and then has everything.
        try await client.call("auth.login", ["email": .string(account.email), "password": .string(account.password)])
        #expect(try await client.call("auth.whoami").member("grant") == nil)
        #expect(try await client.call("query.run", write)["affectedRows"] == 3)
    }

    @Test func `methods that start with what is refused are refused on the spot`() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        _ = try await client.signUp()
        for params: JSONValue in [
            ["methods": ["query.walk"]], ["methods": ["que.*"]], ["methods": ["*"]], ["methods": [".*"]], ["methods": []],
            ["readOnly": false], [:],
            ["projectIds": []], ["expiresAt": "2020-01-01T00:00:00.000Z"], ["requestsPerMinute": 0], ["methods": ["query.run\n"]],
            ["requestsPerMinute": 60001], ["readonly": true], ["projectIds": ["x"]], ["expiresAt": "tomorrow"],
        ] {
            #expect(try await client.errorCode("auth.attenuate", params) == "invalid_params", "\(params)")
        }
        // Too often, or too much: refused by name.
        var token = ""
        for _ in 0..<8 {
            token = try await narrow(client, ["readOnly": true])
            try await client.attach(token)
        }
        let failure = try await client.failure("auth.attenuate", ["readOnly": true])
        #expect(failure.code == "invalid_params" && failure.data["limit"] == "tokenBytes")
    }

    /// What is out of a token's reach answers as what does not exist; nothing of it is shown anywhere.
    @Test(arguments: Carrier.sockets) func `a token for one project knows of no other`(carrier: Carrier) async throws {
        let daemon = try await DaemonProcess.start()
        let database = try SampleDatabase.make(in: daemon.directory)
        let owner = try daemon.client(carrier.framing)
        _ = try await owner.signUp()
        var ids: [JSONValue] = []
        var results: [JSONValue] = []
        var threads: [JSONValue] = []
        for name in ["Mine", "Hidden"] {
            let project = try await owner.call(
                "project.create",
                ["name": .string(name), "databaseType": "sqlite", "connectionString": .string("sqlite://" + database)])["id"]
            ids.append(project)
            results.append(
                try await owner.call(
                    "query.run", ["projectId": project, "sql": "SELECT id FROM books ORDER BY id", "pageRows": 1, "keep": true]))
            threads.append(
                try await owner.call("chat.send", ["projectId": project, "content": "What tables are there?"])["threadId"])
        }
        let (mine, hidden) = (ids[0], ids[1])
        let example = try await owner.call(
            "chat.confirm", ["projectId": hidden, "question": "How many?", "sql": "SELECT count(*) FROM books"])
        let client = try await connect(daemon, try await narrow(owner, ["projectIds": [mine]]), carrier)
        #expect(try await client.call("project.list")["items"].array?.map { $0["id"] } == [mine])
        #expect(try await client.call("project.list", ["text": "Hidden"])["items"] == [])
        for params: JSONValue? in [nil, ["limit": 1]] {
            #expect(try await client.call("project.list", params).member("nextCursor") == nil)
        }
        // Ids of what is hidden, in every method that takes one: the same bytes as for an unknown one.
        for id in [hidden, results[1]["queryId"], results[1]["resultId"], threads[1], example["id"]] {
            for (foreign, unknown) in zip(ForeignIDTests.requests(id), ForeignIDTests.requests(Self.unknownID))
            where foreign.method != "auth.revoke" {
                let (got, expected) = try await (ForeignIDTests.outcome(client, foreign), ForeignIDTests.outcome(client, unknown))
                #expect(got == expected, "\(foreign.method) \(foreign.params)")
            }
        }
        // What could show all of them asks for one.
        for (method, params) in [
            ("query.history", nil), ("query.stats", nil), ("query.running", nil), ("query.subscribe", nil), ("chat.threads", nil),
            ("chat.history", nil), ("dashboard.get", nil), ("query.forget", ["before": "2030-01-01T00:00:00.000Z"]),
            ("project.create", ["name": "New", "databaseType": "sqlite", "connectionString": .string("sqlite://" + database)]),
            ("project.test", ["databaseType": "sqlite", "connectionString": .string("sqlite://" + database)]),
            ("chat.deleteExample", ["exampleId": example["id"]]),
        ] as [(String, JSONValue?)] {
            #expect(try await client.errorCode(method, params) == "forbidden", "\(method)")
        }
        // With it, they are as they were.
        let named: JSONValue = ["projectId": mine]
        for method in ["query.history", "chat.threads", "chat.history"] {
            #expect(try await client.call(method, named) == (try await owner.call(method, named)), "\(method)")
        }
        #expect(try await client.call("chat.history", ["threadId": threads[0]])["items"].array?.isEmpty == false)
        #expect(try await client.call("query.get", ["queryId": results[0]["queryId"]])["status"] == "success")
        #expect(try await client.call("query.fetch", ["resultId": results[0]["resultId"]])["totalRows"] == 3)
        #expect(try await client.call("query.run", ["projectId": mine, "sql": "SELECT 1"])["rows"] == [[1]])
        // And nothing has happened to what it cannot see.
        #expect(try await owner.call("project.get", ["projectId": hidden])["name"] == "Hidden")
        #expect(try await owner.call("query.fetch", ["resultId": results[1]["resultId"]])["totalRows"] == 3)
        #expect(try await owner.call("query.history", ["projectId": hidden])["items"].array?.isEmpty == false)
        #expect(try await owner.call("chat.history", ["threadId": threads[1]])["items"].array?.isEmpty == false)
        #expect(try await owner.call("chat.examples", ["projectId": hidden])["items"] == [example])
        #expect(try await client.errorCode("auth.attenuate", ["projectIds": [hidden]]) == "not_found")
    }

    @Test func `the end of the session is the end of all its tokens`() async throws {
        let daemon = try await DaemonProcess.start()
        let owner = try daemon.client()
        let account = try await owner.signUp()
        let token = try await narrow(owner, ["methods": ["system.metrics"]])
        let (one, two) = (try await connect(daemon, token), try await connect(daemon, token))
        let further = try await narrow(one, ["readOnly": true])
        let login: JSONValue = ["email": .string(account.email), "password": .string(account.password)]
        let other = try daemon.client()
        try await other.call("auth.login", login)
        let id = try await owner.call("auth.whoami")["session"]["id"]
        try await other.call("auth.revoke", ["sessionId": id])
        for client in [one, two] {
            #expect(try await client.notification("session/expired")["reason"] == "revoked")
            #expect(try await client.errorCode("system.metrics") == "unauthenticated")
        }
        for token in [token, further] {
            #expect(try await daemon.client().errorCode("auth.attach", ["token": .string(token)]) == "unauthenticated")
        }
    }

    @Test func `a token's own end leaves the session alone`() async throws {
        let daemon = try await DaemonProcess.start()
        let owner = try daemon.client()
        _ = try await owner.signUp()
        let soon = Date.now.addingTimeInterval(1).formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        let made = try await owner.call(
            "auth.attenuate", ["methods": ["system.metrics"], "expiresAt": .string(soon + (soon.hasSuffix("Z") ? "" : "Z"))])
        let client = try await connect(daemon, made["token"].string ?? "")
        let deadline = ContinuousClock.now + .seconds(10)
        var code: String?
        while code == nil, ContinuousClock.now < deadline {
            do { try await client.call("system.metrics") } catch let failure as TestClient.Failure { code = failure.code }
        }
        #expect(code == "unauthenticated")
        #expect(try await client.notification("session/expired")["reason"] == "expired")
        #expect(try await daemon.client().errorCode("auth.attach", ["token": made["token"]]) == "unauthenticated")
        #expect(try await owner.call("auth.whoami")["session"]["current"] == true)
        // Narrowed again, it could not be made to last.
        #expect(owner.wire.frameCount == 0)
    }

    @Test func `a new session of a narrow token is as narrow`() async throws {
        let daemon = try await DaemonProcess.start()
        let owner = try daemon.client()
        _ = try await owner.signUp()
        let token = try await narrow(owner, ["methods": ["auth.refresh", "project.list"]])
        let client = try await connect(daemon, token)
        let next = try await client.call("auth.refresh")["token"].string ?? ""
        #expect(next.hasPrefix("v1.narrow.") && next != token)
        for client in [client, try await connect(daemon, next)] {
            #expect(try await client.call("auth.whoami")["grant"]["methods"] == ["auth.refresh", "project.list"])
            #expect(try await client.errorCode("dashboard.get") == "forbidden")
        }
        #expect(try await owner.notification("session/expired")["reason"] == "refreshed")
    }

    @Test func `a rate is shared by all that comes from it`() async throws {
        let daemon = try await DaemonProcess.start()
        let owner = try daemon.client()
        _ = try await owner.signUp()
        let made = try await owner.call("auth.attenuate", ["requestsPerMinute": 2])
        #expect(made["grant"]["requestsPerMinute"] == 2)
        let one = try await connect(daemon, made["token"].string ?? "")
        let two = try await connect(daemon, try await narrow(one, ["readOnly": true]))
        try await two.call("project.list")
        for client in [one, two] {
            let failure = try await client.failure("project.list")
            #expect(failure.code == "rate_limited" && failure.data["retryable"] == true)
            #expect((failure.data["retryAfterMs"].integer ?? 0) > 1_000)
            // What needs no session is not counted.
            try await client.call("system.health")
        }
        try await owner.call("project.list")
        #expect(try await connect(daemon, made["token"].string ?? "").errorCode("project.list") == "rate_limited")
    }

    /// By another program, from what the documentation says of its form.
    @Test func `whoever holds a token narrows it without the daemon`() async throws {
        let script = """
            import base64, hashlib, struct, sys
            b64 = lambda b: base64.urlsafe_b64encode(b).decode().rstrip("=")
            raw = lambda t: base64.urlsafe_b64decode(t + "=" * (-len(t) % 4))
            mac = lambda key, text: hashlib.blake2b(text, key=key, digest_size=32).digest()
            pae = lambda *parts: struct.pack("<Q", len(parts)) + b"".join(struct.pack("<Q", len(p)) + p for p in parts)
            parts, block = sys.argv[1].split("."), sys.argv[2].encode()
            if parts[1] == "public":
                body = raw(parts[2])
                tag, head = mac(body[-64:], b"dbassist narrow v1"), [b64(body[:-64]), parts[3]]
            else:
                tag, head = raw(parts[-1]), parts[2:-1]
            print(".".join(["v1", "narrow", *head, b64(block), b64(mac(tag, pae(b"block", block)))]))
            """
        func narrowed(_ token: String, _ block: String) throws -> String {
            String(try ChildProcess.run(["python3", "-c", script, token, block]).split(separator: "\n")[0])
        }
        let daemon = try await DaemonProcess.start()
        let owner = try daemon.client()
        let account = try await owner.signUp()
        let first = try narrowed(account.token, "{\"methods\":[\"project.*\"]}")
        let second = try narrowed(first, "{\"readOnly\":true,\"requestsPerMinute\":90}")
        // On top of one of the daemon's, too.
        let third = try narrowed(
            try await narrow(connect(daemon, second), ["methods": ["project.list", "query.run"]]), "{\"readOnly\":true}")
        for (token, method) in [(first, "project.*"), (second, "project.*"), (third, "project.list")] {
            let client = try await connect(daemon, token)
            #expect(try await client.call("auth.whoami")["grant"]["methods"] == [.string(method)])
            try await client.call("project.list")
            #expect(try await client.errorCode("dashboard.get") == "forbidden")
        }
        let wider = try narrowed(second, "{\"methods\":[\"project.*\",\"dashboard.get\"],\"requestsPerMinute\":60000}")
        let client = try await connect(daemon, wider)
        #expect(try await client.call("auth.whoami")["grant"]["requestsPerMinute"] == 90)
        #expect(try await client.errorCode("dashboard.get") == "forbidden")
        let unknown = try narrowed(account.token, "{\"readOnly\":true,\"colour\":\"blue\"}")
        #expect(try await daemon.client().errorCode("auth.attach", ["token": .string(unknown)]) == "unauthenticated")
    }

    /// A narrowed token is as closely looked at as any other. Security bars A10 and A11.
    @Test func `no other spelling is taken`() async throws {
        let daemon = try await DaemonProcess.start()
        let owner = try daemon.client()
        let account = try await owner.signUp()
        let token = try await narrow(owner, ["readOnly": true])
        let parts = token.split(separator: ".").map(String.init)
        let client = try daemon.client()
        let spellings = [
            token + "=", token + ".", token + "\n", " " + token, token.uppercased(),
            "v1.narrow." + parts[2...].joined(separator: ".."),
            "v2.narrow." + parts[2...].joined(separator: "."), "v1.narrow." + parts[2] + "." + parts[3] + "." + parts[5],
            "v4.public." + parts[2] + "." + parts[3], account.token.replacing("v4.public.", with: "v1.narrow."),
            String(token.dropLast()) + (token.hasSuffix("A") ? "B" : "A"), "v1.narrow.",
        ]
        for spelling in spellings {
            #expect(try await client.errorCode("auth.attach", ["token": .string(spelling)]) == "unauthenticated", "\(spelling)")
        }
        try await client.attach(token)
        #expect(!daemon.log.contains(parts[5]))
    }
}
