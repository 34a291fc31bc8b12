import Synchronization
import TestSupport
import Testing

@testable import Models

/// What a server can do wrong: each is told apart, in a sentence that names what to change, in bounded time and memory.
@Suite struct ModelFaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let reply: ModelReply
        let kind: ModelError.Kind
        /// What the message has in it.
        var words: [String] = []
        /// How often the server is asked, with one retry.
        var chats = 1
        var testDescription: String { name }
    }

    static let faults: [Fault] = [
        Fault(name: "401", reply: .unauthorized, kind: .authentication, words: ["modelKeyFile", "wants a key"]),
        Fault(name: "403", reply: .status(403), kind: .authentication, words: ["modelKeyFile"]),
        Fault(name: "404 model", reply: .noSuchModel, kind: .modelNotFound, words: ["\"gone\"", "set model to one of a, b"]),
        Fault(name: "429", reply: .rateLimited(), kind: .rateLimited, words: ["again"], chats: 2),
        Fault(name: "429 for a minute", reply: .rateLimited(retryAfter: "60"), kind: .rateLimited, words: ["in 60 s"]),
        Fault(
            name: "429 until a date", reply: .rateLimited(retryAfter: "Fri, 31 Dec 2999 23:59:59 GMT"), kind: .rateLimited,
            words: ["in 86400 s"]),
        Fault(
            name: "429 without credit", reply: .status(429, type: "insufficient_quota", code: "insufficient_quota"),
            kind: .rateLimited, words: ["credit"]),
        Fault(name: "500", reply: .serverError, kind: .overloaded, words: ["500"], chats: 2),
        Fault(name: "503", reply: .status(503), kind: .overloaded, words: ["503"], chats: 2),
        Fault(name: "501", reply: .status(501), kind: .overloaded),
        Fault(
            name: "too long, llama.cpp", reply: .contextTooLong(prompt: 9000, window: 4096), kind: .contextTooLong,
            words: ["9000", "4096", "modelContextTokens"]),
        Fault(
            name: "too long, hosted",
            reply: .status(400, message: "This model's maximum context length is 8192 tokens.", code: "context_length_exceeded"),
            kind: .contextTooLong, words: ["8192", "modelContextTokens"]),
        Fault(name: "413", reply: .status(413), kind: .contextTooLong),
        Fault(
            name: "tools refused", reply: .status(400, message: "test does not support tools"), kind: .rejected,
            words: ["modelToolStyle to json"]),
        Fault(name: "400", reply: .status(400, message: "Nonsense"), kind: .rejected, words: ["400", "modelUrl"]),
        Fault(
            name: "moved", reply: .status(307, headers: [("Location", "http://localhost:1/v1/chat/completions")]),
            kind: .rejected,
            words: ["modelUrl"]),
        Fault(name: "cut before the stream", reply: ModelReply([.close]), kind: .brokenReply, chats: 2),
        Fault(name: "reset", reply: ModelReply([.reset]), kind: .brokenReply, chats: 2),
        Fault(
            name: "cut stream", reply: .begun("There are", then: .close), kind: .brokenReply, words: ["before it was complete"]),
        Fault(name: "reset stream", reply: .begun("There are", then: .reset), kind: .brokenReply),
        Fault(name: "ended stream", reply: .begun("There are", then: .bytes([])), kind: .brokenReply),
        Fault(name: "nothing", reply: .body(""), kind: .brokenReply, words: ["nothing"], chats: 2),
        Fault(name: "garbage", reply: ModelReply([.bytes([0xFF, 0x00, 0xFE, 0x0A, 0x0A, 0x80])]), kind: .brokenReply, chats: 2),
        Fault(name: "no HTTP", reply: .noHTTP(Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)), kind: .brokenReply, words: ["HTTP"]),
        Fault(name: "a web page", reply: .body("<!doctype html><title>x</title>"), kind: .brokenReply, words: ["web page"]),
        Fault(name: "broken JSON", reply: .body("data: {\"choices\":[\n\n"), kind: .brokenReply, chats: 2),
        Fault(name: "wrong types", reply: .body("data: {\"choices\":5}\n\n"), kind: .brokenReply, words: ["choices"]),
        Fault(name: "giant line", reply: .giantLine(8 << 20), kind: .brokenReply, words: ["1048576 bytes"]),
        Fault(name: "10 MB of arguments", reply: .hugeArguments("run_query", 10 << 20), kind: .brokenReply, words: ["arguments"]),
        Fault(
            name: "10 MB of text",
            reply: .stream((0..<160).map { _ in .delta(["content": .string(String(repeating: "x", count: 64 << 10))]) }, "stop"),
            kind: .brokenReply, words: ["text"]),
        Fault(name: "10 MB in one piece", reply: .plain(String(repeating: "x", count: 10 << 20)), kind: .brokenReply),
        Fault(
            name: "a thousand calls", reply: .stream((0..<1000).map { .call($0, id: "\($0)", name: "f", "{}") }, "tool_calls"),
            kind: .brokenReply, words: ["64 tools"]),
        Fault(
            name: "error in the stream",
            reply: ModelReply([.bytes(ModelEvent("data: {\"error\":{\"message\":\"boom\"}}\n\n").bytes)]),
            kind: .overloaded, chats: 2),
    ]

    @Test(arguments: faults) func `a fault is told apart`(fault: Fault) async throws {
        try await Fixture.with(
            models: ["a", "b"],
            {
                $0.retries = 1; $0.model = "gone"
            }, answer: { _ in fault.reply }
        ) { server, client in
            let error = try #require(await client.ask().error)
            #expect(error.kind == fault.kind, "\(error)")
            for word in fault.words { #expect(error.message.contains(word), "\(error.message) lacks \(word)") }
            #expect(server.chats.count == fault.chats)
            #expect(
                error.message.hasSuffix(".") && error.message.count < 300 && !error.message.contains("\n"), "\(error.message)")
        }
    }

    @Test func `404 is the model, or the URL`() async throws {
        try await Fixture.with(models: nil, answer: { _ in .status(404, message: "not found") }) { _, client in
            let error = try #require(await client.ask().error)
            #expect(error.kind == .rejected && error.message.contains("modelUrl") && error.message.contains("/v1"))
        }
        try await Fixture.with(models: ["test"], answer: { _ in .status(404) }) { _, client in
            #expect(await client.ask().error?.message.contains("chat model") == true)
        }
        try await Fixture.with(
            models: ["x\u{1B}[31m", "good"],
            {
                $0.isNamed = true; $0.name = "fast"
            }, answer: { _ in .noSuchModel }
        ) { _, client in
            let error = try #require(await client.ask().error)
            #expect(error.message.contains("has no model") == false || error.message.contains("models.fast.model to good"))
            #expect(!error.message.contains("\u{1B}"))
        }
    }

    @Test func `a server that recovers is asked again, and the reply says how often`() async throws {
        try await Fixture.with(answer: { [.rateLimited(retryAfter: "0"), .serverError, .text("ok")][min($0.index, 2)] }) {
            server, client in
            let reply = try await client.ask().get()
            #expect(reply.text == "ok" && reply.retries == 2 && server.chats.count == 3)
        }
    }

    @Test func `nothing is asked again once text was seen`() async throws {
        let error = ModelEvent("data: {\"error\":{\"message\":\"boom\"}}\n\n").bytes
        for step in [ModelReply.Step.close, .reset, .bytes(error)] {
            try await Fixture.with(answer: { _ in .begun("There are", then: step) }) { server, client in
                let pieces = Pieces()
                await #expect(throws: ModelError.self) {
                    try await client.reply(to: ChatRequest(messages: [.user("?")])) { pieces.add($0) }
                }
                #expect(server.chats.count == 1 && pieces.all.joined().hasPrefix("There"))
            }
        }
    }

    @Test func `Retry-After is kept, and a longer one than the time left is not waited for`() async throws {
        try await Fixture.with({ $0.totalTimeoutMs = 20_000 }, answer: { _ in .rateLimited(retryAfter: "29") }) {
            server, client in
            let error = try #require(await client.ask().error)
            #expect(error.kind == .rateLimited && error.retryAfterMs == 29_000 && error.isRetryable && server.chats.count == 1)
        }
    }

    @Test func `every time has an end, and the server is let go`() async throws {
        let waits: [(ModelReply, String, @Sendable (inout ModelSettings) -> Void)] = [
            (.hang, "modelFirstByteTimeoutMs", { $0.firstByteTimeoutMs = 1000 }),
            (.hangBeforeStream, "modelFirstByteTimeoutMs", { $0.firstByteTimeoutMs = 1000 }),
            (.begun("There are", then: .hang), "modelIdleTimeoutMs", { $0.idleTimeoutMs = 1000 }),
            (
                .text("a b c d e f g h i j k l m n").separated(by: .delay(100)), "modelTotalTimeoutMs",
                { $0.totalTimeoutMs = 1000 }
            ),
            (.hang, "modelTotalTimeoutMs", { $0.totalTimeoutMs = 1000 }),
        ]
        for (reply, setting, change) in waits {
            try await Fixture.with(change, answer: { _ in reply }) { server, client in
                let error = try #require(await client.ask().error)
                #expect(error.kind == .timeout && error.message.contains(setting), "\(error)")
                // A connection that came too late for its request waits for the next.
                if !server.chats.isEmpty { #expect(await server.hasNoConnections()) }
            }
        }
    }

    @Test func `comments keep a slow reply alive`() async throws {
        let comment = ModelReply.Step.bytes(Array(": still here\n\n".utf8))
        let steps = Array(repeating: [comment, .delay(300)], count: 9).flatMap { $0 } + ModelReply.text("ok").steps
        try await Fixture.with({ $0.idleTimeoutMs = 2000 }, answer: { _ in ModelReply(steps) }) { _, client in
            let text = try await client.ask().get().text
            #expect(text == "ok")
        }
    }

    @Test func `cancelling the task closes the connection at once`() async throws {
        for reply in [ModelReply.hang, .hangBeforeStream, .begun("There are", then: .hang)] {
            try await Fixture.with(answer: { _ in reply }) { server, client in
                let task = Task { await client.ask().error?.kind }
                #expect(await server.hasChats(1))
                task.cancel()
                #expect(await task.value == .cancelled)
                #expect(await server.hasDisconnects(1))
            }
        }
    }

    @Test func `cancelling ends the wait for another attempt, and from within a piece`() async throws {
        try await Fixture.with(answer: { _ in .rateLimited(retryAfter: "29") }) { server, client in
            let task = Task { await client.ask().error?.kind }
            #expect(await server.hasChats(1))
            task.cancel()
            #expect(await task.value == .cancelled)
        }
        // From within a piece of text, on the thread of the network's.
        try await Fixture.with(answer: { _ in .begun("a b c", then: .hang) }) { server, client in
            let asked = Mutex<Task<ModelError.Kind?, Never>?>(nil)
            let task = Task { () -> ModelError.Kind? in
                do throws(ModelError) {
                    _ = try await client.reply(to: ChatRequest(messages: [.user("?")])) { _ in asked.withLock { $0 }?.cancel() }
                    return nil
                } catch {
                    return error.kind
                }
            }
            asked.withLock { $0 = task }
            #expect(await server.hasChats(1))
            // Where the text was here before the task was known.
            task.cancel()
            #expect(await task.value == .cancelled)
        }
    }

    @Test func `a reply that is complete counts, whatever follows`() async throws {
        let done = ModelReply.text("ok").steps
        for steps in [
            done + [.hang], Array(done.dropLast()) + [.close], done + [.reset], done + [.bytes(Array("rubbish\n\n".utf8))],
        ] {
            try await Fixture.with({ $0.idleTimeoutMs = 300 }, answer: { _ in ModelReply(steps) }) { _, client in
                let text = try await client.ask().get().text
                #expect(text == "ok")
            }
        }
    }

    @Test func `wrong settings are told without a request`() async throws {
        let port = try Loopback.freePort()
        func kind(
            _ url: String, _ word: String, _ change: (inout ModelSettings) -> Void = { _ in }
        ) async throws -> ModelError.Kind? {
            var kind: ModelError.Kind?
            try await Fixture.with(url, change) { client in
                let error = await client.ask().error
                #expect(error?.message.contains(word) == true, "\(String(describing: error)) lacks \(word)")
                kind = error?.kind
            }
            return kind
        }
        #expect(try await kind("http://127.0.0.1:\(port)/v1", "modelUrl") == .refused)
        #expect(try await kind("http://no-such-host.invalid/v1", "modelUrl") == .hostNotFound)
        #expect(try await kind("ftp://localhost/v1", "http://") == .notConfigured)
        #expect(try await kind("http://localhost/v1", "modelTlsCaFile") { $0.tlsCAFile = "/nowhere" } == .notConfigured)
        #expect(try await kind("http://localhost/v1", "modelKeyFile") { $0.keyFile = "/nowhere" } == .notConfigured)
        #expect(
            try await kind("http://localhost/v1", "modelProxy") { $0.proxy = try? ModelProxy("http://127.0.0.1:\(port)") }
                == .refused)
        let server = try ModelServer { _ in .text("ok") }
        defer { server.stop() }
        #expect(try await kind("https://127.0.0.1:\(server.port)/v1", "https") == .tlsFailed)
    }

    @Test func `the key is in no error and no description`() async throws {
        let canary = "canary-key-0123456789"
        let echo = ModelReply.status(
            400,
            message: "The key \(canary) is\nbad, as is sk-aaaaaaaaaaaaaaaaaaaaaaaa. \u{1B}[31m"
                + String(repeating: "x ", count: 999))
        try await Fixture.with(key: canary, answer: { _ in echo }) { server, client in
            let error = try #require(await client.ask().error)
            #expect(server.hasReceived(canary))
            var dumped = ""
            dump(error, to: &dumped)
            dump(client.key, to: &dumped)
            dumped += "\(error) \(client.settings) \(client.key) \(String(reflecting: client.key))"
            #expect(!dumped.contains(canary) && !dumped.contains("sk-aaa"))
            let detail = try #require(error.detail)
            #expect(detail.hasPrefix("The key *** is bad, as is ***") && detail.count <= ModelLimits.errorTextCharacters + 1)
            #expect(!detail.contains("\u{1B}"))
        }
    }
}
