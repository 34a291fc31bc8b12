import TestSupport
import Testing

/// A daemon that dies while a proposal is approved. Security bar A7.
@Suite(.serialized) struct ChatCrashTests {
    /// Proposals of one round.
    private static let proposalsMax = 4

    private let table = "approved_once"

    /// How often each proposal's row is there.
    private func counts(_ bench: Workbench, _ engine: Engine) throws -> [String: Int] {
        let output = try engine.script("SELECT b, count(*) FROM \(table) GROUP BY b", file: bench.file)
        var counts: [String: Int] = [:]
        for line in output.split(separator: "\n") {
            let parts = line.split { $0 == "|" || $0 == "\t" }
            if parts.count == 2 { counts[String(parts[0])] = Int(parts[1]) }
        }
        return counts
    }

    /// Whatever the moment: each statement ran at most once, what was answered as done has run, what is still pending has not, and
    /// what was spent says what is known of it and is not run again.
    @Test(.timeLimit(.minutes(5)), arguments: Engine.allCases)
    func `a crash runs no proposal twice and tells what is known`(engine: Engine) async throws {
        let model = try ModelServer { request in
            guard request.lastRole != "tool" else { return .text("They wait for you.") }
            let round = request.lastContent ?? ""
            return .calls(
                (0..<Self.proposalsMax).map { number in
                    let sql = "INSERT INTO approved_once (b) VALUES ('\(round).\(number)')"
                    return ("propose_statement", ModelReply.arguments(["sql": .string(sql), "reason": "Asked for."]))
                })
        }
        let bench = try await Workbench.start(
            ["DBASSIST_MODEL_URL": model.url, "DBASSIST_MODEL": "test", "DBASSIST_LOG_LEVEL": "info"], engines: [engine])
        try engine.script("DROP TABLE IF EXISTS \(table); CREATE TABLE \(table) (b varchar(20))", file: bench.file)
        var daemon = bench.daemon
        var seen: [String: Int] = [:]
        // The crash comes anywhere from the first moment to a little after the last reply, however fast this machine is now.
        var longestMs = 20.0
        for round in 0..<TestScale.count(engine == .sqlite ? 20 : 10, full: 100) {
            let answered = try await approve(round, daemon, bench, engine, afterMs: .random(in: 0...longestMs))
            daemon = try await daemon.startAgain()
            let states = try await judge(round, answered, daemon, bench, engine)
            for state in states { seen[state, default: 0] += 1 }
            longestMs *= states.contains("success") ? (states.contains("pending") ? 1 : 0.7) : 1.5
        }
        // Crashes at one end only would prove little.
        #expect((seen["pending"] ?? 0) > 0 && (seen["success"] ?? 0) > 0, "\(seen)")
        try await daemon.stop()
        try engine.script("DROP TABLE \(table)", file: bench.file)
    }

    /// Has statements proposed, approves them all at once, and kills the daemon meanwhile. Answers whose approval was answered as done.
    private func approve(
        _ round: Int, _ daemon: DaemonProcess, _ bench: Workbench, _ engine: Engine, afterMs: Double
    ) async throws -> Set<String> {
        let client = try daemon.client()
        try await client.attach(bench.account.token)
        let message = try await client.call(
            "chat.send", ["projectId": .string(bench.project(engine)), "content": .string("\(round)")])
        let proposals = try #require(message["proposals"].array)
        #expect(proposals.count == Self.proposalsMax)
        let ids = proposals.map { client.send("chat.approve", ["approvalId": $0["approvalId"]]) }
        let crash = Task {
            try await Task.sleep(for: .microseconds(Int(afterMs * 1000)))
            try await daemon.crash()
        }
        var answered: Set<String> = []
        for (id, proposal) in zip(ids, proposals) {
            guard let result = try? await client.result(of: id, "chat.approve") else { continue }
            #expect(result["affectedRows"] == 1)
            answered.insert(proposal["approvalId"].string ?? "")
        }
        try await crash.value
        return answered
    }

    /// Compares what the daemon says of a round's proposals with what is in the database; answers the states it found.
    private func judge(
        _ round: Int, _ answered: Set<String>, _ daemon: DaemonProcess, _ bench: Workbench, _ engine: Engine
    ) async throws -> [String] {
        let client = try daemon.client()
        try await client.attach(bench.account.token)
        let page = try await client.call(
            "chat.history", ["projectId": .string(bench.project(engine)), "limit": 1])
        let proposals = try #require(page["items"][0]["proposals"].array)
        var states: [String] = []
        for (number, proposal) in proposals.enumerated() {
            let id = proposal["approvalId"].string ?? ""
            let params: JSONValue = ["approvalId": .string(id)]
            func count() throws -> Int { try counts(bench, engine)["\(round).\(number)"] ?? 0 }
            switch proposal["status"].string {
            case "pending":
                #expect(try count() == 0 && !answered.contains(id), "\(proposal)")
                #expect(try await client.call("chat.approve", params)["affectedRows"] == 1)
                states.append("pending")
            case "approved":
                let query = try await client.call("query.get", ["queryId": proposal["queryId"]])
                #expect(query["sql"] == proposal["sql"] && query["mode"] == "write", "\(query)")
                let ran = try count()
                if query["status"] == "success" {
                    #expect(ran == 1, "\(query)")
                    states.append("success")
                } else {
                    // Not known, and said so.
                    #expect(query["errorCode"] == "interrupted" && ran <= 1 && !answered.contains(id), "\(query)")
                    #expect(query["errorMessage"].string?.contains("not known") == true)
                    states.append("interrupted")
                }
                let failure = try await client.failure("chat.approve", params)
                #expect(failure.code == "conflict" && failure.message.contains(query["id"].string ?? "?"), "\(failure)")
                #expect(try count() == ran)
            default: Issue.record("\(proposal)")
            }
            #expect(try count() <= 1)
        }
        return states
    }
}
