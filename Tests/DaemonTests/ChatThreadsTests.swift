import TestSupport
import Testing

/// chat.threads, chat.history, chat.renameThread and chat.deleteThread where there are none yet, and what a project's owner lets the
/// assistant do.
@Suite struct ChatThreadsTests {
    private let unknownID: JSONValue = "019ab0c4-0000-7000-8000-00000000dead"

    @Test func `without conversations the lists are empty`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let client = bench.client
        let project: JSONValue = .string(bench.project(.sqlite))
        for params in [[:], ["projectId": project], ["projectId": unknownID]] as [JSONValue] {
            #expect(try await client.call("chat.threads", params) == ["items": []])
            #expect(try await client.call("chat.history", params) == ["items": []])
        }
        #expect(try await client.call("chat.history", ["threadId": unknownID, "tools": true]) == ["items": []])
        #expect(try await client.call("chat.deleteThread", ["threadId": unknownID]) == [:])
        #expect(try await client.errorCode("chat.renameThread", ["threadId": unknownID, "title": "t"]) == "not_found")
        for (method, params, path) in [
            ("chat.threads", ["cursor": "q1_019ab0c4-0000-7000-8000-00000000dead"], "params.cursor"),
            ("chat.history", ["cursor": "t1_019ab0c4-0000-7000-8000-00000000dead"], "params.cursor"),
            ("chat.threads", ["limit": 0], "params.limit"), ("chat.history", ["tools": "yes"], "params.tools"),
            ("chat.history", ["threadId": 7], "params.threadId"),
            ("chat.renameThread", ["threadId": unknownID, "title": ""], "params.title"),
            ("chat.renameThread", ["threadId": unknownID, "title": "a\0b"], "params.title"),
            ("chat.renameThread", ["threadId": unknownID, "title": .string(String(repeating: "x", count: 101))], "params.title"),
        ] as [(String, JSONValue, String)] {
            let failure = try await client.failure(method, params)
            #expect(failure.code == "invalid_params" && failure.data["path"].string == path, "\(method) \(params): \(failure)")
        }
    }

    @Test func `what the assistant may do is kept with the project`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let client = bench.client
        let id: JSONValue = .string(bench.project(.sqlite))
        func update(_ assistant: JSONValue) async throws -> JSONValue {
            try await client.call("project.update", ["projectId": id, "assistant": assistant])
        }
        #expect(try await update([:]).member("assistant") == nil)
        let columns: JSONValue = ["customers.email", "odd \"name\"\nof 📚"]
        let changed = try await update(["shareRows": false, "maskedColumns": columns])
        #expect(changed["assistant"] == ["shareRows": false, "maskedColumns": columns])
        // What is not named stays.
        let whole: JSONValue = [
            "shareSchema": true, "shareRows": false, "shareSamples": false, "maskedColumns": columns,
            "acceptedRights": ["superuser"],
        ]
        #expect(
            try await update(["shareSchema": true, "shareSamples": false, "acceptedRights": ["superuser"], "model": ""])[
                "assistant"] == whole)
        try await client.call("project.update", ["projectId": id, "name": "Renamed"])
        #expect(try await client.call("project.get", ["projectId": id])["assistant"] == whole)
        #expect(try await client.call("project.list")["items"].array?.map { $0["assistant"] } == [whole])
        #expect(try await update(["maskedColumns": []])["assistant"].member("maskedColumns") == nil)
        for (assistant, path) in [
            (["model": "nobody"], "params.assistant.model"), (["shareRows": 1], "params.assistant.shareRows"),
            (["shareRows": .null], "params.assistant.shareRows"), (["maskedColumns": [""]], "params.assistant.maskedColumns[0]"),
            (["maskedColumns": .array(Array(repeating: "x", count: 501))], "params.assistant.maskedColumns"),
            (["shareAll": true], "params.assistant.shareAll"), ([], "params.assistant"),
        ] as [(JSONValue, String)] {
            let failure = try await client.failure("project.update", ["projectId": id, "assistant": assistant])
            #expect(failure.code == "invalid_params" && failure.data["path"].string == path, "\(assistant): \(failure)")
        }
    }
}
