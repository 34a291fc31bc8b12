import TestSupport
import Testing

/// Security bar E60: results of any size, in rows, cells or columns, cost bounded memory, and what is cut is said to be.
@Suite(.serialized) struct HugeResultTests {
    private static let memoryKiB = 64 * 1024

    /// What is huge, and what must be true of the answer; nil where it must be refused.
    private static func cases(_ engine: Engine) -> [(sql: String, holds: (@Sendable (JSONValue) -> Bool)?)] {
        let cut: @Sendable (JSONValue) -> Bool = { $0["rows"][0][0].member("$truncated") != nil }
        let truncated: @Sendable (JSONValue) -> Bool = { $0["hasMore"] == true && $0["rowCount"].integer == 1000 }
        let wide = "SELECT " + (1...1600).map { "\($0) AS c\($0)" }.joined(separator: ", ")
        let isWide: @Sendable (JSONValue) -> Bool = { $0["columns"].array?.count == 1600 && $0["rows"][0][1599] == 1600 }
        switch engine {
        case .postgresql:
            return [
                // In FROM it would be gathered first.
                ("SELECT generate_series(1, 100000000)", truncated), ("SELECT repeat('x', 20000000)", cut), (wide, isWide),
                ("SELECT repeat('x', 1100000000)", nil), ("COPY (SELECT 1) TO STDOUT", nil), ("COPY t FROM STDIN", nil),
            ]
        case .mysql:
            return [
                (engine.series(100_000_000), truncated), ("SELECT REPEAT('x', 16000000)", cut), (wide, isWide),
                ("SELECT REPEAT('x', 1000000000)", { $0["rows"][0][0] == .null }),
            ]
        case .sqlite:
            return [
                (engine.series(100_000_000), truncated), ("SELECT zeroblob(20000000)", cut), (wide, isWide),
                ("SELECT zeroblob(1000000000)", nil),
            ]
        }
    }

    @Test(arguments: Engine.allCases) func `memory does not follow the result`(engine: Engine) async throws {
        let bench = try await Workbench.start(engines: [engine])
        try await bench.run(engine, "SELECT 1")
        let before = try bench.daemon.memoryKiB("VmHWM")
        for (sql, holds) in Self.cases(engine) {
            let name = sql.prefix(60)
            do {
                let answer = try await bench.run(engine, sql, nil, ["timeoutMs": 60_000])
                #expect(holds?(answer) == true, "\(name)")
                if let queryID = answer.member("queryId"), answer["hasMore"] == true {
                    try await bench.client.call("query.cancel", ["queryId": queryID])
                }
                if let resultID = answer.member("resultId") { try await bench.client.call("query.close", ["resultId": resultID]) }
            } catch let failure as TestClient.Failure {
                #expect(holds == nil && ["query_failed", "read_only", "policy"].contains(failure.code), "\(name): \(failure)")
            }
            #expect(try await bench.run(engine, "SELECT 3 AS a")["rows"] == [[3]], "\(name)")
        }
        let rise = try bench.daemon.memoryKiB("VmHWM") - before
        #expect(rise < Self.memoryKiB, "\(rise) KiB")
    }

    /// Whoever reads it to its end hears that there was more.
    @Test(arguments: Engine.allCases) func `a kept result that was cut says so`(engine: Engine) async throws {
        let bench = try await Workbench.start(["DBASSIST_LIMITS_RESULT_ROWS": "2500"], engines: [engine])
        let first = try await bench.run(engine, engine.series(1_000_000))
        var cursor = first["nextCursor"]
        var rows = first["rowCount"].integer ?? 0
        var last = first
        while cursor.string != nil {
            last = try await bench.client.call("query.fetch", ["resultId": first["resultId"], "cursor": cursor])
            rows += last["rowCount"].integer ?? 0
            cursor = last["nextCursor"]
        }
        #expect(rows == 2500 && last["truncated"] == true && last["totalRows"] == 2500)
    }
}
