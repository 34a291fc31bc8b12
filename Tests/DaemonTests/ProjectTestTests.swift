import Glibc
import TestSupport
import Testing

/// project.test: each thing that can be wrong has its own step and code.
@Suite struct ProjectTestTests {
    private static let stepNames = ["parse", "policy", "resolve", "connect", "tls", "login", "database", "readOnlyCheck"]

    /// What must come of a connection string: `p` passed, `f` failed, `s` skipped for each step, and the code of the failure.
    private func expect(
        _ client: TestClient, _ engine: Engine, _ text: String, _ steps: String, _ code: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let result = try await client.call(
            "project.test", ["databaseType": .string(engine.rawValue), "connectionString": .string(text)])
        let items = result["steps"].array ?? []
        #expect(items.compactMap { $0["step"].string } == Self.stepNames, sourceLocation: sourceLocation)
        let letters = items.map { String($0["status"].string?.prefix(1) ?? "?") }.joined()
        let failed = items.first { $0["status"] == "failed" }
        #expect(letters == steps && failed?["code"].string == code, "\(failed ?? .null)", sourceLocation: sourceLocation)
        #expect(result["ok"].bool == (code == nil), sourceLocation: sourceLocation)
        #expect((result.member("serverVersion") != nil) == (code == nil), sourceLocation: sourceLocation)
        if let failed { #expect(failed["message"].string?.isEmpty == false, sourceLocation: sourceLocation) }
    }

    @Test func `PostgreSQL`() async throws {
        let bench = try await Workbench.start(engines: [])
        let server = try PostgreSQLServer.shared()
        let client = bench.client
        try await expect(client, .postgresql, server.uri(), "ppppsppp")
        try await expect(client, .postgresql, server.uri(query: "?sslmode=require"), "pppppppp")
        try await expect(client, .postgresql, server.socketURI(), "ppspsppp")
        try await expect(client, .postgresql, server.uri(password: "wrong"), "ppppsfss", "authentication_failed")
        try await expect(client, .postgresql, server.uri(role: "nobody_here"), "ppppsfss", "authentication_failed")
        try await expect(client, .postgresql, server.uri(host: "no-such-host.invalid"), "ppfsssss", "host_not_found")
        try await expect(client, .postgresql, server.uri(port: Loopback.freePort()), "pppfssss", "connection_refused")
        try await expect(client, .postgresql, server.uri(database: "no_such_db"), "ppppspfs", "unknown_database")
        try await expect(
            client, .postgresql, server.uri(role: PostgreSQLServer.tlsRole, query: "?sslmode=disable"), "ppppfsss", "tls_required"
        )
        try await expect(client, .postgresql, server.uri(role: PostgreSQLServer.tlsRole, query: "?sslmode=require"), "pppppppp")
        try await expect(client, .postgresql, server.uri(query: "?sslmode=verify-full"), "ppppfsss", "tls_failed")
        try await expect(client, .postgresql, "postgresql://a@b/c?passfile=/etc/passwd", "fsssssss", "invalid_connection_string")
        #expect(!bench.daemon.log.contains("WARNING"), "the client library wrote to the log")
    }

    @Test func `MariaDB`() async throws {
        let bench = try await Workbench.start(engines: [])
        let server = try MariaDBServer.shared.get()
        let client = bench.client
        let plain = MariaDBServer.plain
        try await expect(client, .mysql, server.uri(plain), "ppppsppp")
        try await expect(client, .mysql, server.uri(plain, query: "?ssl-mode=REQUIRED"), "pppppppp")
        try await expect(client, .mysql, server.uri((user: "plain", password: "wrong")), "ppppsfss", "authentication_failed")
        try await expect(
            client, .mysql, "mysql://plain:x@no-such-host.invalid:\(server.port)/app", "ppfsssss", "host_not_found")
        try await expect(
            client, .mysql, "mysql://plain:x@127.0.0.1:\(Loopback.freePort())/app", "pppfssss", "connection_refused")
        try await expect(client, .mysql, server.uri(MariaDBServer.root, database: "no_such_db"), "ppppspfs", "unknown_database")
        try await expect(client, .mysql, server.uri(plain, query: "?ssl-mode=VERIFY_IDENTITY"), "ppppfsss", "tls_failed")
        try Engine.mysql.script(
            "CREATE OR REPLACE USER tls_only@'%' IDENTIFIED BY 'secret' REQUIRE SSL; GRANT ALL ON app.* TO tls_only@'%'",
            asAdministrator: true)
        let tlsOnly = (user: "tls_only", password: "secret")
        try await expect(client, .mysql, server.uri(tlsOnly, query: "?ssl-mode=REQUIRED"), "pppppppp")
        let refused = try await client.call(
            "project.test",
            ["databaseType": "mysql", "connectionString": .string(server.uri(tlsOnly, query: "?ssl-mode=DISABLED"))])
        #expect(refused["ok"] == false)
    }

    /// Security bar B20: what is not a database, not there, or the daemon's own, by whatever name.
    @Test func `SQLite`() async throws {
        let bench = try await Workbench.start(engines: [.sqlite])
        let client = bench.client
        let directory = bench.daemon.directory
        let state = bench.daemon.stateDirectory
        try ChildProcess.run(["sh", "-c", "yes not a database | head -c 9000 > \"$0\"", directory.appending("text")])
        try ChildProcess.run(["mkfifo", directory.appending("fifo")])
        link(state + "/store.sqlite", directory.appending("hard"))
        symlink(state + "/store.sqlite", directory.appending("soft"))
        link(state + "/keyring", directory.appending("key"))
        try await expect(client, .sqlite, "sqlite://" + bench.file, "ppsssspp")
        try await expect(client, .sqlite, bench.file, "ppsssspp")
        try await expect(client, .sqlite, directory.appending("text"), "ppssssfs", "not_a_database")
        try await expect(client, .sqlite, directory.appending("none"), "ppssssfs", "unknown_database")
        for own in [
            state + "/store.sqlite", state + "/store.sqlite-wal", state + "/store.sqlite.lock", state + "/keyring",
            directory.appending("hard"),
            directory.appending("soft"), directory.appending("key"), directory.path, directory.appending("fifo"), "/dev/null",
            "/proc/self/mem",
        ] {
            try await expect(client, .sqlite, own, "pfssssss", "policy")
        }
        #expect(try await client.errorCode("project.test", ["databaseType": "sqlite"]) == "invalid_params")
        let both: JSONValue = ["projectId": .string(bench.project(.sqlite)), "databaseType": "sqlite", "connectionString": "x"]
        #expect(try await client.errorCode("project.test", both) == "invalid_params")
    }
}
