import Protocol
import Testing
import Threads

@testable import Databases

@Suite(.timeLimit(.minutes(1))) struct ResultRegistryTests {
    func ended(_ registry: ResultRegistry, _ user: String) throws -> ResultSpool {
        let spool = ResultSpool(limits: SpoolLimits(directory: "/tmp"), quota: registry.quota(ofUser: user), engine: .sqlite)
        _ = try spool.page(Page(firstRow: 0, rowCount: 1, rows: JSONText("[[1]]")))
        spool.ended(.success(StatementOutcome(command: "SELECT")))
        return spool
    }

    @Test func aForeignIdIsAsUnknownAsAnUnknownOne() throws {
        let registry = ResultRegistry()
        registry.insert(try ended(registry, "a"), id: "1", userID: "a", connectionID: "c")
        #expect(registry.find("1", userID: "b") == nil)
        #expect(registry.find("2", userID: "a") == nil)
        #expect(!registry.close("1", userID: "b"))
        #expect(registry.find("1", userID: "a") != nil)
        #expect(registry.find("1", userID: "a", connectionID: "d") == nil)
        #expect(registry.find("1", userID: "a", connectionID: "c") != nil)
        #expect(registry.close("1", userID: "a"))
        #expect(registry.quota(ofUser: "a").bytesUsed == 0)
    }

    @Test func resultsEndWithTheirConnectionUnlessKept() throws {
        let registry = ResultRegistry()
        registry.insert(try ended(registry, "a"), id: "1", userID: "a", connectionID: "c")
        registry.insert(try ended(registry, "a"), id: "2", userID: "a", connectionID: "c")
        registry.insert(try ended(registry, "a"), id: "3", userID: "a", connectionID: "d")
        #expect(registry.keep("2", userID: "a"))
        registry.closeAll(ofConnection: "c")
        #expect(registry.find("1", userID: "a") == nil)
        #expect(registry.find("2", userID: "a") != nil)
        #expect(registry.status.results == 2 && registry.status.memoryBytes == 10)
        registry.closeAll()
        #expect(registry.quota(ofUser: "a").bytesUsed == 0)
    }

    @Test func oldResultsExpireButNotOnesStillWritten() async throws {
        let registry = ResultRegistry(idleMs: 20, perUserMax: 10, quotaBytes: 1000, watchdog: .shared)
        let running = ResultSpool(limits: SpoolLimits(directory: "/tmp"), quota: registry.quota(ofUser: "a"), engine: .sqlite)
        registry.insert(try ended(registry, "a"), id: "1", userID: "a", connectionID: "c")
        registry.insert(running, id: "2", userID: "a", connectionID: "c")
        #expect(await eventually { registry.status.results == 1 })
        #expect(registry.find("2", userID: "a") != nil)
        running.ended(.success(StatementOutcome(command: "SELECT")))
        #expect(await eventually { registry.status.results == 0 })
    }

    @Test func theOldestGoesWhenAUserHasTooMany() throws {
        let registry = ResultRegistry(perUserMax: 2)
        for id in ["1", "2"] { registry.insert(try ended(registry, "a"), id: id, userID: "a", connectionID: "c") }
        _ = registry.find("1", userID: "a")
        registry.insert(try ended(registry, "a"), id: "3", userID: "a", connectionID: "c")
        #expect(registry.find("2", userID: "a") == nil)
        #expect(registry.find("1", userID: "a") != nil && registry.find("3", userID: "a") != nil)
    }
}
