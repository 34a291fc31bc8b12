import Foundation
import Glibc
import TestSupport
import Testing

/// What an operator does with whole stores: backups made while a daemon works, brought back elsewhere and on another engine.
@Suite(.serialized) struct BackupTests {
    private static func command(_ arguments: [String], _ settings: [String: String]) throws -> String {
        let assignments = settings.map { "\($0.key)=\($0.value)" }.sorted()
        return try ChildProcess.run(["env"] + assignments + [Repository.daemon.path()] + arguments)
    }

    @Test(arguments: [false, true]) func `a backup of a working daemon comes back`(onPostgreSQL: Bool) async throws {
        var settings: [String: String] = [:]
        let server = try PostgreSQLServer.shared()
        let database = server.socketURI(database: try server.makeDatabase())
        if onPostgreSQL { settings["DBASSIST_STORE"] = database }
        let bench = try await Workbench.start(settings, engines: [.sqlite])
        try await bench.write(.sqlite, "INSERT INTO t VALUES (1, 'one')")
        #expect(try await bench.run(.sqlite, "SELECT b FROM t")["rows"] == [["one"]])
        let history = try await bench.client.call("query.history")["items"]
        // Work goes on meanwhile.
        let busy = Task {
            let client = try await bench.connect()
            var count = 0
            repeat {
                _ = try await client.call("query.run", ["projectId": .string(bench.project(.sqlite)), "sql": "SELECT 2"])
                count += 1
            } while !Task.isCancelled
            return count
        }
        let kept = try TemporaryDirectory()
        let own = settings.merging(["DBASSIST_STATE_DIR": bench.daemon.stateDirectory, "DBASSIST_SOCKET": "/nowhere/s"]) { $1 }
        let said = try Self.command(["backup", kept.appending("backup")], own)
        #expect(said.contains("copied") && said.hasSuffix("sound\n"), "\(said)")
        busy.cancel()
        #expect(try await busy.value > 0)
        for file in ["", "/keyring", "/store.sqlite"] {
            var status = stat()
            #expect(lstat(kept.appending("backup") + file, &status) == 0 && status.st_mode & 0o077 == 0, "\(file)")
        }
        #expect(throws: ChildProcess.Failure.self) { try Self.command(["backup", kept.appending("backup")], own) }
        try await bench.daemon.stop()

        // Elsewhere, and on the other engine.
        var there = ["DBASSIST_STATE_DIR": kept.appending("state"), "DBASSIST_SOCKET": "/nowhere/s"]
        if !onPostgreSQL { there["DBASSIST_STORE"] = database }
        #expect(try Self.command(["restore", kept.appending("backup")], there).hasSuffix("sound\n"))
        #expect(try Self.command(["store", "check"], there) == "sound\n")
        #expect(throws: ChildProcess.Failure.self) { try Self.command(["restore", kept.appending("backup")], there) }
        there["DBASSIST_SOCKET"] = nil
        let daemon = try await DaemonProcess.start(there)
        let client = try daemon.client()
        // Its sessions, its history, and the connection strings that its keyring opens.
        try await client.attach(bench.account.token)
        for item in history.array ?? [] {
            #expect(try await client.call("query.get", ["queryId": item["id"]])["sql"] == item["sql"])
        }
        let again = try await client.call("query.run", ["projectId": .string(bench.project(.sqlite)), "sql": "SELECT b FROM t"])
        #expect(again["rows"] == [["one"]])
        try await daemon.stop()
    }

    @Test func `a store is named in four ways`() throws {
        let place = try TemporaryDirectory()
        let settings = ["DBASSIST_STATE_DIR": place.appending("state"), "DBASSIST_SOCKET": "/nowhere/s"]
        for wrong in ["relative.db", "env:DBASSIST_NOT_SET", "mysql://a@b/c"] {
            #expect(throws: ChildProcess.Failure.self) { try Self.command(["store", "check", wrong], settings) }
        }
        #expect(throws: ChildProcess.Failure.self) { try Self.command(["store", "check"], settings) }
        #expect(access(place.appending("state"), F_OK) != 0)
    }
}
