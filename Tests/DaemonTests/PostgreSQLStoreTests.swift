import Foundation
import Glibc
import TestSupport
import Testing

/// A daemon whose store is a PostgreSQL database: what a user sees is the same, and what an operator gets wrong is told.
@Suite(.serialized) struct PostgreSQLStoreTests {
    @Test func `everything is there after a restart`() async throws {
        let server = try PostgreSQLServer.shared()
        let name = try server.makeDatabase()
        let settings = ["DBASSIST_STORE": server.uri(database: name, query: "?sslmode=disable")]
        let bench = try await Workbench.start(settings, engines: [.sqlite])
        try await bench.write(.sqlite, "INSERT INTO t VALUES (1, 'one')")
        #expect(try await bench.run(.sqlite, "SELECT b FROM t")["rows"] == [["one"]])
        let history = try await bench.client.call("query.history")["items"]
        #expect(history.array?.count == 2)
        #expect(access(bench.daemon.stateDirectory + "/store.sqlite", F_OK) != 0)
        // Killed, not stopped: what was acknowledged is in the database.
        try await bench.daemon.crash()
        let daemon = try await bench.daemon.startAgain()
        let client = try daemon.client()
        try await client.attach(bench.account.token)
        #expect(try await client.call("query.history")["items"] == history)
        let again = try await client.call("query.run", ["projectId": .string(bench.project(.sqlite)), "sql": "SELECT b FROM t"])
        #expect(again["rows"] == [["one"]])
        let dashboard = try await client.call("dashboard.get")
        #expect(dashboard["totals"]["queries"] == 3 && dashboard["queriesByStatus"]["success"] == 3)
        let health = try await client.call("system.health")
        #expect(health["status"] == "ok" && health["store"]["engine"] == "postgresql" && health["store"]["ok"] == true)
        // Its password is in no line and no listing.
        for text in [bench.daemon.log, daemon.log] { #expect(!text.contains("canary")) }
        let listing = try ChildProcess.run([
            "env", "DBASSIST_STATE_DIR=/nowhere", "DBASSIST_SOCKET=/nowhere/s",
            "DBASSIST_STORE=" + (settings["DBASSIST_STORE"] ?? ""), Repository.daemon.path(), "config",
        ])
        #expect(listing.contains("store") && listing.contains("***") && !listing.contains("canary"))
        try await daemon.stop()
    }

    /// Security bar B20: whatever it is called, the store is nobody's project.
    @Test func `no project names the store`() async throws {
        let server = try PostgreSQLServer.shared()
        let name = try server.makeDatabase()
        let bench = try await Workbench.start(["DBASSIST_STORE": server.socketURI(database: name)], engines: [.postgresql])
        let ways = [
            server.socketURI(database: name), server.uri(database: name, query: "?sslmode=disable"),
            server.socketURI(role: PostgreSQLServer.superuser, database: name),
        ]
        for (number, way) in ways.enumerated() {
            let made = try await bench.client.call(
                "project.create",
                ["name": .string("store \(number)"), "databaseType": "postgresql", "connectionString": .string(way)])
            let failure = try await bench.client.failure("query.run", ["projectId": made["id"], "sql": "SELECT * FROM users"])
            #expect(failure.code == "policy" && failure.message.contains("daemon's own store"), "\(failure)")
        }
        #expect(try await bench.run(.postgresql, "SELECT 1")["rows"] == [[1]])
    }

    /// The database goes away and comes back: requests say so and can be made again, and the daemon stays.
    @Test func `an outage of the store is told and heals`() async throws {
        let server = try PostgreSQLServer.shared()
        let name = try server.makeDatabase()
        let proxy = try FaultProxy(to: server.port)
        defer { proxy.stop() }
        let uri = server.uri(port: proxy.port, database: name, query: "?sslmode=disable")
        let bench = try await Workbench.start(["DBASSIST_STORE": uri], engines: [.sqlite])
        proxy.set(.close)
        try server.psql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '\(name)'", database: "postgres")
        let failure = try await bench.client.failure("project.list")
        #expect(failure.data["retryable"] == true, "\(failure)")
        #expect(try await bench.client.call("system.health")["status"] != .null)
        let params: JSONValue = ["projectId": .string(bench.project(.sqlite)), "sql": "SELECT 1"]
        #expect(try await bench.client.failure("query.run", params).code == "busy")
        proxy.set(nil)
        let until = ContinuousClock.now + .seconds(15)
        var projects: JSONValue?
        while projects == nil, ContinuousClock.now < until { projects = try? await bench.client.call("project.list") }
        #expect(projects?["items"].array?.count == 1)
        #expect(try await bench.run(.sqlite, "SELECT 1")["rows"] == [[1]])
        let lateUntil = ContinuousClock.now + .seconds(15)
        var count = 0
        while count == 0, ContinuousClock.now < lateUntil {
            count = try await bench.client.call("query.history")["items"].array?.count ?? 0
        }
        #expect(count == 1)
    }
}
