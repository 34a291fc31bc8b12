import Glibc
import Protocol
import TestSupport
import Testing

/// Results that are pushed as they come.
@Suite(.serialized) struct QueryStreamTests {
    /// The pages that have come, in order; the reply has come already, so that none may follow.
    private func pages(_ client: TestClient, token: JSONValue) async throws -> [JSONValue] {
        var pages: [JSONValue] = []
        while client.wire.frameCount > 0 {
            let params = try await client.notification("$/progress")
            #expect(params["token"] == token)
            pages.append(params["value"])
        }
        return pages
    }

    /// Waits until the daemon runs so many queries.
    private func waits(_ bench: Workbench, untilRunning wanted: Int) async throws -> Bool {
        let deadline = ContinuousClock.now + .promptly
        while try await bench.client.call("system.health")["queries"]["running"].integer != wanted {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }

    @Test(arguments: Engine.allCases) func `the pages together are the result, and the reply is last`(engine: Engine) async throws
    {
        let bench = try await Workbench.start(engines: [engine])
        for (count, pageRows, token) in [(2_500, 1_000, "a"), (8, 4, 7), (1, 1_000, "b"), (0, 10, "c")] as [(Int, Int, JSONValue)]
        {
            let sql = count == 0 ? "SELECT 1 AS a WHERE 1 = 0" : engine.series(count)
            let result = try await bench.run(
                engine, sql, nil, ["pageRows": .number(String(pageRows)), "partialResultToken": token])
            #expect(result["rows"] == [] && result["rowCount"].integer == count && result["hasMore"] == false)
            #expect(result["columns"].array?.count == 1 && result["truncated"] == false)
            let pages = try await pages(bench.client, token: token)
            #expect(pages.count == (count + pageRows - 1) / pageRows)
            var rows: [JSONValue] = []
            for (index, page) in pages.enumerated() {
                #expect(page["queryId"] == result["queryId"] && page["firstRow"].integer == rows.count)
                #expect((page.member("columns") != nil) == (index == 0))
                rows += page["rows"].array ?? []
            }
            #expect(rows == (0..<count).map { [.number(String($0 + 1))] })
            let record = try await bench.client.call("query.get", ["queryId": result["queryId"]])
            #expect(record["status"] == "success" && record["rowCount"].integer == count)
        }
        let cut = try await bench.run(
            engine, engine.series(50), nil, ["maxRows": 20, "pageRows": 8, "partialResultToken": "cut"])
        #expect(cut["truncated"] == true && cut["rowCount"] == 20)
        #expect(try await pages(bench.client, token: "cut").map { $0["rowCount"].integer } == [8, 8, 4])
    }

    @Test func `a token is a string or an integer`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        for token in [true, .null, .number("1.5"), [], [:]] as [JSONValue] {
            let code = try await bench.client.errorCode(
                "query.run", bench.query(.sqlite, "SELECT 1", nil, ["partialResultToken": token]))
            #expect(code == "invalid_params", "\(token)")
        }
    }

    /// Rows that have gone out stay out; the error is the end of them.
    @Test func `an error may come after pages`() async throws {
        let bench = try await Workbench.start(engines: [.postgresql])
        let failure = try await bench.client.failure(
            "query.run",
            bench.query(
                .postgresql, "SELECT 10 / (2500 - n) FROM generate_series(1, 5000) AS n", nil, ["partialResultToken": "t"]))
        #expect(failure.code == "query_failed" && failure.data["sqlState"] == "22012")
        let pages = try await pages(bench.client, token: "t")
        #expect(pages.count == 2 && pages.allSatisfy { $0["rowCount"] == 1000 })
        #expect(try await bench.run(.postgresql, "SELECT 5 AS a")["rows"] == [[5]])
    }

    /// The pages wait for their reader, and the error waits for them.
    @Test func `an error overtakes no page`() async throws {
        let bench = try await Workbench.start(engines: [.postgresql])
        let session = try await bench.client.call(
            "auth.login", ["email": .string(bench.account.email), "password": .string(bench.account.password)])
        let slow = try SilentClient(socket: bench.daemon.socketPath)
        slow.send("auth.attach", ["token": session["token"]], id: 1)
        // More than the socket takes, and less than what may be on its way: the statement fails before anything is read.
        let sql = "SELECT repeat('x', 1000), 10 / (900 - n) FROM generate_series(1, 1000) AS n"
        let queryID: JSONValue = "01a20a9d-3741-73c3-a6fb-9df4a6b8df2c"
        slow.send(
            "query.run", bench.query(.postgresql, sql, nil, ["partialResultToken": "t", "queryId": queryID]), id: 2)
        let deadline = ContinuousClock.now + .seconds(10)
        while (try? await bench.client.call("query.get", ["queryId": queryID])["status"]) != "error" {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(10))
        }
        let (replies, pages) = slow.replies(to: [2])
        #expect(replies[2]?["error"]["data"]["code"] == "query_failed")
        #expect(pages == 3)
        slow.close()
    }

    /// Security bar D50 and E61: who does not read stops only what is theirs, and is let go when they say so.
    @Test(arguments: Engine.allCases) func `a reader that does not read costs nothing and can be stopped`(engine: Engine)
        async throws
    {
        let bench = try await Workbench.start(engines: [engine])
        let session = try await bench.client.call(
            "auth.login", ["email": .string(bench.account.email), "password": .string(bench.account.password)])
        let before = try bench.daemon.memoryKiB("VmRSS")
        let slow = try SilentClient(socket: bench.daemon.socketPath)
        let queryID: JSONValue = "01a20a9d-3741-73c3-a6fb-9df4a6b8df2b"
        slow.send("auth.attach", ["token": session["token"]], id: 1)
        slow.send(
            "query.run",
            bench.query(engine, engine.series(3_000_000), nil, ["partialResultToken": "t", "queryId": queryID]), id: 2)
        #expect(try await waits(bench, untilRunning: 1))
        // It runs until the socket and its own credit are full, and then waits, while others are served.
        for _ in 0..<50 { #expect(try await bench.client.call("system.health")["status"] == "ok") }
        #expect(try await waits(bench, untilRunning: 1))
        #expect(try bench.daemon.memoryKiB("VmRSS") - before < 16 * 1024)
        // Its own cancel is read although its replies are not.
        slow.send("query.cancel", ["queryId": queryID], id: 3)
        #expect(try await waits(bench, untilRunning: 0))
        let replies = slow.replies(to: [2, 3]).byID
        #expect(replies[2]?["error"]["data"]["code"] == "cancelled")
        #expect(replies[3]?["result"] == [:])
        slow.close()
    }

    @Test(arguments: Engine.allCases) func `a reader that goes stops the statement`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        let session = try await bench.client.call(
            "auth.login", ["email": .string(bench.account.email), "password": .string(bench.account.password)])
        let slow = try SilentClient(socket: bench.daemon.socketPath)
        slow.send("auth.attach", ["token": session["token"]], id: 1)
        slow.send("query.run", bench.query(engine, engine.series(3_000_000), nil, ["partialResultToken": "t"]), id: 2)
        #expect(try await waits(bench, untilRunning: 1))
        slow.close()
        #expect(try await waits(bench, untilRunning: 0))
        #expect(try await bench.run(engine, "SELECT 5 AS a")["rows"] == [[5]])
    }

    @Test func `other replies come between pages`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let rows = bench.client.send(
            "query.run", bench.query(.sqlite, Engine.sqlite.series(200_000), nil, ["partialResultToken": "t"]))
        _ = try await bench.client.notification("$/progress")
        let health = bench.client.send("system.health")
        _ = try await bench.client.result(of: health, "system.health")
        let early = bench.client.wire.frameCount
        #expect(try await bench.client.result(of: rows, "query.run")["rowCount"] == 200_000)
        #expect(bench.client.wire.frameCount > early || early < 199)
    }
}
