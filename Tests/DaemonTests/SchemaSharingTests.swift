import Synchronization
import TestSupport
import Testing

/// Who waits for the same reading of a schema, and when it is stopped. The reading is held up by a lock on `pg_enum`, in a
/// database of its own.
@Suite(.serialized) struct SchemaSharingTests {
    private static let made = Atomic(0)

    /// A database, a project on it, and its lock.
    private struct Held {
        let bench: Workbench
        let database: String
        let project: JSONValue
        /// The request that holds the lock.
        let lock: Int
        let locker: TestClient

        static func make(_ settings: [String: String] = [:]) async throws -> Held {
            let server = try PostgreSQLServer.shared()
            let database = "held_\(made.add(1, ordering: .relaxed).newValue)"
            try server.psql("DROP DATABASE IF EXISTS \(database) WITH (FORCE)", database: "postgres")
            try server.psql("CREATE DATABASE \(database) OWNER plain_role", database: "postgres")
            let bench = try await Workbench.start(settings, engines: [])
            func project(_ name: String, _ role: String) async throws -> JSONValue {
                try await bench.client.call(
                    "project.create",
                    [
                        "name": .string(name), "databaseType": "postgresql", "readOnly": false,
                        "connectionString": .string(server.uri(role: role, database: database)),
                    ])["id"]
            }
            let locker = try await bench.connect()
            let lock = locker.send(
                "query.run",
                [
                    "projectId": try await project("admin", PostgreSQLServer.superuser), "mode": "write", "timeoutMs": 60_000,
                    "sql": "DO $$ BEGIN LOCK TABLE pg_catalog.pg_enum IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(59); END $$",
                ])
            let held = Held(
                bench: bench, database: database, project: try await project("own", PostgreSQLServer.plainRole), lock: lock,
                locker: locker)
            let isLocked = try await held.waits(for: 1, "granted AND mode = 'AccessExclusiveLock'")
            if !isLocked { Issue.record("\(try await locker.result(of: lock, "query.run"))") }
            return held
        }

        /// Waits until so many locks on pg_enum are as described.
        func waits(for count: Int, _ condition: String) async throws -> Bool {
            let deadline = ContinuousClock.now + .promptly
            let sql = "SELECT count(*) FROM pg_locks WHERE relation = 'pg_enum'::regclass AND \(condition)"
            while try PostgreSQLServer.shared().psql(sql, database: database).hasPrefix("\(count)") == false {
                guard ContinuousClock.now < deadline else { return false }
                try await Task.sleep(for: .milliseconds(20))
            }
            return true
        }

        func release() async throws {
            locker.notify("$/cancelRequest", ["id": .number(String(lock))])
            _ = try? await locker.result(of: lock, "query.run")
        }

        func reads() async throws -> Int {
            let text = try await bench.client.call("system.metrics")["text"].string ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("dbassistd_catalogue_reads_total ") }
            return line.flatMap { Int($0.split(separator: " ")[1]) } ?? -1
        }
    }

    @Test func `many ask and one reads; who leaves takes nobody along`() async throws {
        let held = try await Held.make()
        let (first, second) = (held.bench.client, try await held.bench.connect())
        let one = first.send("schema.describe", ["projectId": held.project, "relation": "pg_class"])
        #expect(try await held.waits(for: 1, "NOT granted"))
        let same = (0..<10).map { _ in second.send("schema.describe", ["projectId": held.project, "relation": "pg_class"]) }
        #expect(try await held.reads() == 1)
        // The one who began it leaves.
        first.notify("$/cancelRequest", ["id": .number(String(one))])
        await #expect(throws: TestClient.Failure.self) { try await first.result(of: one, "schema.describe") }
        #expect(try await held.waits(for: 1, "NOT granted"))
        try await held.release()
        for request in same {
            #expect(try await second.result(of: request, "schema.describe")["relation"]["name"] == "pg_class")
        }
        #expect(try await held.reads() == 1)
    }

    @Test func `when all have left it is stopped at the database, and nothing is kept`() async throws {
        let held = try await Held.make()
        let client = held.bench.client
        let requests = (0..<2).map { _ in client.send("schema.search", ["projectId": held.project, "query": "x"]) }
        #expect(try await held.waits(for: 1, "NOT granted"))
        for request in requests {
            client.notify("$/cancelRequest", ["id": .number(String(request))])
            do {
                _ = try await client.result(of: request, "schema.search")
                Issue.record("not cancelled")
            } catch let failure as TestClient.Failure { #expect(failure.code == "cancelled") }
        }
        #expect(try await held.waits(for: 0, "NOT granted"))
        try await held.release()
        #expect(try await client.call("schema.search", ["projectId": held.project, "query": "x"])["total"] == 0)
        #expect(try await held.reads() == 2)
    }

    @Test func `a connection that closes stops it`() async throws {
        let held = try await Held.make()
        let other = try await held.bench.connect()
        _ = other.send("schema.refresh", ["projectId": held.project])
        #expect(try await held.waits(for: 1, "NOT granted"))
        other.wire.hangUp()
        #expect(try await held.waits(for: 0, "NOT granted"))
        try await held.release()
    }

    @Test func `it takes no longer than a query may, and a change meanwhile makes it stale`() async throws {
        let held = try await Held.make(["DBASSIST_LIMITS_QUERY_TIMEOUT_MS": "1500"])
        let client = held.bench.client
        let failure = try await client.failure("schema.refresh", ["projectId": held.project])
        #expect(failure.code == "timeout" && failure.message.contains("1500"), "\(failure)")
        try await held.release()
        #expect(try await client.call("schema.refresh", ["projectId": held.project])["relations"] == 0)

        let again = try await Held.make()
        let reading = again.bench.client.send("schema.refresh", ["projectId": again.project])
        #expect(try await again.waits(for: 1, "NOT granted"))
        let other = try await again.bench.connect()
        try await other.call(
            "query.run", ["projectId": again.project, "mode": "write", "sql": "CREATE TABLE public.meanwhile (id int)"])
        try await again.release()
        #expect(try await again.bench.client.result(of: reading, "schema.refresh")["relations"].integer != nil)
        #expect(try await other.call("schema.list", ["projectId": again.project])["items"].each("name") == ["meanwhile"])
    }
}
