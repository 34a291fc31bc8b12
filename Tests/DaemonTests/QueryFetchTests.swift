import TestSupport
import Testing

/// Large results, page by page.
@Suite struct QueryFetchTests {
    /// Every page of a kept result after its first.
    private func rest(_ client: TestClient, _ result: JSONValue) async throws -> (rows: [JSONValue], last: JSONValue) {
        var rows: [JSONValue] = []
        var page = result
        while let cursor = page.member("nextCursor") {
            page = try await client.call("query.fetch", ["resultId": result["resultId"], "cursor": cursor])
            #expect(page["firstRow"].integer == (result["rowCount"].integer ?? 0) + rows.count)
            rows += page["rows"].array ?? []
        }
        #expect(page["hasMore"] == false)
        return (rows, page)
    }

    @Test(arguments: Engine.allCases) func `the pages together are the result`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        for (count, pageRows) in [(2_500, 1_000), (10, 4), (8, 4), (7, 1)] {
            let first = try await bench.run(engine, engine.series(count), nil, ["pageRows": .number(String(pageRows))])
            #expect(first["rowCount"].integer == pageRows && first["hasMore"] == true && first["command"] == "SELECT")
            let (rows, last) = try await rest(bench.client, first)
            let all = (first["rows"].array ?? []) + rows
            #expect(all == (1...count).map { [.number(String($0))] })
            #expect(last["totalRows"].integer == count && last["truncated"] == false)
            // A cursor stays good, and none means from the beginning.
            let again = try await bench.client.call("query.fetch", ["resultId": first["resultId"]])
            #expect(again["rows"] == first["rows"] && again["firstRow"] == 0)
            try await bench.client.call("query.close", ["resultId": first["resultId"]])
            try await bench.client.call("query.close", ["resultId": first["resultId"]])
            #expect(try await bench.client.errorCode("query.fetch", ["resultId": first["resultId"]]) == "not_found")
        }
        #expect(try await bench.run(engine, engine.series(4), nil, ["pageRows": 4]).member("resultId") == nil)
    }

    @Test(arguments: Engine.allCases) func `a result that stopped says so, and only then`(engine: Engine) async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_RESULT_ROWS": "20"], engines: [engine])
        for (count, maxRows, kept, isTruncated) in [
            (10, 6, 6, true), (10, 10, 10, false), (10, 11, 10, false), (21, nil, 20, true), (20, nil, 20, false),
            (30, 25, 25, true),
        ] as [(Int, Int?, Int, Bool)] {
            let options: JSONValue = maxRows.map { ["pageRows": 4, "maxRows": .number(String($0))] } ?? ["pageRows": 4]
            let first = try await bench.run(engine, engine.series(count), nil, options)
            let (rows, last) = try await rest(bench.client, first)
            #expect(rows.count + 4 == kept, "\(count) \(maxRows ?? 0)")
            #expect(last["truncated"].bool == isTruncated && last["totalRows"].integer == kept, "\(count) \(maxRows ?? 0)")
        }
        let single = try await bench.run(engine, engine.series(5), nil, ["maxRows": 3])
        #expect(single["rowCount"] == 3 && single["truncated"] == true && single["hasMore"] == false)
    }

    @Test func `a result ends with its connection unless it is kept`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let other = try await bench.connect()
        let stranger = try bench.daemon.client()
        _ = try await stranger.signUp()
        let params = { (keep: Bool) in bench.query(.sqlite, Engine.sqlite.series(30), nil, ["pageRows": 10, "keep": .bool(keep)])
        }
        let bound = try await other.call("query.run", params(false))["resultId"]
        let kept = try await other.call("query.run", params(true))["resultId"]
        // Another connection of the user may fetch what is kept, and nobody else may; nor what belongs to a connection.
        #expect(try await bench.client.call("query.fetch", ["resultId": kept])["rowCount"] == 10)
        #expect(try await stranger.errorCode("query.fetch", ["resultId": kept]) == "not_found")
        try await stranger.call("query.close", ["resultId": kept])
        #expect(try await bench.client.errorCode("query.fetch", ["resultId": bound]) == "not_found")
        other.wire.hangUp()
        #expect(await other.wire.waitUntilClosed())
        #expect(try await bench.client.call("query.fetch", ["resultId": kept])["totalRows"] == 30)
        #expect(try await bench.client.errorCode("query.fetch", ["resultId": bound]) == "not_found")
        // Kept even when the first page has all of it.
        let small = try await bench.run(.sqlite, "SELECT 1", nil, ["keep": true])
        #expect(try await bench.client.call("query.fetch", ["resultId": small["resultId"]])["rows"] == [[1]])
        #expect(try await bench.client.errorCode("query.fetch", ["resultId": kept, "cursor": "nonsense"]) == "invalid_params")
    }

    /// A cursor that nobody was given is no way to stop the daemon.
    @Test func `a cursor far past the end is the end`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let result = try await bench.run(.sqlite, Engine.sqlite.series(30), nil, ["pageRows": 10, "keep": true])
        for page in ["3", "4", "9223372036854775806", "9223372036854775807"] {
            let past = try await bench.client.call(
                "query.fetch", ["resultId": result["resultId"], "cursor": .string("p" + page)])
            #expect(past["rows"] == [] && past["hasMore"] == false && past["totalRows"] == 30, "\(page)")
        }
        let code = try await bench.client.errorCode(
            "query.fetch", ["resultId": result["resultId"], "cursor": "p9223372036854775808"])
        #expect(code == "invalid_params")
    }

    /// Security bar E60: what a user keeps is bounded, and giving it back makes room.
    @Test func `nobody keeps more than their quota`() async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_SPOOL_PER_USER_BYTES": "2000000"], engines: [.sqlite])
        let wide =
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) SELECT printf('%.*c', 1000, 'x') FROM n"
        let first = try await bench.run(.sqlite, wide, nil, ["pageRows": 10])
        let (rows, last) = try await rest(bench.client, first)
        #expect(rows.count == 1490 && last["truncated"] == false)
        let second = try await bench.run(.sqlite, wide, nil, ["pageRows": 10])
        let (fewer, end) = try await rest(bench.client, second)
        #expect(fewer.count < 1490 && end["truncated"] == true)
        for result in [first, second] { try await bench.client.call("query.close", ["resultId": result["resultId"]]) }
        let third = try await bench.run(.sqlite, wide, nil, ["pageRows": 10])
        #expect(try await rest(bench.client, third).last["truncated"] == false)
    }
}
