import TestSupport
import Testing

/// A ``Workbench`` whose daemon has a scripted model.
struct ChatBench {
    let model: ModelServer
    let bench: Workbench

    var client: TestClient { bench.client }

    static func start(
        _ settings: [String: String] = [:], readOnly: Bool = false, engines: [Engine] = [.sqlite],
        _ answer: @escaping @Sendable (ModelServer.Request) -> ModelReply
    ) async throws -> ChatBench {
        let model = try ModelServer(answer)
        let own = ["DBASSIST_MODEL_URL": model.url, "DBASSIST_MODEL": "test", "DBASSIST_MODEL_RETRIES": "0"]
        let bench = try await Workbench.start(own.merging(settings) { $1 }, readOnly: readOnly, engines: engines)
        return ChatBench(model: model, bench: bench)
    }

    func params(_ engine: Engine, _ content: String, _ options: JSONValue = [:]) -> JSONValue {
        guard case .object(let extra) = options else { return .null }
        return .object([("projectId", .string(bench.project(engine))), ("content", .string(content))] + extra)
    }

    /// Sends a message and answers the assistant's.
    @discardableResult func ask(_ engine: Engine, _ content: String, _ options: JSONValue = [:]) async throws -> JSONValue {
        try await client.call("chat.send", params(engine, content, options), timeoutMs: 60_000)
    }

    /// The events of a turn that has ended, in order.
    func events() async throws -> [JSONValue] {
        var events: [JSONValue] = []
        while true {
            let event = try await client.notification("chat/event")
            events.append(event)
            if ["finished", "failed", "cancelled"].contains(event["event"].string) { return events }
        }
    }

    /// Calls of tools of a thread, the oldest first.
    func toolUses(_ threadID: JSONValue) async throws -> [JSONValue] {
        let page = try await client.call("chat.history", ["threadId": threadID, "tools": true, "limit": 200])
        return (page["items"].array ?? []).filter { $0["role"] == "tool" }.map { $0["toolUse"] }.reversed()
    }
}

extension ModelReply {
    /// A call of `run_query`.
    static func query(_ sql: String) -> ModelReply { calls([("run_query", arguments(["sql": .string(sql)]))]) }

    /// A call of `propose_statement`.
    static func propose(_ sql: String, _ reason: String = "Because it was asked for.") -> ModelReply {
        calls([("propose_statement", arguments(["sql": .string(sql), "reason": .string(reason)]))])
    }

    static func arguments(_ value: JSONValue) -> String { value.description }
}
