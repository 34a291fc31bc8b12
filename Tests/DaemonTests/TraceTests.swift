import Foundation
import Glibc
import TestSupport
import Testing

/// What the daemon opens and connects to on behalf of a connection string, seen by the kernel.
@Suite(.enabled(if: Trace.isUsable, Trace.reason)) struct TraceTests {
    /// Files that client libraries read on their own, by the ends of their names.
    private static let dotFiles = [
        ".pgpass", ".pg_service.conf", "pg_service.conf", ".postgresql/postgresql.crt", ".postgresql/postgresql.key",
        ".postgresql/root.crt", ".postgresql/root.crl", ".my.cnf", "my.cnf", ".mylogin.cnf", "canary-file", ".psqlrc",
        "krb5.conf",
    ]

    private func test(_ client: TestClient, _ engine: Engine, _ text: String) async throws -> JSONValue {
        try await client.call(
            "project.test", ["databaseType": .string(engine.rawValue), "connectionString": .string(text)])
    }

    /// A daemon whose home and environment are full of what would mislead a client library.
    private func misled(_ directory: TemporaryDirectory, decoy: Int) async throws -> (daemon: DaemonProcess, file: String) {
        let home = directory.appending("home")
        for folder in [home, home + "/.postgresql"] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        let canary = home + "/canary-file"
        let service = "[canary]\nhost=127.0.0.1\nport=\(decoy)\nuser=canary\n"
        for (name, text) in [
            (".pgpass", "*:*:*:*:canary\n"), (".pg_service.conf", service), ("pg_service.conf", service),
            (".postgresql/postgresql.crt", "canary\n"), (".postgresql/postgresql.key", "canary\n"),
            (".postgresql/root.crt", "canary\n"), (".postgresql/root.crl", "canary\n"),
            (".my.cnf", "[client]\nhost=127.0.0.1\nport=\(decoy)\npassword=canary\n"), (".mylogin.cnf", "canary\n"),
            ("my.cnf", "[client]\nport=\(decoy)\n"), ("canary-file", "canary\n"),
        ] {
            let path = home + "/" + name
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            chmod(path, 0o600)
        }
        let file = directory.appending("trace")
        let daemon = try await DaemonProcess.start(
            [
                "PGSERVICE": "canary", "PGSERVICEFILE": home + "/.pg_service.conf", "PGSYSCONFDIR": home, "PGPASSFILE": canary,
                "PGOPTIONS": "-c search_path=canary", "PGHOST": "127.0.0.1", "PGHOSTADDR": "127.0.0.1", "PGPORT": "\(decoy)",
                "PGUSER": "canary", "PGPASSWORD": "canary", "PGDATABASE": "canary", "PGSSLKEY": canary, "PGSSLCERT": canary,
                "PGSSLROOTCERT": canary, "PGSSLMODE": "verify-full", "PGREQUIREPEER": "canary", "MYSQL_HOME": home,
                "MARIADB_HOME": home, "MYSQL_TCP_PORT": "\(decoy)", "MYSQL_UNIX_PORT": canary, "MYSQL_PWD": "canary",
                "MYSQL_HOST": "127.0.0.1", "LIBMYSQL_PLUGINS": canary, "MARIADB_PLUGIN_DIR": home,
            ], in: directory, launcher: Trace.launcher(file))
        return (daemon, file)
    }

    /// Security bars B18 and B21.
    @Test func noFileOfTheUsersHomeAndNoVariableMatters() async throws {
        let decoy = try Loopback.listen()
        defer { close(decoy.descriptor) }
        let directory = try TemporaryDirectory()
        let (daemon, file) = try await misled(directory, decoy: decoy.port)
        let postgresql = try PostgreSQLServer.shared()
        let mariaDB = try MariaDBServer.shared.get()
        let plain = MariaDBServer.plain
        let client = try daemon.client()
        _ = try await client.signUp()
        for (engine, text) in [
            (.postgresql, postgresql.uri()), (.postgresql, postgresql.uri(query: "?sslmode=require")),
            (.postgresql, postgresql.uri(query: "?sslmode=disable")), (.postgresql, postgresql.socketURI()),
            (.mysql, mariaDB.uri(plain)), (.mysql, mariaDB.uri(plain, query: "?ssl-mode=REQUIRED")),
            (.mysql, "mysql://\(plain.user):\(plain.password)@/app?socket=\(mariaDB.socketPath)"),
        ] as [(Engine, String)] {
            let result = try await test(client, engine, text)
            #expect(result["ok"] == true, "\(text): \(result)")
        }
        // Without a password, and with a certificate to check: now a library would look.
        for (engine, text) in [
            (.postgresql, "postgresql://plain_role@127.0.0.1:\(postgresql.port)/test_db"),
            (.postgresql, postgresql.uri(query: "?sslmode=verify-full")),
            (.mysql, "mysql://plain@127.0.0.1:\(mariaDB.port)/app"), (.mysql, mariaDB.uri(plain, query: "?ssl-mode=VERIFY_CA")),
        ] as [(Engine, String)] {
            #expect(try await test(client, engine, text)["ok"] == false, "\(text)")
        }
        #expect(try await daemon.stop() == 0)
        let trace = try Trace(file)
        // It was seen at work: what it must open is there.
        #expect(trace.opened.contains { $0.hasSuffix("/store.sqlite") } && trace.opened.contains { $0.contains("libpq.so") })
        let read = trace.opened.filter { path in
            Self.dotFiles.contains { path.hasSuffix($0) } || path.hasPrefix(directory.appending("home"))
        }
        #expect(read == [])
        #expect(
            Set(trace.connected) == [
                "127.0.0.1:\(postgresql.port)", "\(postgresql.directory)/.s.PGSQL.\(postgresql.port)",
                "127.0.0.1:\(mariaDB.port)",
                mariaDB.socketPath,
            ])
        var caller = pollfd(fd: decoy.descriptor, events: Int16(POLLIN), revents: 0)
        #expect(poll(&caller, 1, 0) == 0, "somebody called the decoy")
    }

    /// Connection strings that name two places, or one that may not be, or a file.
    private static func misleading(port: Int, file: String) -> [(Engine, String)] {
        let places: [(Engine, String)] = [
            (.postgresql, "host=127.0.0.1 user=u dbname='host=127.0.0.1 port=\(port) user=u'"),
            (.postgresql, "postgresql://u@127.0.0.1:1/host%3D127.0.0.1%20port%3D\(port)"),
            (.postgresql, "host=127.0.0.1 port=1 user=u dbname=postgresql://u@127.0.0.1:\(port)/d"),
            (.postgresql, "postgresql://u@127.0.0.1:1/d?host=/tmp"), (.postgresql, "postgresql://u@127.0.0.1:1/d?%68ost=/tmp"),
            (.postgresql, "postgresql://u@127.0.0.1:1/d?hostaddr=127.0.0.1&port=\(port)"),
            (.postgresql, "postgresql://u@127.0.0.1:1,127.0.0.1:\(port)/d"), (.postgresql, "host=127.0.0.1,/tmp user=u"),
            (.postgresql, "postgresql://u@127.0.0.1%2C127.0.0.1:\(port)/d"), (.postgresql, "postgresql://u@@abstract/d"),
            (.postgresql, "host=@abstract user=u"), (.postgresql, "postgresql://u@2130706433:\(port)/d"),
            (.postgresql, "postgresql://u@127.1:\(port)/d"), (.postgresql, "postgresql://u@[::ffff:127.0.0.1]:\(port)/d"),
            (.postgresql, "postgresql://u@169.254.169.254:80/d"), (.postgresql, "postgresql://u@0.0.0.0:\(port)/d"),
            (.mysql, "mysql://u@127.0.0.1:1/d?socket=/tmp/x"), (.mysql, "mysql://u@127.0.0.1,127.0.0.1:\(port)/d"),
            (.mysql, "mysql://u@127.0.0.1:1/d?host=127.0.0.1"), (.mysql, "mysql://u@0x7f000001:\(port)/d"),
            (.mysql, "mysql://u@169.254.169.254/d"), (.mysql, "mysql://u@[::ffff:127.0.0.1]:\(port)/d"),
        ]
        let postgresql = ["passfile", "service", "servicefile", "sslkey", "sslcert", "sslrootcert", "sslcrl", "sslcrldir"]
        let mysql = ["ssl-key", "ssl-ca", "read-default-file", "defaults-file", "plugin-dir"]
        return places + postgresql.map { (.postgresql, "postgresql://u@127.0.0.1:\(port)/d?\($0)=\(file)") }
            + mysql.map { (.mysql, "mysql://u@127.0.0.1:\(port)/d?\($0)=\(file)") }
    }

    /// Security bars B17 and B18: what would lead elsewhere is refused before anything is connected to or opened.
    @Test func nothingIsConnectedToButWhatWasChecked() async throws {
        let decoy = try Loopback.listen()
        defer { close(decoy.descriptor) }
        let directory = try TemporaryDirectory()
        let file = directory.appending("trace")
        let daemon = try await DaemonProcess.start(in: directory, launcher: Trace.launcher(file))
        let client = try daemon.client()
        _ = try await client.signUp()
        let elsewhere = directory.appending("canary-file")
        for (engine, text) in Self.misleading(port: decoy.port, file: elsewhere) {
            let result = try await test(client, engine, text)
            let failed = result["steps"].array?.first { $0["status"] == "failed" } ?? .null
            #expect(["parse", "policy"].contains(failed["step"].string), "\(text): \(failed)")
        }
        #expect(try await daemon.stop() == 0)
        let trace = try Trace(file)
        #expect(trace.connected == [])
        #expect(trace.opened.contains { $0.hasSuffix("/store.sqlite") } && !trace.opened.contains(elsewhere))
    }
}
