import Protocol
import Synchronization
import TestSupport
import Testing

@testable import Models

/// Good replies, and what is sent for them.
@Suite struct ModelClientTests {
    @Test func `text arrives piece by piece and as a whole`() async throws {
        try await Fixture.with(answer: { _ in .text("There are three.") }) { server, client in
            let pieces = Pieces()
            let reply = try await client.reply(to: ChatRequest(messages: [.user("How many?")])) { pieces.add($0) }
            #expect(pieces.all == ["There ", "are ", "three."] && reply.text == "There are three.")
            #expect(reply.usage == TokenUsage(promptTokens: 10, completionTokens: 5, isEstimated: false))
            #expect(reply.finishReason == .stop && reply.retries == 0 && reply.model == "test" && reply.wasStreamed)
            // The connection is used again.
            _ = await client.ask()
            #expect(server.connections == 1 && server.chats.count == 2)
        }
    }

    @Test func `pieces are handed out when they come, not at the end`() async throws {
        try await Fixture.with(answer: { _ in .text("a b c").separated(by: .hold) }) { server, client in
            let pieces = Pieces()
            for _ in 0..<1 { server.release() }
            let reply = try await client.reply(to: ChatRequest(messages: [.user("How many?")])) {
                pieces.add($0)
                // The next piece is sent only now that this one is here.
                server.release()
                if $0 == "c" { for _ in 0..<4 { server.release() } }
            }
            #expect(reply.text == "a b c" && pieces.all == ["a ", "b ", "c"])
        }
    }

    @Test func `every byte on its own`() async throws {
        try await Fixture.with(answer: { _ in .calls([("f", #"{"a":"ä"}"#), ("g", "{}")], text: "Grüße 😀").everyByte() }) {
            _, client in
            let reply = try await client.ask().get()
            #expect(reply.text == "Grüße 😀" && reply.toolCalls.map(\.arguments) == [#"{"a":"ä"}"#, "{}"])
            #expect(reply.toolCalls.map(\.id) == ["id_0", "id_1"] && reply.finishReason == .toolCalls)
        }
    }

    @Test func `a reply in one piece`() async throws {
        try await Fixture.with(answer: { $0.index == 0 ? .plain("Three.") : .plain("", calls: [("f", "{}")]) }) { _, client in
            let pieces = Pieces()
            let reply = try await client.reply(to: ChatRequest(messages: [.user("?")])) { pieces.add($0) }
            #expect(reply.text == "Three." && pieces.all == ["Three."] && !reply.wasStreamed)
            let calls = try await client.ask().get()
            #expect(calls.toolCalls == [ToolCall(id: "id_0", name: "f", arguments: "{}")] && calls.finishReason == .toolCalls)
        }
    }

    @Test func `usage is estimated where the server says nothing`() async throws {
        try await Fixture.with(answer: { _ in .text("Three.", promptTokens: nil) }) { _, client in
            let usage = try await client.ask("How many rows are there?").get().usage
            #expect(usage.isEstimated && usage.promptTokens >= 8 && usage.completionTokens == 2)
        }
    }

    @Test func `what is sent`() async throws {
        let change = { (settings: inout ModelSettings) in
            settings.url += "/"
            settings.temperature = 0.5
            settings.maxReplyTokens = 77
        }
        try await Fixture.with(key: "secret-key", change, answer: { _ in .text("ok") }) { server, client in
            let call = ToolCall(id: "c1", name: "f", arguments: #"{"a":1}"#)
            let broken = ToolCall(id: "c2", name: "f", arguments: "nonsense")
            let request = ChatRequest(
                messages: [
                    .system("Be \"good\"."), .user("Zeile\n2"), .assistant(text: "", toolCalls: [call, broken]),
                    .tool(callID: "c1", content: "3"), .tool(callID: "c2", content: "no"),
                    .assistant(text: "Three", toolCalls: []),
                ],
                tools: [ToolSpecification(name: "f", description: "d", parameters: JSONText(#"{"type":"object"}"#))],
                responseSchema: JSONText(#"{"type":"string"}"#))
            _ = try await client.reply(to: request) { _ in }
            let sent = try #require(server.chats.first)
            let body = sent.body
            #expect(sent.path == "/v1/chat/completions" && sent.headers["authorization"] == "Bearer secret-key")
            #expect(sent.headers["content-type"] == "application/json" && sent.headers["content-length"] == "\(sent.bytes.count)")
            #expect(body["model"] == "test" && body["stream"] == true && body["stream_options"] == ["include_usage": true])
            #expect(body["max_tokens"] == 77 && body["temperature"].double == 0.5 && body["tool_choice"] == "auto")
            #expect(body["messages"][0] == ["role": "system", "content": "Be \"good\"."])
            #expect(body["messages"][1]["content"] == "Zeile\n2")
            #expect(body["messages"][2]["tool_calls"][0]["function"] == ["name": "f", "arguments": #"{"a":1}"#])
            #expect(body["messages"][2]["tool_calls"][1]["function"]["arguments"] == "{}")
            #expect(body["messages"][3] == ["role": "tool", "content": "3", "tool_call_id": "c1"])
            #expect(body["messages"][5].names == ["role", "content"])
            #expect(body["tools"][0]["function"]["parameters"] == ["type": "object"])
            #expect(body["response_format"]["json_schema"]["schema"] == ["type": "string"])
            _ = try await client.reply(to: ChatRequest(messages: [.user("x")], maxTokens: 5)) { _ in }
            let second = try #require(server.chats.last).body
            #expect(second["max_tokens"] == 5 && second["tools"].isNull && second["response_format"].isNull)
        }
    }

    @Test func `what a server refuses is left out, once and for all`() async throws {
        try await Fixture.with({ $0.temperature = 0 }) { request in
            if !request.body["stream_options"].isNull { return .status(400, message: "Unknown field: stream_options") }
            if !request.body["max_tokens"].isNull {
                return .status(400, message: "Unsupported parameter: use 'max_completion_tokens' instead.")
            }
            if !request.body["temperature"].isNull { return .status(400, message: "temperature is not supported by this model") }
            return .text("ok")
        } _: { server, client in
            let reply = try await client.ask().get()
            #expect(reply.retries == 0 && server.chats.count == 4)
            #expect(server.chats[3].body["max_completion_tokens"] == 1024)
            _ = try await client.ask().get()
            #expect(server.chats.count == 5)
        }
    }

    @Test func `the list of models`() async throws {
        try await Fixture.with(models: ["a", "b"], answer: { _ in .text("ok") }) { _, client in
            let names = try await client.modelIDs()
            #expect(names == ["a", "b"])
        }
        try await Fixture.with(models: nil, answer: { _ in .text("ok") }) { _, client in
            await #expect(throws: ModelError.self) { try await client.modelIDs() }
        }
    }

    @Test func `through a proxy no host is looked up here`() async throws {
        let server = try ModelServer { _ in .text("ok") }
        defer { server.stop() }
        try await Fixture.with("http://model.invalid/v1", { $0.proxy = try? ModelProxy("http://127.0.0.1:\(server.port)") }) {
            client in
            let text = try await client.ask().get().text
            #expect(text == "ok")
            #expect(server.chats.first?.tunnel == "model.invalid:80" && !client.settings.isLocal)
        }
    }

    @Test func `many at once do not mix`() async throws {
        try await Fixture.with(answer: { .text("Echo \($0.lastContent ?? "")") }) { _, client in
            await withTaskGroup(of: Bool.self) { group in
                for number in 0..<40 {
                    group.addTask { (try? await client.ask("\(number)").get().text) == "Echo \(number)" }
                }
                for await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func `a closure scripts a whole conversation`() async throws {
        try await Fixture.with { request in
            request.lastRole == "tool"
                ? .text("It is \(request.lastContent ?? "").") : .calls([("run_query", #"{"sql":"SELECT 3"}"#)])
        } _: { server, client in
            var messages: [Models.ChatMessage] = [.user("How many?")]
            let first = try await client.reply(to: ChatRequest(messages: messages)) { _ in }
            messages += [
                .assistant(text: first.text, toolCalls: first.toolCalls), .tool(callID: first.toolCalls[0].id, content: "3"),
            ]
            #expect(try await client.reply(to: ChatRequest(messages: messages)) { _ in }.text == "It is 3.")
            #expect(server.hasReceived("How many?") && !server.hasReceived("It is 3."))
        }
    }
}
