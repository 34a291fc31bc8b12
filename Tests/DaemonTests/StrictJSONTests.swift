import Foundation
import Protocol
import TestSupport
import Testing

/// JSON as the daemon reads it: RFC 8259 and not a byte more, over the wire.
@Suite struct StrictJSONTests {
    private func code(_ reply: JSONValue) -> String? { reply["error"]["data"]["code"].string }

    // MARK: Texts

    /// The corpus: `y` or `n`, a tab, and the text with bytes beyond ASCII as `\xNN`.
    private static func corpus() throws -> [(isJSON: Bool, text: [UInt8])] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpora/json-texts.tsv")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            var bytes: [UInt8] = []
            var rest = line.dropFirst(2).utf8[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "\\") else {
                    bytes.append(byte)
                    continue
                }
                if rest.first == UInt8(ascii: "x"),
                    let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
                {
                    bytes.append(value)
                    rest = rest.dropFirst(3)
                } else {
                    bytes.append(byte)
                    rest = rest.dropFirst()
                }
            }
            return (line.hasPrefix("y"), bytes)
        }
    }

    /// Security bars D41, D43, D44. Every text as one message; then the connection still works.
    @Test func everyTextOfTheCorpusIsJudgedRightly() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client(.headers)
        let corpus = try Self.corpus()
        #expect(corpus.count >= 550)
        for (isJSON, text) in corpus {
            let shown = String(decoding: text, as: UTF8.self)
            let reply = try await client.exchange(text)
            let codes = Set((reply.array ?? [reply]).map { code($0) ?? "" })
            #expect(codes == [isJSON ? "invalid_request" : "parse_error"], "\(shown)")
            #expect(isJSON || reply["id"].isNull)
        }
        #expect(try await client.call("system.health")["status"] == "ok")
    }

    private static let publicSuite = ProcessInfo.processInfo.environment["DBASSIST_JSON_TEST_SUITE"]

    /// What nst/JSONTestSuite leaves open, decided: numbers of any size are JSON, whatever they are good for; text that is not UTF-8,
    /// half a surrogate pair and a byte-order mark are not; nor is nesting beyond the limit. Two members of one name, which it
    /// accepts, are refused.
    private static func expectation(_ name: String) -> String {
        switch name.prefix(2) {
        case "y_": name.hasPrefix("y_object_duplicated_key") ? "parse_error" : "invalid_request"
        case "i_": name.hasPrefix("i_number") ? "invalid_request" : "parse_error"
        default: "parse_error"
        }
    }

    /// Security bar D41, with the files of the public suite: `DBASSIST_JSON_TEST_SUITE` names its directory `test_parsing`.
    @Test(.enabled(if: publicSuite != nil, "DBASSIST_JSON_TEST_SUITE does not name the directory of nst/JSONTestSuite's files"))
    func everyFileOfThePublicSuiteIsJudgedRightly() async throws {
        let directory = try #require(Self.publicSuite)
        let daemon = try await DaemonProcess.start(["DBASSIST_LIMITS_BODY_BEFORE_LOGIN_BYTES": "300000"])
        let client = try daemon.client(.headers)
        var counts: [String: Int] = [:]
        var slowest = Duration.zero
        for name in try FileManager.default.contentsOfDirectory(atPath: directory).sorted() where name.hasSuffix(".json") {
            let text = Array(FileManager.default.contents(atPath: directory + "/" + name) ?? Data())
            let began = ContinuousClock.now
            // A frame without a body is a fault of framing, which ends its connection.
            let reply = try await (text.isEmpty ? daemon.client(.headers) : client).exchange(text)
            slowest = max(slowest, ContinuousClock.now - began)
            let codes = Set((reply.array ?? [reply]).map { code($0) ?? "" })
            #expect(codes == [Self.expectation(name)], "\(name)")
            counts[String(name.prefix(2)), default: 0] += 1
        }
        print("D41: \(counts), the slowest in \(slowest)")
        #expect(counts["y_"] == 95 && counts["n_"] == 188 && counts["i_"] == 35)
        #expect(slowest < .promptly)
        #expect(try await client.call("system.health")["status"] == "ok")
    }

    /// The same inside params, where a handler would get to see it.
    @Test func noBadTextGetsIntoParams() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client(.headers)
        for (isJSON, text) in try Self.corpus() where !isJSON && !text.allSatisfy({ $0 <= 0x20 }) {
            let message =
                Array(#"{"jsonrpc":"2.0","id":1,"method":"system.health","params":{"x":"#.utf8) + text + Array("}}".utf8)
            let reply = try await client.exchange(message)
            #expect(code(reply) == "parse_error", "\(String(decoding: text, as: UTF8.self))")
        }
    }

    // MARK: Depth

    /// Security bar D42.
    @Test(arguments: ["[", "{\"a\":", "[{\"a\":"]) func depthIsBounded(opening: String) async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client(.headers)
        let levels = opening == "[{\"a\":" ? 2 : 1
        let closing = String(opening.reversed().compactMap { ["[": "]", "{": "}"][$0] })
        func nested(_ depth: Int) -> String {
            String(repeating: opening, count: depth / levels) + "0" + String(repeating: closing, count: depth / levels)
        }
        // The message is a level of its own.
        let deepest = #"{"jsonrpc":"2.0","id":1,"method":"system.health","x":\#(nested(62))}"#
        #expect(try await client.exchange(deepest, method: "system.health")["result"]["status"] == "ok")
        for depth in [64, 66, 100, 1000, 10_000] {
            #expect(
                code(try await client.exchange(#"{"jsonrpc":"2.0","id":1,"method":"system.health","x":\#(nested(depth))}"#))
                    == "parse_error")
            #expect(code(try await client.exchange(String(repeating: opening, count: depth))) == "parse_error")
        }
        // Brackets in a string are text.
        let text = String(repeating: "[{", count: 1000)
        let quoted = #"{"jsonrpc":"2.0","id":1,"method":"system.health","x":"\#(text)"}"#
        #expect(try await client.exchange(quoted, method: "system.health")["result"]["status"] == "ok")
    }

    // MARK: Params

    /// Security bar D43: members of params are each known, once, and all there.
    @Test(arguments: [
        (#"{"projectId":"<id>","sql":"SELECT 1","readonly":true}"#, "params.readonly"),
        (#"{"sql":"SELECT 1"}"#, "params.projectId"),
        (#"{"projectId":"<id>","sql":7}"#, "params.sql"),
        (#"{"projectId":"<id>","sql":null}"#, "params.sql"),
        (#"{"projectId":"<id>","sql":""}"#, "params.sql"),
        (#"{"projectId":"no id","sql":"SELECT 1"}"#, "params.projectId"),
        (#"{"projectId":"<id>","sql":"SELECT 1","mode":"READ"}"#, "params.mode"),
        (#"{"projectId":"<id>","sql":"SELECT 1","pageRows":0}"#, "params.pageRows"),
        (#"{"projectId":"<id>","sql":"SELECT 1","pageRows":1.5}"#, "params.pageRows"),
        (#"{"projectId":"<id>","sql":"SELECT 1","pageRows":1e400}"#, "params.pageRows"),
        (
            #"{"projectId":"<id>","sql":"SELECT 1","pageRows":99999999999999999999}"#,
            "params.pageRows"
        ),
        (#"{"projectId":"<id>","sql":"SELECT 1","pageRows":"10"}"#, "params.pageRows"),
        (#"{"projectId":"<id>","sql":"SELECT 1","timeoutMs":99999999}"#, "params.timeoutMs"),
        (#"{"projectId":"<id>","sql":"SELECT 1","keep":1}"#, "params.keep"),
        (#"{"projectId":"<id>","sql":"a\u0000b"}"#, "params.sql"),
    ])
    func paramsAreCheckedByPath(params: String, path: String) async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        _ = try await client.signUp()
        let params = params.replacing("<id>", with: "019ab0c4-0000-7000-8000-00000000dead")
        let text = #"{"jsonrpc":"2.0","id":99,"method":"query.run","params":\#(params)}"#
        let reply = try await client.exchange(text, method: "query.run")
        #expect(code(reply) == "invalid_params")
        #expect(reply["error"]["data"]["path"].string == path)
    }

    /// A member's name may be written with escapes, and then is the same member.
    @Test func escapedNamesAreTheSameMember() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        let token = try await client.signUp().token
        let once = #"{"jsonrpc":"2.0","id":9,"method":"auth.attach","params":{"t\u006fken":"\#(token)"}}"#
        #expect(try await client.exchange(once, method: "auth.attach").member("result") != nil)
        let twice = #"{"jsonrpc":"2.0","id":9,"method":"auth.attach","params":{"token":"x","t\u006fken":"\#(token)"}}"#
        #expect(code(try await client.exchange(twice)) == "parse_error")
        let method = #"{"jsonrpc":"2.0","id":9,"method":"auth.whoami","method":"system.health"}"#
        #expect(code(try await client.exchange(method)) == "parse_error")
    }

    // MARK: Values

    /// Security bar D44: text is kept byte for byte, and never mended.
    @Test(arguments: [
        "caf\u{e9}", "cafe\u{301}", "\u{1F511}", "a\u{200B}b", "\u{202E}abc", "\u{FEFF}x", "\u{10FFFF}", "\u{7F}", "'; --",
    ])
    func textIsKept(text: String) async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        _ = try await client.signUp(name: text)
        let name = try await client.call("auth.whoami")["user"]["name"].string ?? ""
        #expect(Array(name.utf8) == Array(text.utf8))
    }

    /// Security bar D45: a long number is read in the time its bytes take.
    @Test func longNumbersAreCheap() async throws {
        let daemon = try await DaemonProcess.start()
        let client = try daemon.client()
        for number in [
            String(repeating: "9", count: 60_000), "0." + String(repeating: "1", count: 60_000),
            "1e" + String(repeating: "0", count: 60_000),
        ] {
            let text = #"{"jsonrpc":"2.0","id":1,"method":"system.health","x":\#(number)}"#
            let took = try await ContinuousClock().measure {
                let reply = try await client.exchange(text, method: "system.health")
                #expect(reply["result"]["status"] == "ok")
            }
            // Quadratic would be minutes; the bound leaves room for a busy machine.
            #expect(took < .seconds(10))
            #expect(code(try await client.exchange(#"{"jsonrpc":"2.0","id":\#(number)0.5,"method":"system.health"}"#)) != nil)
        }
    }
}
