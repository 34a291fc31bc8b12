import Protocol
import TestSupport
import Testing

/// What is somebody else's answers exactly as what does not exist.
@Suite struct ForeignIDTests {
    private static let unknownID: JSONValue = "019ab0c4-0000-7000-8000-00000000dead"

    /// Every method that takes an id, and the params that name one. `query.run`'s own `queryId` is not among them: the spec
    /// says that an id any query has had is a conflict.
    static func requests(_ id: JSONValue) -> [(method: String, params: JSONValue)] {
        [
            ("project.get", ["projectId": id]), ("project.update", ["projectId": id, "name": "mine now"]),
            ("project.update", ["projectId": id, "readOnly": false]), ("project.delete", ["projectId": id]),
            ("project.test", ["projectId": id]), ("project.summary", ["projectId": id]),
            ("query.run", ["projectId": id, "sql": "SELECT 1"]),
            ("query.run", ["projectId": id, "sql": "DELETE FROM books", "mode": "write"]),
            ("query.fetch", ["resultId": id]), ("query.fetch", ["resultId": id, "cursor": "Mg"]),
            ("query.export", ["resultId": id, "format": "csv"]), ("query.export", ["resultId": id, "format": "sql"]),
            ("query.export", ["resultId": id, "format": "csv", "path": "/nowhere/at/all"]),
            ("query.summarize", ["resultId": id]), ("query.summarize", ["resultId": id, "columns": ["id"]]),
            ("query.explain", ["projectId": id, "sql": "SELECT 1"]), ("query.close", ["resultId": id]),
            ("query.running", ["projectId": id]), ("query.subscribe", ["projectId": id]),
            ("query.unsubscribe", ["subscriptionId": id]),
            ("query.cancel", ["queryId": id]), ("query.get", ["queryId": id]), ("query.history", ["projectId": id]),
            ("schema.list", ["projectId": id]), ("schema.describe", ["projectId": id, "relation": "books"]),
            ("schema.search", ["projectId": id, "query": "title"]), ("schema.relations", ["projectId": id]),
            ("schema.refresh", ["projectId": id]),
            ("query.stats", ["projectId": id]), ("query.forget", ["queryIds": [id]]), ("query.forget", ["projectId": id]),
            ("auth.revoke", ["sessionId": id]), ("auth.attenuate", ["projectIds": [id]]),
            ("project.update", ["projectId": id, "assistant": ["shareRows": true]]),
            ("chat.threads", ["projectId": id]), ("chat.history", ["threadId": id]), ("chat.history", ["projectId": id]),
            ("chat.renameThread", ["threadId": id, "title": "mine now"]), ("chat.deleteThread", ["threadId": id]),
            ("chat.examples", ["projectId": id]), ("chat.deleteExample", ["exampleId": id]),
            ("chat.confirm", ["projectId": id, "question": "How many?", "sql": "SELECT 1"]),
            ("chat.send", ["projectId": id, "content": "hello"]), ("chat.context", ["projectId": id, "content": "hello"]),
            ("chat.cancel", ["threadId": id]), ("chat.approve", ["approvalId": id]), ("chat.decline", ["approvalId": id]),
        ]
    }

    /// Every method that takes an id is in the table.
    @Test func theTableIsWhole() {
        let taking = Specification.shared.methods.filter { method in
            method["x-kind"] == "request" && (method["params"].array ?? []).contains { ($0["name"].string ?? "").hasSuffix("Id") }
        }
        let known = Set(Self.requests(Self.unknownID).map(\.method)).union(["initialize"])
        #expect(Set(taking.compactMap { $0["name"].string }).subtracting(known).isEmpty)
    }

    /// Security bar A5.
    @Test(arguments: Carrier.sockets) func anotherUsersIDsAnswerAsUnknownOnes(carrier: Carrier) async throws {
        let daemon = try await DaemonProcess.start()
        let database = try SampleDatabase.make(in: daemon.directory)
        let owner = try daemon.client(carrier.framing)
        _ = try await owner.signUp()
        let sessionID = try await owner.call("auth.whoami")["session"]["id"]
        let project = try await owner.call(
            "project.create", ["name": "Books", "databaseType": "sqlite", "connectionString": .string("sqlite://" + database)])
        let query = try await owner.call(
            "query.run",
            ["projectId": project["id"], "sql": "SELECT id FROM books ORDER BY id", "pageRows": 1, "keep": true])
        let example = try await owner.call(
            "chat.confirm", ["projectId": project["id"], "question": "How many?", "sql": "SELECT count(*) FROM books"])
        let stranger = try daemon.client(carrier.framing)
        _ = try await stranger.signUp()
        for id in [project["id"], query["queryId"], query["resultId"], sessionID, example["id"]] {
            for (foreign, unknown) in zip(Self.requests(id), Self.requests(Self.unknownID)) {
                let got = try await Self.outcome(stranger, foreign)
                let expected = try await Self.outcome(stranger, unknown)
                #expect(got == expected, "\(foreign.method) \(foreign.params)")
            }
        }
        // And nothing has happened to what is the owner's.
        #expect(try await owner.call("project.get", ["projectId": project["id"]])["name"] == "Books")
        #expect(try await owner.call("project.get", ["projectId": project["id"]])["readOnly"] == true)
        #expect(try await owner.call("project.get", ["projectId": project["id"]]).member("assistant") == nil)
        #expect(try await owner.call("chat.examples", ["projectId": project["id"]])["items"] == [example])
        let page = try await owner.call("query.fetch", ["resultId": query["resultId"]])
        #expect(page["totalRows"].integer == 3)
        #expect(try await owner.call("query.get", ["queryId": query["queryId"]])["status"] == "success")
        #expect(try await owner.call("query.history")["items"].array?.count == 1)
        #expect(try await owner.call("query.stats")["totals"]["count"] == 1)
    }

    /// Security bar A5: nor does the time tell. Medians of interleaved tries.
    @Test func anotherUsersIDsTakeAsLongAsUnknownOnes() async throws {
        let daemon = try await DaemonProcess.start()
        let database = try SampleDatabase.make(in: daemon.directory)
        let owner = try daemon.client()
        _ = try await owner.signUp()
        let project = try await owner.call(
            "project.create", ["name": "Books", "databaseType": "sqlite", "connectionString": .string("sqlite://" + database)])
        let query = try await owner.call("query.run", ["projectId": project["id"], "sql": "SELECT id FROM books"])
        let stranger = try daemon.client()
        _ = try await stranger.signUp()
        for (name, foreign, unknown) in [
            ("project.get", ["projectId": project["id"]], ["projectId": Self.unknownID]),
            ("query.get", ["queryId": query["queryId"]], ["queryId": Self.unknownID]),
            (
                "query.run", ["projectId": project["id"], "sql": "SELECT 1"],
                ["projectId": Self.unknownID, "sql": "SELECT 1"]
            ),
        ] as [(String, JSONValue, JSONValue)] {
            let ratio = try await MedianRatio.of(
                count: TestScale.count(25, full: 1000), { _ = try await stranger.failure(name, foreign) },
                { _ = try await stranger.failure(name, unknown) })
            if TestScale.isFull { print("A5: \(name) of another's takes \(ratio) of the time of an unknown one") }
            #expect(TestScale.isFull ? ratio > 0.8 && ratio < 1.25 : ratio > 0.4 && ratio < 2.5, "\(name)")
        }
    }

    /// Security bar A5: a cursor is a place in one's own list, whoever it was given to.
    @Test func anotherUsersCursorShowsNothing() async throws {
        let daemon = try await DaemonProcess.start()
        let database = try SampleDatabase.make(in: daemon.directory)
        let owner = try daemon.client()
        _ = try await owner.signUp()
        for name in ["One", "Two"] {
            try await owner.call(
                "project.create",
                ["name": .string(name), "databaseType": "sqlite", "connectionString": .string("sqlite://" + database)])
        }
        let cursor = try await owner.call("project.list", ["limit": 1])["nextCursor"]
        #expect(cursor.string != nil)
        let stranger = try daemon.client()
        _ = try await stranger.signUp()
        #expect(try await stranger.call("project.list", ["limit": 1, "cursor": cursor])["items"] == [])
        #expect(try await owner.call("project.list", ["limit": 1, "cursor": cursor])["items"].array?.count == 1)
    }

    /// The answer, without what differs from request to request.
    static func outcome(_ client: TestClient, _ request: (method: String, params: JSONValue)) async throws -> String {
        do {
            let result = try await client.call(request.method, request.params)
            guard case .object(let members) = result else { return "\(result)" }
            return "\(JSONValue.object(members.filter { $0.name != "subscriptionId" }))"
        } catch let failure as TestClient.Failure { return "\(failure.withoutRequestID)" }
    }
}
