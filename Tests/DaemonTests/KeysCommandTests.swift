import Foundation
import Glibc
import TestSupport
import Testing

/// `dbassistd keys`, beside a daemon and alone. Security bar C35.
@Suite struct KeysCommandTests {
    /// Runs `dbassistd keys`, and answers what it printed.
    @discardableResult private func keys(
        _ arguments: [String], in directory: TemporaryDirectory, _ settings: [String: String] = [:], status: Int32 = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let run = try Command(["keys"] + arguments, in: directory, settings)
        #expect(run.status == status, "keys \(arguments): \(run.output)", sourceLocation: sourceLocation)
        #expect(run.output.hasSuffix("\n"), sourceLocation: sourceLocation)
        return run.output
    }

    @Test func `a rotation beside a daemon ends no session`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let (daemon, directory) = (bench.daemon, bench.daemon.directory)
        let first = try await bench.run(.sqlite, "SELECT 41 + 1")
        let attached = try await bench.connect()
        // History has it once somebody looks.
        #expect(try await bench.client.call("query.history")["items"].array?.count == 1)
        let before = try Keys(in: directory)
        #expect(before.all.map(\.state) == ["active", "active"] && before.records("active") == 2)
        #expect(before.all[0].tokens.hasPrefix("until ") && before.all[0].id == Keys.signer(of: bench.account.token))
        try keys(["rotate"], in: directory)
        try await daemon.waitForLog(containing: "keyring adopted")
        let after = try Keys(in: directory)
        let (oldSigner, oldSealer) = (try after.id("signing", "old"), try after.id("sealing", "old"))
        #expect([oldSigner, oldSealer] == before.all.map(\.id))
        // Nobody noticed, the old token is still good, and new ones are by the new key.
        #expect(try await attached.call("auth.whoami")["user"]["id"].string == bench.account.userID)
        #expect(try await bench.run(.sqlite, "SELECT 1")["rows"] == [[1]])
        _ = try await bench.connect()
        let newcomer = try daemon.client()
        let login: JSONValue = ["email": .string(bench.account.email), "password": .string(bench.account.password)]
        let token = try await newcomer.call("auth.login", login)["token"].string ?? ""
        #expect(Keys.signer(of: token) == (try after.id("signing", "active")))
        // The new file is as little a database of anybody's as the old one was.
        let keyring: JSONValue = [
            "databaseType": "sqlite", "connectionString": .string("sqlite://\(directory.appending("state/keyring"))"),
        ]
        let steps = try await bench.client.call("project.test", keyring)["steps"].array ?? []
        #expect(steps.first { $0["status"] == "failed" }?["code"] == "policy", "\(steps)")
        // What was sealed with the old key is sealed anew, and opens.
        try await daemon.waitForLog(containing: "\"resealed\"")
        let resealed = try Keys(in: directory)
        #expect(resealed.records("old") == 0 && resealed.records("active") == 3)
        #expect(try await bench.client.call("query.get", ["queryId": first["queryId"]])["preview"]["rows"] == [[42]])
        // In use, needed, too soon: refused, with what to do.
        let refusals = [
            ([try after.id("signing", "active")], "keys rotate signing"),
            ([try after.id("sealing", "active")], "keys rotate sealing"),
            ([oldSigner], "--force"), ([oldSealer], "try again after"), ([oldSealer, "--force"], "try again after"),
            (["k4.pid.nobody"], "keys list"),
        ]
        for (arguments, hint) in refusals {
            #expect(try keys(["retire"] + arguments, in: directory, status: 1).contains(hint), "\(arguments)")
        }
        #expect(try Keys(in: directory).all == resealed.all)
        try Keys.age(in: directory)
        try keys(["retire", oldSealer], in: directory)
        try keys(["retire", oldSigner, "--force"], in: directory)
        #expect(try keys(["retire", oldSigner], in: directory).contains("already"))
        daemon.end(SIGHUP)
        // Whoever came with a token of the old key has to log in again; nobody else.
        #expect(try await attached.notification("session/expired")["reason"] == "revoked")
        #expect(try await attached.errorCode("auth.whoami") == "unauthenticated")
        #expect(try await daemon.client().errorCode("auth.attach", ["token": .string(bench.account.token)]) == "unauthenticated")
        #expect(try await bench.client.call("auth.whoami")["user"]["id"].string == bench.account.userID)
        try await daemon.client().attach(token)
        try await daemon.stop()
        let again = try await daemon.startAgain()
        let client = try again.client()
        #expect(try await client.errorCode("auth.attach", ["token": .string(bench.account.token)]) == "unauthenticated")
        try await client.attach(token)
        let run: JSONValue = ["projectId": .string(bench.project(.sqlite)), "sql": "SELECT 1"]
        #expect(try await client.call("query.run", run)["rows"] == [[1]])
        try await again.stop()
        #expect(!(daemon.log + again.log).contains("sealed record refused"))
    }

    @Test func `a keyring that cannot be right is not taken over`() async throws {
        let daemon = try await DaemonProcess.start()
        let path = daemon.directory.appending("state/keyring")
        let account = try await daemon.client().signUp()
        try ChildProcess.run(["cp", "-p", path, path + ".kept"])
        try ChildProcess.run(["sh", "-c", "printf '{}' > \"$0.half\" && chmod 600 \"$0.half\" && mv \"$0.half\" \"$0\"", path])
        try await daemon.waitForLog(containing: "keyring not adopted")
        try await daemon.client().attach(account.token)
        try ChildProcess.run(["mv", path + ".kept", path])
        try keys(["rotate", "signing"], in: daemon.directory)
        try await daemon.waitForLog(containing: "keyring adopted")
        try await daemon.client().attach(account.token)
        #expect(try await daemon.stop() == 0)
    }

    @Test func `without a daemon the command does it all`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        for number in 0..<5 { try await bench.run(.sqlite, "SELECT \(number)") }
        let directory = bench.daemon.directory
        try await bench.daemon.stop()
        let output = try keys(["rotate", "sealing", "--wait"], in: directory)
        #expect(output.contains("sealed anew: 6 records"))
        let after = try Keys(in: directory)
        #expect(after.records("active") == 6 && after.records("old") == 0 && after.ids("signing", "old").isEmpty)
        #expect(try keys(["reseal"], in: directory).contains("sealed anew: 0 records"))
        let daemon = try await bench.daemon.startAgain()
        let client = try daemon.client()
        try await client.attach(bench.account.token)
        let run: JSONValue = ["projectId": .string(bench.project(.sqlite)), "sql": "SELECT 1"]
        #expect(try await client.call("query.run", run)["rows"] == [[1]])
        // While it runs, it does it itself, and the command waits.
        #expect(try keys(["rotate", "sealing", "--wait"], in: directory).contains("done"))
        #expect(try Keys(in: directory).records("old") == 0)
        try await daemon.stop()
    }

    @Test func `a backup is restored with keys that open it`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let directory = bench.daemon.directory
        let backup = directory.appending("backup")
        try await bench.daemon.stop()
        try keys(["rotate", "sealing", "--wait"], in: directory)
        #expect(try Command(["backup", backup], in: directory).status == 0)
        try keys(["rotate", "sealing", "--wait"], in: directory)
        try Keys.age(in: directory)
        for id in try Keys(in: directory).ids("sealing", "old") { try keys(["retire", id], in: directory) }
        try ChildProcess.run(["sh", "-c", "rm \"$0\"/store.sqlite*", directory.appending("state")])
        let refused = try Command(["restore", backup], in: directory)
        #expect(refused.status == 1 && refused.output.contains("move it away"), "\(refused.output)")
        try ChildProcess.run(["mv", directory.appending("state/keyring"), directory.appending("newer")])
        #expect(try Command(["restore", backup], in: directory).status == 0)
        let daemon = try await bench.daemon.startAgain()
        let client = try daemon.client()
        try await client.attach(bench.account.token)
        let run: JSONValue = ["projectId": .string(bench.project(.sqlite)), "sql": "SELECT 1"]
        #expect(try await client.call("query.run", run)["rows"] == [[1]])
        try await daemon.stop()
    }

    /// Other daemons on the store must know a key before it is used.
    @Test func `with a store in PostgreSQL keys are staged first`() async throws {
        let server = try PostgreSQLServer.shared()
        let settings = ["DBASSIST_STORE": server.uri(database: try server.makeDatabase(), query: "?sslmode=disable")]
        let bench = try await Workbench.start(settings, engines: [.sqlite])
        let directory = bench.daemon.directory
        let staged = try keys(["rotate"], in: directory, settings)
        #expect(staged.contains("staged") && staged.contains("Copy"))
        var listed = try Keys(in: directory, settings)
        #expect(listed.all.map(\.state) == ["active", "staged", "active", "staged"] && listed.records("active") == 1)
        let next = try listed.id("sealing", "staged")
        #expect(try keys(["retire", next], in: directory, settings, status: 1).contains("keys rotate"))
        // The daemon that runs is one of those that have to know them first.
        try await bench.daemon.waitForLog(containing: "keyring adopted")
        try keys(["rotate", "--wait"], in: directory, settings)
        listed = try Keys(in: directory, settings)
        #expect(listed.all.map(\.state) == ["old", "active", "old", "active"])
        #expect(try listed.id("sealing", "active") == next)
        #expect(listed.records("old") == 0 && listed.records("active") == 1)
        #expect(try await bench.run(.sqlite, "SELECT 1")["rows"] == [[1]])
        try keys(["rotate", "signing", "--now"], in: directory, settings)
        #expect(try Keys(in: directory, settings).ids("signing", "staged").isEmpty)
        #expect(try keys(["rotate", "--now", "--stage"], in: directory, settings, status: 64).contains("exclude"))
        try await bench.daemon.stop()
    }

    /// Two daemons with a store in turn, of which one has an older copy of the keyring.
    @Test func `a daemon that does not know a key leaves alone what it sealed`() async throws {
        let server = try PostgreSQLServer.shared()
        let settings = ["DBASSIST_STORE": server.uri(database: try server.makeDatabase(), query: "?sslmode=disable")]
        let bench = try await Workbench.start(settings, engines: [.sqlite])
        let (first, second) = (bench.daemon.directory, try TemporaryDirectory())
        try await bench.daemon.stop()
        func copyKeyring() throws {
            try ChildProcess.run([
                "sh", "-c", "mkdir -p -m 700 \"$1\" && cp -p \"$0/keyring\" \"$1/next\" && mv \"$1/next\" \"$1/keyring\"",
                first.appending("state"), second.appending("state"),
            ])
        }
        try copyKeyring()
        try keys(["rotate", "sealing", "--now", "--wait"], in: first, settings)
        let new = try Keys(in: first, settings).id("sealing", "active")
        let daemon = try await DaemonProcess.start(settings, in: second)
        let client = try daemon.client()
        try await client.attach(bench.account.token)
        let run: JSONValue = ["projectId": .string(bench.project(.sqlite)), "sql": "SELECT 1"]
        #expect(try await client.errorCode("query.run", run) == "invalid_connection_string")
        let made = try await client.call(
            "project.create",
            ["name": "Second", "databaseType": "sqlite", "connectionString": .string("sqlite://\(bench.file)")])
        var listed = try Keys(in: second, settings)
        #expect(listed.all.last == Keys.Key(kind: "sealing", id: new, state: "unknown", records: 1, tokens: "-"))
        #expect(listed.records("active") == 1)
        // With the newer copy it opens everything, and seals anew what it had sealed itself.
        try copyKeyring()
        try await daemon.waitForLog(containing: "\"resealed\"")
        for id in [.string(bench.project(.sqlite)), made["id"]] {
            #expect(try await client.call("query.run", ["projectId": id, "sql": "SELECT 1"])["rows"] == [[1]])
        }
        listed = try Keys(in: second, settings)
        #expect(listed.ids("sealing", "unknown").isEmpty && listed.records("old") == 0 && listed.records("active") >= 2)
        try await daemon.stop()
    }

    @Test func `every command has its help, and mistakes are told`() throws {
        let directory = try TemporaryDirectory()
        for arguments in [[], ["list"], ["rotate"], ["reseal"], ["retire"]] {
            let help = try Command(["keys"] + arguments + ["--help"], in: directory)
            #expect(help.status == 0 && help.output.contains("USAGE: dbassistd keys"), "\(arguments)")
        }
        for arguments in [["rotate", "everything"], ["rotate", "--stage", "--wait"], ["retire"]] {
            try keys(arguments, in: directory, status: 64)
        }
        for arguments in [["list"], ["rotate"], ["reseal"], ["retire", "x"]] {
            #expect(try keys(arguments, in: directory, status: 1).contains("keyring"), "\(arguments)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
    }
}
