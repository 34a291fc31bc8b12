import Glibc
import TestSupport
import Testing

@testable import Databases
import Threads

@Suite(.serialized) struct PostgreSQLConnectTests {
    private func server() throws -> PostgreSQLServer { try PostgreSQLServer.shared() }

    private func expect(
        _ uri: String, _ code: DatabaseError.Code, _ phase: DatabaseError.Phase,
        _ options: ConnectOptions = PostgreSQLTestDatabase.options,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let error = try PostgreSQLTestDatabase.failure(uri, options)
        #expect(error?.code == code, "\(error.map { "\($0)" } ?? "connected")", sourceLocation: location)
        #expect(error?.phase == phase, sourceLocation: location)
        let everything = error.map { "\($0)" } ?? ""
        #expect(!everything.contains("canary-p"), sourceLocation: location)
    }

    @Test func everyWayIn() throws {
        for uri in [
            try server().uri(), try server().uri(host: "localhost"), try server().uri(query: "?sslmode=require"),
            try server().uri(query: "?sslmode=disable"), try server().uri(role: PostgreSQLServer.tlsRole),
            try server().socketURI(), try server().uri(query: "?channel_binding=require&sslmode=require"),
            try server().uri(query: "?target_session_attrs=read-write&keepalives_idle=5&connect_timeout=5"),
        ] {
            let driver = try PostgreSQLTestDatabase.open(uri)
            #expect(try driver.rows("SELECT 1") == "[[1]]")
            driver.close()
            driver.close()
            #expect(!driver.isUsable)
        }
    }

    @Test func failuresHaveCodeAndPhase() throws {
        let server = try server()
        try expect(server.uri(password: "wrong-canary-p"), .authenticationFailed, .login)
        try expect(server.uri(role: "nobody_here"), .authenticationFailed, .login)
        try expect(server.uri(role: PostgreSQLServer.tlsRole, password: "wrong"), .authenticationFailed, .login)
        try expect(server.uri(database: "no_such_db"), .unknownDatabase, .database)
        try expect(server.uri(port: try Loopback.freePort()), .connectionRefused, .connect)
        try expect("postgresql://u@/d?host=/nonexistent", .connectionRefused, .connect)
        try expect(server.uri(host: "no-such-host.invalid"), .hostNotFound, .resolve)
        try expect(server.uri(host: "169.254.169.254"), .policy, .policy)
        try expect(server.uri(host: "2130706433"), .policy, .policy)
        try expect(server.uri(query: "?sslmode=verify-full"), .tlsFailed, .tls)
        try expect(server.uri(query: "?target_session_attrs=standby"), .connectionFailed, .readOnlyCheck)
        let shared = ConnectOptions(policy: ConnectionPolicy(mode: .shared))
        try expect(server.uri(), .policy, .policy, shared)
        try expect(server.socketURI(), .policy, .policy, shared)
    }

    @Test func plaintextWhereTheServerWantsTLS() throws {
        let server = try server()
        let uri = server.uri(role: PostgreSQLServer.tlsRole, query: "?sslmode=disable")
        // An explicit `reject` in pg_hba.conf, and no line at all, read differently.
        #expect(try [.tlsRequired, .authenticationFailed].contains(PostgreSQLTestDatabase.failure(uri)?.code ?? .internal))
        let text =
            "FATAL:  28000: no pg_hba.conf entry for host \"127.0.0.1\", user \"u\", database \"d\", no encryption\nLOCATION: x"
        let failure = PostgreSQLConnectFailure(text: text, furthest: .login, target: try PostgreSQLConnectionString.parse(uri))
        #expect(failure.error.code == .tlsRequired)
        #expect(failure.error.phase == .tls)
    }

    /// A listener that behaves in one way, on a thread of its own, until its socket is closed.
    private final class Listener: Sendable {
        let descriptor: Int32
        let port: Int

        init(reply: [UInt8]?, closes: Bool) throws {
            let (descriptor, port) = try Loopback.listen()
            self.descriptor = descriptor
            self.port = port
            BackgroundThread { Self.serve(descriptor, reply, closes) }
        }

        private static func serve(_ descriptor: Int32, _ reply: [UInt8]?, _ closes: Bool) {
            while case let client = accept(descriptor, nil, nil), client >= 0 {
                var buffer = [UInt8](repeating: 0, count: 4096)
                if let reply {
                    _ = read(client, &buffer, buffer.count)
                    _ = send(client, reply, reply.count, 0x4000)
                }
                if closes { close(client) }
            }
        }

        func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    @Test func serversThatMisbehave() throws {
        let short = ConnectOptions(connectTimeoutMs: 300, policy: ConnectionPolicy())
        let silent = try Listener(reply: nil, closes: false)
        try expect(try server().uri(port: silent.port), .connectTimeout, .tls, short)
        silent.stop()
        for reply in [Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), [0x4E], [0x53], [0x52, 0x7F, 0xFF, 0xFF, 0xFF], [0]] {
            for query in ["?sslmode=disable", "?sslmode=prefer", "?sslmode=require"] {
                let listener = try Listener(reply: reply, closes: true)
                #expect(try PostgreSQLTestDatabase.failure(try server().uri(port: listener.port, query: query)) != nil)
                listener.stop()
            }
        }
        let plain = try Listener(reply: [0x4E], closes: false)
        try expect(try server().uri(port: plain.port, query: "?sslmode=require"), .tlsRequired, .tls)
        plain.stop()
    }

    /// What PgBouncer answers to the settings of a new connection.
    @Test func aPoolerIsCalledOne() throws {
        let fields = "SFATAL\0C08P01\0Munsupported startup parameter: options=-c DateStyle=ISO\0\0".utf8
        let pooler = try Listener(reply: [0x45, 0, 0, 0, UInt8(fields.count + 4)] + fields, closes: true)
        defer { pooler.stop() }
        let failure = try PostgreSQLTestDatabase.failure(try server().uri(port: pooler.port, query: "?sslmode=disable"))
        #expect(
            failure?.code == .connectionFailed && failure?.message.contains("pooler") == true, "\(String(describing: failure))")
    }

    @Test func environmentHasNoEffect() throws {
        let uri = try server().uri()
        for (name, value) in [
            ("PGHOSTADDR", "192.0.2.1"), ("PGPASSWORD", "other"), ("PGSERVICE", "nonexistent"), ("PGSSLROOTCERT", "/nonexistent"),
            ("PGOPTIONS", "-c search_path=evil"), ("PGREQUIREPEER", "nobody"), ("PGTZ", "Asia/Tokyo"), ("PGDATESTYLE", "German"),
        ] { setenv(name, value, 1) }
        for uri in [uri, try server().socketURI()] {
            let driver = try PostgreSQLTestDatabase.open(uri)
            #expect(
                try driver.rows(
                    """
                    SELECT current_setting('application_name'), current_setting('search_path') LIKE '%evil%',
                    current_setting('DateStyle'), current_setting('TimeZone')
                    """) == #"[["dbassistd",false,"ISO, MDY","Etc/UTC"]]"#)
            driver.close()
        }
        #expect(getenv("PGSERVICE") == nil)
    }

    @Test func nameOfTheApplication() throws {
        let driver = try PostgreSQLTestDatabase.open(try server().uri(query: "?application_name=theirs"))
        #expect(try driver.rows("SELECT current_setting('application_name')") == #"[["dbassistd theirs"]]"#)
    }
}
