import TestSupport
import Testing

@testable import Models

/// The reading of answers, without a network.
@Suite struct AnswerReaderTests {
    private static let replies: [(name: String, reply: ModelReply)] = [
        ("text", .text("Grüße, 3 Zeilen: \"a\\b\" 😀.")),
        ("calls", .calls([("run_query", #"{"sql":"SELECT 'ä'"}"#), ("list_tables", "{}")], text: "Let me see. ")),
        ("plain", .plain("Three — 3.")), ("plain calls", .plain("", calls: [("list_tables", "{}")])),
    ]

    @Test func `a reply is the same wherever it is cut`() throws {
        for (name, reply) in Self.replies {
            let whole = bytes(of: reply)
            let expected = read(whole)
            let reply = try expected.result.get()
            #expect(!reply.text.isEmpty || !reply.calls.isEmpty)
            for cut in 0...whole.count {
                let (result, text) = read(whole, cutAt: [cut])
                let found = try result.get()
                #expect(
                    text == expected.text && found.text == reply.text && found.calls == reply.calls
                        && found.usage == reply.usage && found.finishReason == reply.finishReason, "\(name), cut at \(cut)")
            }
            let (result, _) = read(whole, cutAt: Array(0..<whole.count))
            #expect(try result.get().text == reply.text && result.get().calls == reply.calls, "\(name), every byte")
        }
    }

    @Test func `a reply that ends early is no reply, whatever is missing`() throws {
        let stream = bytes(of: .stream([.delta(["content": "Three."]), .call(0, id: "a", name: "f", "{}")], "tool_calls"))
        let end = stream.count - ModelEvent.done.bytes.count
        for cut in 0..<(end - 2) {
            let error = read(Array(stream[..<cut])).result.error
            #expect(error?.kind == .brokenReply, "cut at \(cut)")
        }
        // Only the blank line or [DONE] is missing.
        for cut in (end - 2)...end { #expect(read(Array(stream[..<cut])).result.error == nil, "cut at \(cut)") }
    }

    private func call(_ pieces: String...) -> String {
        pieces.map { #"data: {"choices":[{"delta":{"tool_calls":[\#($0)]}}]}"# + "\n\n" }.joined()
            + #"data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"# + "\n\n"
    }

    private func calls(_ text: String) throws -> [ToolCall] { try read(Array(text.utf8)).result.get().calls }

    @Test func `calls in the shapes that servers send`() throws {
        let list = ToolCall(id: "a", name: "list", arguments: "{}")
        let run = ToolCall(id: "b", name: "run", arguments: #"{"x":1}"#)
        func whole(_ text: String) throws -> [ToolCall] { try calls(text) }
        // Id and name repeated in each piece.
        let repeated = call(
            #"{"index":0,"id":"b","function":{"name":"run","arguments":"{\"x\""}}"#,
            #"{"index":0,"id":"b","function":{"name":"run","arguments":":1}"}}"#)
        #expect(try whole(repeated) == [run])
        // Empty ids in later pieces, pieces of two calls mixed.
        let mixed = call(
            #"{"index":0,"id":"a","function":{"name":"list","arguments":""}}"#,
            #"{"index":1,"id":"b","function":{"name":"run","arguments":"{\"x\""}}"#,
            #"{"index":0,"id":"","function":{"arguments":"{}"}}"#, #"{"index":1,"function":{"arguments":":1}"}}"#)
        #expect(try whole(mixed) == [list, run])
        // All index 0.
        let zero = call(
            #"{"index":0,"id":"a","function":{"name":"list","arguments":"{}"}}"#,
            #"{"index":0,"id":"b","function":{"name":"run","arguments":"{\"x\":1}"}}"#)
        #expect(try whole(zero) == [list, run])
        // Without index, then without id either, and arguments as an object.
        let bare = call(
            #"{"id":"a","function":{"name":"list","arguments":"{}"}}"#,
            #"{"id":"b","function":{"name":"run","arguments":{"x":1}}}"#)
        #expect(try whole(bare) == [list, run])
        let nameless = call(
            #"{"function":{"name":"list","arguments":{}}}"#, #"{"function":{"name":"run","arguments":{"x":1}}}"#)
        #expect(try whole(nameless).map(\.name) == ["list", "run"])
        #expect(Set(try whole(nameless).map(\.id)).count == 2)
        // The name in halves; arguments null.
        let halves = call(
            #"{"index":0,"id":"a","function":{"name":"li"}}"#, #"{"index":0,"function":{"name":"st","arguments":null}}"#)
        #expect(try whole(halves) == [ToolCall(id: "a", name: "list", arguments: "")])
        // Arguments that are no JSON are the assistant's to refuse.
        let wrong = call(#"{"index":0,"id":"a","function":{"name":"list","arguments":"nonsense {"}}"#)
        #expect(try whole(wrong).first?.arguments == "nonsense {")
    }

    @Test func `half a call is refused`() {
        let text = call(#"{"index":0,"id":"a","function":{"arguments":"{}"}}"#)
        #expect(read(Array(text.utf8)).result.error?.kind == .brokenReply)
    }

    @Test(arguments: [
        #"{"choices":[{"delta":{"content":5}}]}"#, #"{"choices":[{"delta":[]}]}"#, #"{"choices":{}}"#, #"{"choices":[5]}"#,
        #"{"choices":[{"index":"0"}]}"#, #"{"choices":[{"index":-1}]}"#, #"{"choices":[{"delta":{"tool_calls":{}}}]}"#,
        #"{"choices":[{"delta":{"tool_calls":[{"id":7}]}}]}"#, #"{"choices":[{"delta":{"tool_calls":[{"function":"f"}]}}]}"#,
        #"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":[]}}]}}]}"#,
        #"{"choices":[],"usage":{"prompt_tokens":"9"}}"#,
        #"{"choices":[],"usage":[]}"#, #"{"choices":[],"model":5}"#, #"{"object":"list"}"#, "[]", "5", "nonsense", "{",
        #"{"a":1,"a":2}"#,
        #"{"choices":[{"finish_reason":3}]}"#, #"{"choices":[{"delta":{"content":"\ud800"}}]}"#,
        #"{"choices":[],"usage":{"prompt_tokens":99999999999999999999}}"#,
    ])
    func `JSON of other types is refused in a sentence`(data: String) {
        for text in ["data: \(data)\n\n", data] {
            let error = read(Array(text.utf8)).result.error
            #expect(error?.kind == .brokenReply)
            #expect(error?.message.hasSuffix(".") == true && error?.message.contains("\n") == false)
        }
    }

    @Test func `odd streams are understood`() throws {
        let finish = #"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"# + "\n\n"
        let good = [
            #": keep-alive"# + "\n\n" + #"data: {"choices":[{"delta":{"content":"Hi"}}]}"# + "\n\n" + finish,
            "event: message\n" + #"data: {"choices":[{"delta":{"content":"Hi"}}],"new":{"a":[1]}}"# + "\n\n" + finish
                + "data: [DONE]\n\n",
            #"data: {"choices":[{"delta":{"content":null,"role":"assistant"}}]}"# + "\n\n"
                + #"data: {"choices":[{"finish_reason":null,"delta":{"content":"Hi"},"index":0},{"index":1,"delta":{"content":"no"}}]}"#
                + "\n\n" + finish,
            "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"Hi\"}}]}\n\n" + finish,
            #"data: {"choices":[{"delta":{"content":[{"type":"text","text":"H"},{"type":"text","text":"i"}]}}]}"# + "\n\n"
                + finish,
            #"data: {"choices":[{"delta":{"content":"Hi"}}],"usage":null,"error":null}"# + "\n\n"
                + "data: [DONE]\n\ndata: rubbish\n\n",
        ]
        for text in good {
            let (result, text) = read(Array(text.utf8))
            #expect(try result.get().text == "Hi" && text == "Hi" && result.get().finishReason == .stop)
        }
    }

    @Test func `an error in place of a reply is told apart from one`() {
        let start = #"data: {"choices":[{"delta":{"content":"Hi"}}]}"# + "\n\n"
        for error in [
            #"data: {"error":{"message":"overloaded","type":"server_error"}}"#, #"data: {"error":"boom"}"#,
            "event: error\n" + #"data: {"message":"boom"}"#,
        ] {
            #expect(read(Array((start + error + "\n\n").utf8)).result.error?.kind == .overloaded)
        }
        #expect(
            read(Array(#"{"error":{"message":"boom","code":"context_length_exceeded"}}"#.utf8)).result.error?.kind
                == .contextTooLong)
        #expect(read(Array("<html></html>".utf8)).result.error?.message.contains("web page") == true)
        #expect(read([]).result.error?.kind == .brokenReply)
    }

    @Test func `reasons to stop`() throws {
        for (word, reason) in [
            ("stop", FinishReason.stop), ("length", .length), ("content_filter", .contentFilter), ("tool_calls", .toolCalls),
            ("function_call", .toolCalls), ("new", .other),
        ] {
            #expect(try read(bytes(of: .stream([.delta(["content": "Hi"])], word))).result.get().finishReason == reason)
        }
        #expect(
            try read(bytes(of: .stream([.call(0, id: "a", name: "f", "{}")], "stop"))).result.get().finishReason == .toolCalls)
    }
}
