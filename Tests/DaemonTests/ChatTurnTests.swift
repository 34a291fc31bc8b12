import TestSupport
import Testing

/// chat.send with a model: the loop from the question to the answer, over the wire, on every engine.
@Suite(.serialized) struct ChatTurnTests {
    /// Asks, runs what the model wants run, tells it the rows, and answers with its words and the statement they stand on.
    @Test(arguments: Engine.allCases) func `an answer stands on rows that were read`(engine: Engine) async throws {
        let chat = try await ChatBench.start(engines: [engine]) { request in
            request.lastRole == "tool" ? .text("There are seven.") : .query(engine.series(7))
        }
        let message = try await chat.ask(engine, "How many are there?", ["partialResultToken": "t"])
        #expect(message["text"] == "There are seven.")
        #expect(message["role"] == "assistant" && message["outcome"] == "finished" && message["model"] == "default")
        let statement = message["statements"][0]
        #expect(statement["sql"].string == engine.series(7) && statement["rowCount"] == 7)
        let record = try await chat.client.call("query.get", ["queryId": statement["queryId"]])
        #expect(record["source"] == "chat" && record["mode"] == "read" && record["status"] == "success")
        let rows = try await chat.client.call("query.fetch", ["resultId": statement["resultId"], "cursor": "p0"])
        #expect(rows["rowCount"] == 7)
        #expect(message["usage"]["steps"] == 2 && message["usage"]["toolCalls"] == 1 && message["usage"]["promptTokens"] == 20)
        // What the model got: schema and rows within boundaries, tools, and no more.
        let told = try #require(chat.model.chats.last)
        #expect(told.lastContent?.contains("[7]") == true && told.lastContent?.hasPrefix("<data-") == true)
        #expect((told.body["tools"].array ?? []).count == 4)
        let events = try await chat.events()
        #expect(
            events.map { $0["event"].string }.filter { $0 != "text" }
                == ["started", "usage", "toolCall", "toolResult", "sql", "usage", "usage", "finished"])
        #expect(events.allSatisfy { $0["token"] == "t" && $0["messageId"] == message["id"] })
        let text = events.filter { $0["event"] == "text" }.compactMap { $0["text"].string }.joined()
        #expect(text == "There are seven.")
        let uses = try await chat.toolUses(message["threadId"])
        #expect(uses.count == 1 && uses[0]["outcome"] == "ok" && uses[0]["queryId"] == statement["queryId"])
        #expect(uses[0]["sqlHash"].string?.count == 64)
    }

    /// A thread's next turn knows what was said, also after a restart.
    @Test func `a thread goes on where it stopped`() async throws {
        let chat = try await ChatBench.start { request in
            request.lastContent == "And twice that?" ? .text("Fourteen.") : .text("Seven.")
        }
        let first = try await chat.ask(.sqlite, "How many?")
        let second = try await chat.ask(.sqlite, "And twice that?", ["threadId": first["threadId"]])
        #expect(second["threadId"] == first["threadId"] && second["text"] == "Fourteen.")
        let told = try #require(chat.model.chats.last?.messages.last?["content"].string)
        #expect(told.contains("How many?") && told.contains("Seven."))
        let page = try await chat.client.call("chat.history", ["threadId": first["threadId"]])
        #expect((page["items"].array ?? []).map { $0["text"] } == ["Fourteen.", "And twice that?", "Seven.", "How many?"])
        let threads = try await chat.client.call("chat.threads")["items"]
        #expect(threads[0]["messageCount"] == 4 && threads[0]["title"] == "How many?")
    }

    /// A statement that fails goes back with what is wrong and what would be right, and the reply says how often.
    @Test(arguments: Engine.allCases) func `a failed statement is corrected`(engine: Engine) async throws {
        let chat = try await ChatBench.start(engines: [engine]) { request in
            guard request.lastRole == "tool" else { return .query("SELECT nothing FROM nowhere") }
            return request.lastContent?.contains("nowhere") == true ? .query("SELECT 1 AS one") : .text("One.")
        }
        let message = try await chat.ask(engine, "What is it?")
        #expect(message["text"] == "One." && message["usage"]["corrections"] == 1)
        let uses = try await chat.toolUses(message["threadId"])
        #expect(uses.map { $0["outcome"] } == ["failed", "ok"] && uses[0]["errorCode"] == "query_failed")
    }

    /// A model that only ever writes what fails is not asked for ever.
    @Test func `corrections end`() async throws {
        let chat = try await ChatBench.start { _ in .query("SELECT nothing FROM nowhere") }
        let message = try await chat.ask(.sqlite, "What is it?")
        #expect(message["outcome"] == "finished" && message["usage"]["corrections"] == 3)
        #expect(message["text"].string?.contains("No statement did") == true)
        #expect(chat.model.chats.count == 4)
    }

    /// F64: an endless loop of tools ends after ten steps, with an answer that says so.
    @Test func `steps end`() async throws {
        let chat = try await ChatBench.start { request in
            (request.body["tools"].array ?? []).isEmpty ? .text("I give up.") : .query("SELECT \(request.index)")
        }
        let message = try await chat.ask(.sqlite, "What is it?")
        #expect(message["usage"]["steps"] == 10 && message["text"] == "I give up.")
        #expect(try await chat.toolUses(message["threadId"]).count == 9)
    }

    /// A call that did is not carried out again: the model is told to go on, and can then only answer.
    @Test func `a repeated call ends the search`() async throws {
        let chat = try await ChatBench.start { request in
            guard let tools = request.body["tools"].array, !tools.isEmpty else { return .text("Seven.") }
            let canLookUp = tools.contains { $0["function"]["name"] == "describe_table" }
            return canLookUp ? .calls([("describe_table", #"{"table":"t"}"#)]) : .query("SELECT 7 ;")
        }
        let message = try await chat.ask(.sqlite, "How many?")
        let uses = try await chat.toolUses(message["threadId"])
        #expect(uses.map { $0["tool"] } == ["describe_table", "describe_table", "run_query", "run_query"])
        #expect(uses.map { $0["outcome"] } == ["ok", "refused", "ok", "refused"] && uses[3]["errorCode"] == "conflict")
        #expect(message["text"] == "Seven." && message["usage"]["steps"] == 5 && message["statements"].array?.count == 1)
    }

    /// A model that goes on calling where nothing can be called is no answer; the rows are.
    @Test(arguments: ["```json\n{\"name\": \"run_query\", \"arguments\": {\"sql\": \"SELECT 1\"}}\n```", "", " \n"])
    func `a call in place of an answer is not shown`(last: String) async throws {
        let chat = try await ChatBench.start { request in
            (request.body["tools"].array ?? []).isEmpty ? .text(last) : .query("SELECT 7 AS n")
        }
        let message = try await chat.ask(.sqlite, "How many?", ["partialResultToken": "t"])
        #expect(message["text"].string?.contains("no answer into words") == true && message["statements"].array?.count == 1)
        for event in try await chat.events() where event["event"] == "text" {
            #expect(event["text"].string?.contains("run_query") == false)
        }
    }

    /// Figures of a result are offered once there is one that is not shown whole.
    @Test func `a long result can be summarized`() async throws {
        let chat = try await ChatBench.start { request in
            let names = (request.body["tools"].array ?? []).compactMap { $0["function"]["name"].string }
            switch request.index {
            case 0: return names.contains("summarize_result") ? .text("Too early.") : .query(Engine.sqlite.series(500))
            case 1:
                guard names.contains("summarize_result"), let text = request.lastContent,
                    let id = text.firstMatch(of: #/Result ([0-9a-f-]{36})/#)
                else { return .text("Not offered.") }
                return .calls([("summarize_result", ModelReply.arguments(["result": .string(String(id.1))]))])
            default: return .text("From one to 500.")
            }
        }
        let message = try await chat.ask(.sqlite, "What is there of 500?")
        #expect(message["text"] == "From one to 500.")
        let uses = try await chat.toolUses(message["threadId"])
        #expect(uses.map { $0["outcome"] } == ["ok", "ok"])
    }

    /// An answer with figures that nothing was read for goes back once, and none of it was shown by then.
    @Test(arguments: [true, false]) func `figures are read`(listens: Bool) async throws {
        let chat = try await ChatBench.start { request in
            switch request.index {
            case 1 where listens: .query("SELECT 7 AS n")
            case 2: .text("There are 7.")
            default: .text("I know it. There are 42.")
            }
        }
        let message = try await chat.ask(.sqlite, "How many of the 99 are there?", ["partialResultToken": "t"])
        #expect(message["text"].string == (listens ? "There are 7." : "I know it. There are 42."))
        #expect(message["usage"]["steps"] == (listens ? 3 : 2))
        // What is claimed all the same is shown, and said to be no more than that.
        #expect((message["note"].string ?? "").contains("Nothing was read") != listens)
        #expect(chat.model.chats[1].lastContent?.contains("Nothing was read") == true)
        let text = try await chat.events().filter { $0["event"] == "text" }.compactMap { $0["text"].string }.joined()
        #expect(text == (listens ? "I know it.There are 7." : "I know it.I know it. There are 42."))
    }

    /// What tools answer is kept within the model's window: each result has a part of it, and the oldest make room.
    @Test(arguments: ["auto", "json"]) func `results fit the window`(style: String) async throws {
        let settings = [
            "DBASSIST_MODEL_CONTEXT_TOKENS": "5000", "DBASSIST_MODEL_MAX_REPLY_TOKENS": "500", "DBASSIST_MODEL_TOOL_STYLE": style,
        ]
        let chat = try await ChatBench.start(settings) { request in
            // Rows of some ten kilobytes, another statement each time.
            let sql =
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT i, hex(zeroblob(50)) AS z\(request.index) FROM n"
            if request.index == 6 {
                return style == "json" ? .text(#"{"tool":"answer","arguments":{},"text":"Many."}"#) : .text("Many.")
            }
            return style == "json"
                ? .text(#"{"tool":"run_query","arguments":{"sql":"\#(sql)"},"text":""}"#) : .query(sql)
        }
        let message = try await chat.ask(.sqlite, "What is there?")
        #expect(message["text"] == "Many." && message["statements"].array?.count == 6)
        for request in chat.model.chats {
            let bytes = request.messages.reduce(0) { $0 + ($1["content"].string?.utf8.count ?? 0) }
            #expect(bytes / 3 < 4_500)
        }
        let last = try #require(chat.model.chats.last)
        let texts = last.messages.compactMap { $0["content"].string }
        #expect(texts.contains { $0.contains("was left out to make room") } && texts.last?.contains("z5") == true)
        #expect(texts.contains { $0.contains("of 100 rows") || $0.contains("100 rows") })
    }

    /// A schema that a model was shown whole is not searched, and what is shown of it comes with the question.
    @Test func `a whole schema needs no search`() async throws {
        let chat = try await ChatBench.start { _ in .text("Fine.") }
        try await chat.ask(.sqlite, "What is in t?")
        let sent = try #require(chat.model.chats.first)
        let names = (sent.body["tools"].array ?? []).compactMap { $0["function"]["name"].string }
        #expect(names.first == "run_query" && names.contains("describe_table") && !names.contains("search_schema"))
        #expect(sent.messages[0]["content"].string?.contains("<data-") == true && sent.lastContent == "What is in t?")
        #expect(sent.messages[1]["content"].string?.hasPrefix("The whole schema:\n<data-") == true)
    }

    /// In the mode `sql` the statement is checked on the database and not run.
    @Test(arguments: Engine.allCases) func `a statement that is asked for is checked`(engine: Engine) async throws {
        let sql = engine.series(3)
        let chat = try await ChatBench.start(engines: [engine]) { request in
            request.lastContent?.contains("does not do") == true
                ? .text("This:\n```sql\n\(sql);\n```") : .text("This:\n```sql\nSELECT nothing FROM nowhere\n```")
        }
        let message = try await chat.ask(engine, "Count to three", ["mode": "sql"])
        #expect(message["statements"].array?.count == 1 && message["statements"][0]["sql"].string == sql)
        #expect(message["statements"][0].member("queryId") == nil && message["usage"]["corrections"] == 1)
        #expect(message["text"].string?.contains("nowhere") == false)
        #expect(try await chat.client.call("query.history", ["source": "chat"])["items"] == [])
    }

    /// Models without tool calls say each step as one JSON object.
    @Test func `a model without tools says its steps as JSON`() async throws {
        let chat = try await ChatBench.start(["DBASSIST_MODEL_TOOL_STYLE": "json"]) { request in
            request.lastContent?.contains("[7]") == true
                ? .text(#"{"tool":"answer","arguments":{},"text":"Seven."}"#)
                : request.lastContent?.contains("cannot be carried out") == true
                    ? .text(#"{"tool":"run_query","arguments":{"sql":"SELECT 7 AS n"},"text":""}"#) : .text("Let me think.")
        }
        let message = try await chat.ask(.sqlite, "How many?", ["partialResultToken": 1])
        #expect(message["text"] == "Seven." && message["usage"]["steps"] == 3)
        #expect(chat.model.chats[0].body.member("tools") == nil && chat.model.chats[0].body.member("response_format") != nil)
        let text = try await chat.events().filter { $0["event"] == "text" }.compactMap { $0["text"].string }.joined()
        #expect(text == "Seven.")
    }

    /// chat.cancel from another connection ends the model's request and the statement that runs, within a second.
    @Test(arguments: Engine.allCases) func `a turn is stopped`(engine: Engine) async throws {
        let chat = try await ChatBench.start(engines: [engine]) { request in
            guard engine == .sqlite else { return .begun("Let me see. One", then: .hang) }
            return .query(engine.slowStatement)
        }
        let request = chat.client.send("chat.send", chat.params(engine, "How long?", ["partialResultToken": "t"]))
        var threadID = JSONValue.null
        let last = engine == .sqlite ? "toolCall" : "text"
        while true {
            let event = try await chat.client.notification("chat/event")
            threadID = event["threadId"]
            if event["event"].string == last { break }
        }
        if engine == .sqlite { #expect(try await chat.bench.waits(engine, untilRunning: true)) }
        let other = try await chat.bench.connect()
        try await other.call("chat.cancel", ["threadId": threadID])
        do {
            _ = try await chat.client.result(of: request, "chat.send")
            Issue.record("a cancelled turn answered")
        } catch let failure as TestClient.Failure {
            #expect(failure.code == "cancelled")
        }
        if engine == .sqlite {
            #expect(try await chat.bench.waits(engine, untilRunning: false))
        } else {
            #expect(await chat.model.hasDisconnects(1))
        }
        let events = try await chat.events()
        #expect(events.last?["event"] == "cancelled")
        let page = try await chat.client.call("chat.history", ["threadId": threadID])
        #expect(page["items"][0]["outcome"] == "cancelled")
        if engine != .sqlite { #expect(page["items"][0]["text"].string?.hasPrefix("Let") == true) }
    }

    /// One turn of a thread at a time, so many of a user, so many tokens of a turn and a day.
    @Test func `turns and tokens are limited`() async throws {
        let settings = ["DBASSIST_LIMITS_CHAT_TURN_TOKENS": "14", "DBASSIST_LIMITS_CHAT_DAY_TOKENS": "30"]
        let chat = try await ChatBench.start(settings) { _ in .text("Seven.") }
        for _ in 0..<2 {
            let failure = try await chat.client.failure("chat.send", chat.params(.sqlite, "How many?"))
            #expect(failure.code == "budget_exceeded" && failure.data["limit"] == "chatTurnTokens")
        }
        let failure = try await chat.client.failure("chat.send", chat.params(.sqlite, "How many?"))
        #expect(failure.code == "budget_exceeded" && failure.data["limit"] == "chatDayTokens")
        #expect(chat.model.chats.count == 2)
    }

    /// chat.context shows what chat.send then sends, and sends nothing itself.
    @Test func `the context is what is sent`() async throws {
        let chat = try await ChatBench.start { _ in .text("Seven.") }
        let context = try await chat.client.call("chat.context", chat.params(.sqlite, "How many rows has t?"))
        #expect(chat.model.requests.isEmpty && context["relations"] == ["main.t"] && context["host"] == "127.0.0.1")
        try await chat.ask(.sqlite, "How many rows has t?")
        let sent = try #require(chat.model.chats.first)
        let names = (sent.body["tools"].array ?? []).map { $0["function"]["name"] }
        #expect(names == context["tools"].array)
        // But for the boundary, which is another each time.
        func shape(_ text: String?) -> String { (text ?? "").replacing(#/data-[0-9a-f]{32}/#, with: "data") }
        #expect(sent.messages.map { shape($0["content"].string) } == context["messages"].array?.map { shape($0["text"].string) })
    }

    /// chat.models and chat.doctor say what is configured and how it does.
    @Test func `models are listed and tested`() async throws {
        let chat = try await ChatBench.start { request in
            (request.body["tools"].array ?? []).isEmpty ? .text("ok") : .calls([("ping", "{}")])
        }
        let models = try await chat.client.call("chat.models")["items"]
        #expect(models[0]["model"] == "test" && models[0]["local"] == true && models[0]["default"] == true)
        let report = try await chat.client.call("chat.doctor")
        #expect(
            report["steps"].array?.map { $0["step"].string } == [
                "resolve", "connect", "authenticate", "listModels", "reply", "toolCall", "stream",
            ])
        chat.model.stop()
        let broken = try await chat.client.call("chat.doctor")
        #expect(broken["ok"] == false)
        #expect(try await chat.client.failure("chat.send", chat.params(.sqlite, "How many?")).code == "model_failed")
    }
}
