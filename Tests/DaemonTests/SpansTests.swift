import Foundation
import Glibc
import TestSupport
import Testing

/// Traces in a file: what belongs to what, and that nothing of anybody's is in them.
@Suite struct SpansTests {
    /// A span of the file, with what of it is asked for.
    private struct Span {
        let json: JSONValue

        var name: String { json["name"].string ?? "" }
        var id: String { json["spanId"].string ?? "" }
        var parent: String? { json["parentSpanId"].string }
        var trace: String { json["traceId"].string ?? "" }
        var hasFailed: Bool { json["status"]["code"] == 2 }

        subscript(_ attribute: String) -> String? {
            let value = json["attributes"].array?.first { $0["key"].string == attribute }?["value"] ?? .null
            return value["stringValue"].string ?? value["intValue"].string
        }
    }

    private func spans(_ file: String) throws -> [Span] {
        try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map { line in
            let resource = try JSONValue(parsing: String(line))["resourceSpans"][0]
            #expect(resource["resource"]["attributes"][0]["value"]["stringValue"] == "dbassistd")
            return Span(json: resource["scopeSpans"][0]["spans"][0])
        }
    }

    @Test func `statements, models and tools are below their requests`() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.appending("traces")
        let canary = Canary("trace")
        let chat = try await ChatBench.start(["DBASSIST_TRACE_FILE": file], engines: Engine.allCases) { request in
            request.lastRole == "tool" ? .text("It is \(canary).") : .query("SELECT '\(canary)' AS c")
        }
        let bench = chat.bench
        for engine in Engine.allCases {
            try await bench.run(engine, "SELECT '\(canary)' AS c")
            _ = try await bench.failure(engine, "SELECT '\(canary)' FROM \(canary.text.prefix(5))_nothing")
        }
        try await chat.ask(.sqlite, "what is \(canary)?")
        try await chat.client.call("system.health")
        #expect(try await bench.daemon.stop() == 0)
        let spans = try spans(file)
        #expect(mode(file) == "100600")
        let requests = spans.filter { $0.json["kind"] == 2 }
        #expect(requests.allSatisfy { $0.parent == nil && $0["rpc.method"] == $0.name && $0["rpc.system"] == "jsonrpc" })
        #expect(Set(requests.map(\.trace)).count == requests.count && Set(spans.map(\.id)).count == spans.count)
        for name in ["auth.signup", "project.create", "query.run", "chat.send"] {
            #expect(requests.contains { $0.name == name }, "\(name)")
        }
        // Answered at once.
        #expect(!requests.contains { $0.name == "system.health" })
        let parents = Dictionary(uniqueKeysWithValues: spans.map { ($0.id, $0) })
        for span in spans {
            let (begin, end) = (Int(span.json["startTimeUnixNano"].string ?? ""), Int(span.json["endTimeUnixNano"].string ?? ""))
            #expect(begin != nil && (begin ?? 1) <= (end ?? 0))
            #expect(span.trace.utf8.count == 32 && span.id.utf8.count == 16)
            guard let parent = span.parent else { continue }
            #expect(parents[parent]?.trace == span.trace, "\(span.name)")
        }
        func children(_ span: Span) -> [Span] { spans.filter { $0.parent == span.id } }
        let runs = requests.filter { $0.name == "query.run" }
        #expect(runs.count == 6 && runs.count(where: \.hasFailed) == 3)
        for run in runs {
            let below = children(run)
            #expect(below.count == 1 && below[0].name == "database" && below[0].hasFailed == run.hasFailed)
            #expect(below[0]["error.type"] == (run.hasFailed ? "query_failed" : nil) && below[0]["dbassist.query"] != nil)
            #expect(below[0]["db.response.returned_rows"] == (run.hasFailed ? nil : "1"))
            #expect(below[0].json["events"][0]["name"] == "connected")
        }
        #expect(Set(runs.compactMap { children($0).first?["db.system.name"] }) == ["postgresql", "mysql", "sqlite"])
        let turn = try #require(requests.first { $0.name == "chat.send" })
        let steps = children(turn)
        #expect(steps.count { $0.name == "chat" && $0["gen_ai.request.model"] == "default" } == 2, "\(steps.map(\.name))")
        let tool = try #require(steps.first { $0.name == "execute_tool" && $0["gen_ai.tool.name"] == "run_query" })
        #expect(children(tool).contains { $0["db.operation.name"] == "SELECT" })
        // Neither text nor names of theirs.
        let traces = ["traces": try Data(contentsOf: URL(filePath: file))]
        #expect(try Canary.traces(of: [canary, Canary(exactly: bench.account.email)], in: traces) == [])
    }

    @Test func `the file is bounded, and nothing is kept of what is not sampled`() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.appending("traces")
        let daemon = try await DaemonProcess.start(["DBASSIST_TRACE_FILE": file, "DBASSIST_LIMITS_TRACE_FILE_BYTES": "8192"])
        let client = try daemon.client()
        _ = try await client.signUp()
        for _ in 0..<200 { try await client.call("project.list") }
        for name in [file, file + ".1"] {
            let size = try FileManager.default.attributesOfItem(atPath: name)[.size] as? Int ?? 0
            #expect(0 < size && size <= 8192, "\(name)")
            #expect(try spans(name).count > 3)
        }
        #expect(try await daemon.stop() == 0)
        let none = directory.appending("none")
        let unsampled = try await DaemonProcess.start(["DBASSIST_TRACE_FILE": none, "DBASSIST_TRACE_SAMPLING": "0"])
        _ = try await unsampled.client().signUp()
        #expect(try await unsampled.stop() == 0)
        #expect(try String(contentsOfFile: none, encoding: .utf8).isEmpty)
    }

    @Test func `what cannot be a file of traces is refused`() throws {
        let directory = try TemporaryDirectory()
        let link = directory.appending("link")
        symlink(directory.appending("elsewhere"), link)
        mkfifo(directory.appending("fifo"), 0o600)
        for path in [directory.path, link, directory.appending("fifo"), "/dev/full", "/proc/none/x"] {
            let run = try Command(["serve"], in: directory, ["DBASSIST_TRACE_FILE": path])
            #expect(run.status == 78 && run.output.contains("traceFile"), "\(path): \(run.output)")
        }
    }
}
