import Glibc
import TestSupport
import Testing

/// query.history and query.get: what was run, by whom, and how it ended.
@Suite struct QueryHistoryTests {
    private func sql(_ list: JSONValue) -> [String] { list["items"].array?.compactMap { $0["sql"].string } ?? [] }

    @Test func `filters add up and text stands for itself`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let client = bench.client
        try await bench.run(.sqlite, "SELECT 100 AS \"100%\"")
        try await bench.run(.sqlite, "SELECT 'under_score'", nil, ["label": "Nightly 5%"])
        _ = try await bench.failure(.sqlite, "SELECT nope")
        try await bench.write(.sqlite, "INSERT INTO t VALUES (1, 'A')")
        let editor = try bench.daemon.client()
        try await editor.initialize(token: bench.account.token)
        try await editor.call("query.run", bench.query(.sqlite, "SELECT 'editor'"))
        let cases: [(JSONValue, [String])] = [
            (
                [:],
                [
                    "SELECT 'editor'", "INSERT INTO t VALUES (1, 'A')", "SELECT nope", "SELECT 'under_score'",
                    "SELECT 100 AS \"100%\"",
                ]
            ),
            (["text": "100%"], ["SELECT 100 AS \"100%\""]), (["text": "r_s"], ["SELECT 'under_score'"]),
            (["text": "1_0"], []), (["text": "select NOPE"], ["SELECT nope"]), (["text": "nightly 5%"], ["SELECT 'under_score'"]),
            (["text": "' OR 1=1 --"], []), (["status": "error"], ["SELECT nope"]),
            (["mode": "write"], ["INSERT INTO t VALUES (1, 'A')"]), (["source": "editor"], ["SELECT 'editor'"]),
            (["status": "success", "mode": "read", "text": "under"], ["SELECT 'under_score'"]),
            (["projectId": "019ab0c5-11aa-7d2e-8b3c-4d5e6f708192"], []), (["since": "2999-01-01T00:00:00.000Z"], []),
            (["until": "2000-01-01T00:00:00.000Z"], []),
        ]
        for (filter, expected) in cases { #expect(sql(try await client.call("query.history", filter)) == expected, "\(filter)") }
        let failed = try await client.call("query.history", ["status": "error"])["items"][0]
        #expect(failed["errorCode"] == "query_failed" && failed["errorMessage"].string?.contains("nope") == true)
        let written = try await client.call("query.history", ["mode": "write"])["items"][0]
        #expect(written["affectedRows"] == 1 && written["rowCount"] == 0 && written["source"] == "script")
        for wrong in [
            ["limit": 201], ["limit": 0], ["text": ""], ["since": "yesterday"], ["since": "2024-02-30T00:00:00Z"],
            ["status": "done"],
        ] as [JSONValue] {
            #expect(try await client.errorCode("query.history", wrong) == "invalid_params", "\(wrong)")
        }
    }

    @Test func `errors and shapes are found`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let client = bench.client
        _ = try await bench.failure(.sqlite, "SELECT a FROM no_such_TABLE")
        _ = try await bench.failure(.sqlite, "SELECT")
        let first = try await bench.run(.sqlite, "SELECT a FROM t WHERE a IN (1, 2)")
        try await bench.run(.sqlite, "select a\nfrom t where a in (3) -- \"x\"")
        try await bench.run(.sqlite, "SELECT b FROM t WHERE a IN (1, 2)")
        #expect(sql(try await client.call("query.history", ["errorText": "NO_SUCH_table"])) == ["SELECT a FROM no_such_TABLE"])
        #expect(sql(try await client.call("query.history", ["errorText": "no_such", "text": "incomplete"])) == [])
        let shape = try await client.call("query.get", ["queryId": first["queryId"]])["shape"]
        let same = try await client.call("query.history", ["shape": shape])
        #expect(sql(same) == ["select a\nfrom t where a in (3) -- \"x\"", "SELECT a FROM t WHERE a IN (1, 2)"])
        #expect(try await client.call("query.history", ["shape": "0123456789abcdef"])["items"] == [])
        for wrong in [["shape": "0123456789ABCDEF"], ["shape": "0"], ["errorText": ""]] as [JSONValue] {
            #expect(try await client.errorCode("query.history", wrong) == "invalid_params", "\(wrong)")
        }
    }

    @Test func `pages are complete and in order`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        for number in 0..<23 { try await bench.run(.sqlite, "SELECT \(number)") }
        var seen: [String] = []
        var params: JSONValue = ["limit": 5]
        while true {
            let page = try await bench.client.call("query.history", params)
            seen += sql(page)
            guard let cursor = page.member("nextCursor") else { break }
            params = ["limit": 5, "cursor": cursor]
        }
        #expect(seen == (0..<23).reversed().map { "SELECT \($0)" })
        #expect(try await bench.client.errorCode("query.history", ["cursor": "nonsense"]) == "invalid_params")
    }

    /// Security bar A9: parameters are never kept, and what was read is kept sealed.
    @Test func `parameters and rows are not in the store's files`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        try await bench.write(.sqlite, "INSERT INTO t VALUES (1, 'canary' || '-in-a-row')")
        let result = try await bench.run(.sqlite, "SELECT b, ?1 AS p FROM t", ["canary-parameter"])
        let record = try await bench.client.call("query.get", ["queryId": result["queryId"]])
        #expect(record["preview"]["rows"] == [["canary-in-a-row", "canary-parameter"]])
        let found = try ChildProcess.run([
            "sh", "-c", "grep -alr -e canary-parameter -e canary-in-a-row \"$0\" || true", bench.daemon.stateDirectory,
        ])
        #expect(found == "")
        #expect(!bench.daemon.log.contains("canary"))
    }

    /// Security bar E53: a write that a crash cut off is in history, and says that nobody knows.
    @Test(arguments: [Engine.postgresql, .mysql]) func `a write that a crash cut off is interrupted`(engine: Engine) async throws
    {
        let bench = try await Workbench.start(engines: [engine])
        let queryID: JSONValue = "01a20a9d-3741-73c3-a6fb-9df4a6b8df2c"
        // Nobody is left to stop it: MariaDB does when its time is up, PostgreSQL before.
        let timeoutMs: JSONValue = engine == .mysql ? 10_000 : 60_000
        _ = bench.client.send(
            "query.run",
            bench.query(engine, engine.slowStatement, nil, ["queryId": queryID, "mode": "write", "timeoutMs": timeoutMs]))
        #expect(try await bench.waits(engine, untilRunning: true))
        let running = try await (try await bench.connect()).call("query.history", ["status": "running"])
        #expect(running["items"].array?.map { $0["id"] } == [queryID])
        try await bench.daemon.crash()
        let next = try await bench.daemon.startAgain()
        let client = try next.client()
        try await client.attach(bench.account.token)
        let record = try await client.call("query.get", ["queryId": queryID])
        #expect(record["status"] == "error" && record["errorCode"] == "interrupted")
        #expect(record["sql"].string == engine.slowStatement)
        #expect(try await client.call("query.history", ["status": "running"])["items"] == [])
        #expect(try await bench.waits(engine, untilRunning: false))
    }
}
